"""Refusing wrong arrays with expected and got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused


def shown(array: NDArray[Any] | None) -> str:
    """An array in a value's `repr`: its kind and shape, for the numbers fill a screen."""
    return "None" if array is None else f"{array.dtype} {array.shape}"


def frozen_array(
    name: str, value: object, shape: Sequence[int | None], dtype: type[np.generic]
) -> NDArray[Any]:
    """A read-only array of exactly this shape and dtype.

    Args:
        name: what it is, for the message.
        value: anything NumPy turns into an array.
        shape: expected sizes; None takes any.
        dtype: numbers are converted to it.

    Raises:
        ValueRefused: another shape, or values that are not finite.
    """
    array = np.array(value, dtype=dtype)
    fits = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join("n" if s is None else str(s) for s in shape) + ")"
        raise ValueRefused(f"{name}: expected shape {wanted}, got {array.shape}")
    if np.issubdtype(dtype, np.floating) and not np.isfinite(array).all():
        raise ValueRefused(f"{name}: expected finite numbers, got NaN or infinity")
    array.setflags(write=False)
    return array
