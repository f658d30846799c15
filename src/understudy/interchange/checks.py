"""Taking values of strangers apart: each is what it should be, or refused in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import StoreError, ValueRefused
from understudy.files import read_file
from understudy.geometry import Float64

MAX_COORDINATE = 1e6
DAMAGED = (
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    OverflowError,
    ArithmeticError,
)
"""What values of an unexpected kind raise while they are taken apart."""


def numbers(name: str, value: Any, shape: tuple[int | None, ...]) -> Float64:
    """Nested lists or an array of numbers as float64 of this shape, of a sensible size.

    Raises:
        ValueRefused: anything else.
    """
    if isinstance(value, np.ndarray):
        array = value.astype(np.float64) if value.dtype.kind in "fiu" else None
    elif isinstance(value, (list, tuple)):
        try:
            array = np.array(value, np.float64)
        except (TypeError, ValueError, OverflowError):
            array = None
    else:
        array = None
    wanted = "(" + ", ".join("n" if n is None else str(n) for n in shape) + ")"
    if array is None:
        raise ValueRefused(f"{name}: expected numbers of shape {wanted}, got {kind_of(value)}")
    fits = array.ndim == len(shape) and all(
        w is None or w == n for w, n in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ValueRefused(f"{name}: expected shape {wanted}, got {array.shape}")
    if not np.isfinite(array).all() or (array.size and np.abs(array).max() > MAX_COORDINATE):
        raise ValueRefused(f"{name}: expected finite numbers of a sensible size")
    return array


def mapping(name: str, value: Any) -> dict[str, Any]:
    """A dict with text keys.

    Raises:
        ValueRefused: anything else.
    """
    if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
        raise ValueRefused(f"{name}: expected a table, got {kind_of(value)}")
    return value


def sequence(name: str, value: Any) -> Sequence[Any]:
    """A list or tuple.

    Raises:
        ValueRefused: anything else.
    """
    if not isinstance(value, (list, tuple)):
        raise ValueRefused(f"{name}: expected a list, got {kind_of(value)}")
    return value


def whole(name: str, value: Any, low: int, high: int) -> int:
    """An int within bounds.

    Raises:
        ValueRefused: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueRefused(f"{name}: expected a whole number {low}..{high}, got {kind_of(value)}")
    return value


def kind_of(value: Any) -> str:
    """A value in a few letters; containers only by kind, because theirs may be endless."""
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**12 else "a huge number"
    if isinstance(value, str):
        return repr(value[:40])
    return f"a {type(value).__name__}"


def read_bytes(path: Path, limit: int) -> bytes:
    """A whole file of bounded size.

    Raises:
        StoreError: missing, not readable or too large.
    """
    try:
        return read_file(path, limit)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); check the name") from error
