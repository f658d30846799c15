"""The square grid around a face that masks lie on, and how shapes and pictures get onto it."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Float64, Warp
from understudy.imaging.resample import resize, warp_image
from understudy.types import Alignment

FINER = 4
_FRACTION_BITS = 4
_INSIDE = 240
"""A multiple of 16: the mean of 4 x 4 such pixels and zeros is a whole number, so none is lost."""


def face_grid(alignment: Alignment, size_px: int) -> Warp:
    """The warp from the frame to a face's mask grid."""
    return alignment.crop(size_px, 1.0, "face")


def filled(polygons: Iterable[Float64], size_px: int) -> NDArray[np.float32]:
    """(size, size) float32: 1 inside any of the polygons, 0 outside, a share on the edge.

    Args:
        polygons: (n, 2) corners each, in grid pixels; any shape that does not cross itself.
        size_px: side of the grid.
    """
    fine = np.zeros((size_px * FINER, size_px * FINER), np.uint8)
    for polygon in polygons:
        fixed = fixed_point(polygon * FINER, 16.0 * size_px)
        cv2.fillPoly(fine, [fixed], _INSIDE, cv2.LINE_8, _FRACTION_BITS)
    return shares(fine) / np.float32(_INSIDE)


def hulls_filled(parts: Iterable[Float64], size_px: int) -> NDArray[np.float32]:
    """Like `filled`, of the convex hulls of point sets."""
    fine = np.zeros((size_px * FINER, size_px * FINER), np.uint8)
    for part in parts:
        hull = cv2.convexHull(fixed_point(part * FINER, 16.0 * size_px))
        cv2.fillConvexPoly(fine, hull, _INSIDE, cv2.LINE_8, _FRACTION_BITS)
    return shares(fine) / np.float32(_INSIDE)


def shares(fine: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean of every `FINER` x `FINER` pixels."""
    size = (fine.shape[1] // FINER, fine.shape[0] // FINER)
    return resize(fine, size).astype(np.float32)


def fixed_point(points: Float64, limit: float) -> NDArray[np.int32]:
    """Points as OpenCV draws them with four bits of fraction and centres at integers.

    Args:
        points: (n, 2).
        limit: those further off are drawn nearer, which must not overflow.
    """
    return np.rint(np.clip(points - 0.5, -limit, limit) * 2**_FRACTION_BITS).astype(np.int32)


def resampled(
    picture: NDArray[np.float32], picture_from_frame: Warp, grid_from_frame: Warp
) -> NDArray[np.float32]:
    """A mask made in another crop, on the grid: the mean over each pixel; 0 beyond the crop.

    Args:
        picture: (h, w) float32 in 0..1.
        picture_from_frame: where it lies.
        grid_from_frame: where the mask shall lie.
    """
    grid_from_picture = grid_from_frame @ picture_from_frame.inverse()
    return np.clip(warp_image(picture, grid_from_picture), 0.0, 1.0)
