"""Turning stored pictures upright: EXIF orientation codes, from EXIF or a display matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SWAPS_WIDTH_AND_HEIGHT = (5, 6, 7, 8)
"""Orientations that exchange width and height."""


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn and mirror stored pixels so that up is up.

    Args:
        pixels: (h, w, c) as stored.
        orientation: EXIF 2.32 code, 1 to 8; another value leaves the picture as it is.

    Returns:
        (h, w, c) or (w, h, c), contiguous.
    """
    if orientation in SWAPS_WIDTH_AND_HEIGHT:
        pixels = pixels.transpose(1, 0, 2)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(pixels[::rows, ::columns])


def from_display_matrix(matrix: Sequence[int]) -> int:
    """The orientation code nearest to a track's display matrix.

    Args:
        matrix: nine fixed-point numbers row by row (ISO/IEC 14496-12, 8.3.2); a point is a row
            vector on its left, y down.
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(True, True): 1, (False, True): 2, (False, False): 3, (True, False): 4}[
            a >= 0, d >= 0
        ]
    return {(True, True): 5, (True, False): 6, (False, False): 7, (False, True): 8}[b >= 0, c >= 0]
