"""Between integers and the unit interval, at any depth, with one rounding for everybody.

An integer of b bits counts from 0, which is 0.0, to 2**b - 1, which is 1.0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused


def to_unit(pixels: NDArray[Any], bits: int | None = None) -> NDArray[np.float32]:
    """Pixels as float32 numbers, 0..1.

    Args:
        pixels: uint8 or uint16 of any shape; floats are taken for unit values already.
        bits: how many of an integer's bits count, such as 10; None is all that its type has.

    Raises:
        ValueRefused: another dtype, or more bits than it has.
    """
    if pixels.dtype.kind == "f" and bits is None:
        return pixels.astype(np.float32, copy=False)
    return pixels.astype(np.float32) / np.float32(largest(pixels.dtype, bits))


def from_unit(
    values: NDArray[np.floating[Any]],
    dtype: type[np.generic] | np.dtype[Any],
    bits: int | None = None,
) -> NDArray[Any]:
    """Unit values as integers, to the nearest; what lies beyond 0..1 is cut off.

    Args:
        values: floats of any shape.
        dtype: uint8 or uint16.
        bits: how many of its bits count, such as 10; None is all of them.

    Raises:
        ValueRefused: another dtype, or more bits than it has.
    """
    top = largest(dtype, bits)
    return np.rint(np.clip(values, 0.0, 1.0) * np.float32(top)).astype(dtype)


def largest(dtype: type[np.generic] | np.dtype[Any], bits: int | None = None) -> int:
    """The integer that stands for 1.0.

    Raises:
        ValueRefused: not uint8 or uint16, or more bits than it has.
    """
    kind = np.dtype(dtype)
    if kind not in (np.uint8, np.uint16) or not 1 <= (bits or 1) <= 8 * kind.itemsize:
        raise ValueRefused(
            f"depth: expected uint8 or uint16 and at most as many bits, got {kind} and {bits} bits"
        )
    return int(2 ** (bits or 8 * kind.itemsize) - 1)


def in_bits(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    """A picture in another depth.

    Args:
        pixels: uint8, uint16, or float32 in 0..1; any shape.
        bits: 8 gives uint8, 16 gives uint16.

    Raises:
        ValueRefused: another dtype.
    """
    if bits == 8:
        return eight_bit(pixels)
    if pixels.dtype == np.uint16:
        return pixels
    return from_unit(to_unit(pixels), np.uint16)


def eight_bit(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """The 8-bit view of a picture, for networks and everything else that knows 0..255.

    A 16-bit value v becomes v / 257 rounded to the nearest whole number (65535 is 255 * 257; a
    tie cannot happen), so that an 8-bit picture widened by 257 comes back as it was.

    Args:
        pixels: uint8, which is handed back as it is, uint16, or float32 in 0..1; any shape.

    Raises:
        ValueRefused: another dtype.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.float32:
        return from_unit(pixels, np.uint8)
    if pixels.dtype != np.uint16:
        raise ValueRefused(f"eight_bit: expected uint8, uint16 or float32, got {pixels.dtype}")
    import cv2

    rounded: NDArray[Any] = cv2.convertScaleAbs(pixels, alpha=1 / 257)
    return rounded.reshape(pixels.shape)
