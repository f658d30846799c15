"""Masks from landmarks alone: the united convex hulls of parts of the face.

They need no network and never flicker more than the landmarks do; but they know nothing of hands
or hair before the face, and end at the brows or, extended, a little above.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import MASK_HULLS, PARTS, Float64
from understudy.types import Alignment, Mask

GRID_PX = 128
_FINER = 4
_FRACTION_BITS = 4
_INSIDE = 240
"""A multiple of 16: the mean of 4 x 4 such pixels and zeros is a whole number, so none is lost."""


class ComponentsMasker:
    """Brows to chin, ear to ear; `mask.Masker` says what goes in and comes out."""

    def mask(self, frame: NDArray[Any], alignment: Alignment) -> Mask:
        """The mask of one face; see `mask.Masker.mask`. The frame is not looked at."""
        return _mask("components", alignment, alignment.landmarks)


class ExtendedMasker:
    """Like `ComponentsMasker`, with each brow raised by half its height above the eye."""

    def mask(self, frame: NDArray[Any], alignment: Alignment) -> Mask:
        """The mask of one face; see `mask.Masker.mask`. The frame is not looked at."""
        return _mask("extended", alignment, raise_brows(alignment.landmarks))


def raise_brows(landmarks: NDArray[np.floating]) -> Float64:
    """(68, 2) landmarks with each brow point half the brow-eye gap further from the eye.

    The gap of a brow point reaches down to the point at the same share of the upper lid, from
    corner to corner, so a tilted head is raised along its own forehead.
    """
    points = np.array(landmarks, np.float64)
    for brow, eye in (("right_brow", "right_eye"), ("left_brow", "left_eye")):
        lid = _along(points[PARTS[eye]][:4], 5)
        points[PARTS[brow]] += (points[PARTS[brow]] - lid) / 2
    return points


def _mask(kind: str, alignment: Alignment, landmarks: Float64) -> Mask:
    grid_from_frame = alignment.crop(GRID_PX, 1.0, "face")
    return Mask(kind, _hulls(grid_from_frame.points(landmarks), GRID_PX), grid_from_frame)


def _hulls(points: Float64, size: int) -> NDArray[np.float32]:
    """(size, size) float32, 1 inside the hulls, 0 outside, the share of the pixel on the edge."""
    fine = np.zeros((size * _FINER, size * _FINER), np.uint8)
    # OpenCV counts pixel centres as integers; a far-off point must not overflow its fixed point.
    indices = np.clip(points * _FINER - 0.5, -16.0 * size, 16.0 * size)
    fixed = np.rint(indices * 2**_FRACTION_BITS).astype(np.int32)
    for ranges in MASK_HULLS.values():
        part = np.concatenate([fixed[start:end] for start, end in ranges])
        cv2.fillConvexPoly(fine, cv2.convexHull(part), _INSIDE, cv2.LINE_8, _FRACTION_BITS)
    shares = cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA)
    return shares.astype(np.float32) / _INSIDE


def _along(line: Float64, count: int) -> Float64:
    """(count, 2) points at equal distances along a polyline."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, at[-1], count)
    return np.stack([np.interp(wanted, at, line[:, i]) for i in range(2)], 1)
