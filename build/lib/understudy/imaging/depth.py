"""Between 16 and 8 bits, with one rounding for everybody."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused


def eight_bit(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """The 8-bit view of a picture, for networks and everything else that knows 0..255.

    A 16-bit value v becomes v / 257 rounded to the nearest whole number (65535 is 255 * 257; a
    tie cannot happen), so that an 8-bit picture widened by 257 comes back as it was.

    Args:
        pixels: uint8, which is handed back as it is, or uint16; any shape.

    Raises:
        ValueRefused: another dtype.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype != np.uint16:
        raise ValueRefused(f"eight_bit: expected uint8 or uint16, got {pixels.dtype}")
    import cv2

    rounded: NDArray[Any] = cv2.convertScaleAbs(pixels, alpha=1 / 257)
    return rounded.reshape(pixels.shape)
