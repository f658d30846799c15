"""Turned squares of a frame: cut out for a network, and what it finds put back.

Convention: frame pixels, pixel i covers [i, i+1). A square is (x, y, side, roll): its centre, its
side in pixels and its turn in radians, clockwise as seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Float64, Space, Warp
from understudy.imaging.resample import warp_image


def cut_square(frame: NDArray[Any], square: Float64, size_px: int) -> NDArray[Any]:
    """A turned square of the frame, resampled to (size_px, size_px, 3) without aliasing.

    Beyond the frame its edge is repeated.
    """
    matrix = np.column_stack([turn(square[3]) * (square[2] / size_px), corner(square)])
    crop, height, width = Space("square", size_px, size_px), *frame.shape[:2]
    frame_from_crop = Warp(matrix, crop, Space("frame", width, height))
    return warp_image(frame, frame_from_crop.inverse(), border="edge")


def into_frame(points: NDArray[Any], square: Float64, size_px: int) -> Float64:
    """Points (m, 2) of a crop by `cut_square` in frame pixels."""
    return points @ (turn(square[3]).T * (square[2] / size_px)) + corner(square)


def from_frame(points: NDArray[Any], square: Float64, size_px: int) -> NDArray[Any]:
    """Points (m, 2) of the frame in pixels of a crop by `cut_square`."""
    return (points - corner(square)) @ (turn(square[3]) * (size_px / square[2]))


def turn(roll: float) -> Float64:
    """Turns upright coordinates into the frame's."""
    c, s = np.cos(roll), np.sin(roll)
    return np.array([[c, -s], [s, c]])


def corner(square: Float64) -> Float64:
    """Where the corner of the square lies that is the first pixel's of its crop."""
    half = square[2] / 2
    return square[:2] - turn(square[3]) @ (half, half)
