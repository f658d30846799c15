"""Masks from landmarks alone: the united convex hulls of parts of the face.

They need no network and never flicker more than the landmarks do; but they know nothing of hands
or hair before the face, and end at the brows or, extended, a little above.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import MASK_HULLS, PARTS, Float64
from understudy.mask.grid import face_grid, hulls_filled
from understudy.mask.options import MaskOptions
from understudy.types import Alignment, Mask


class ComponentsMasker:
    """Brows to chin, ear to ear; `mask.Masker` says what goes in and comes out."""

    kind = "components"
    by_landmarks = True
    """The frame is not looked at, so that the mask can be drawn again where the film is away."""

    def __init__(self, options: MaskOptions | None = None) -> None:
        self._size_px = (options or MaskOptions()).mask_px

    def mask(self, frame: NDArray[Any], alignment: Alignment) -> Mask:
        """The mask of one face; see `mask.Masker.mask`. The frame is not looked at."""
        grid_from_frame = face_grid(alignment, self._size_px)
        points = grid_from_frame.points(self._points(alignment.landmarks))
        parts = [
            np.concatenate([points[start:end] for start, end in ranges])
            for ranges in MASK_HULLS.values()
        ]
        return Mask(self.kind, hulls_filled(parts, self._size_px), grid_from_frame)

    def _points(self, landmarks: Float64) -> Float64:
        return landmarks


class ExtendedMasker(ComponentsMasker):
    """Like `ComponentsMasker`, with each brow raised by half its height above the eye."""

    kind = "extended"

    def _points(self, landmarks: Float64) -> Float64:
        return raise_brows(landmarks)


class CustomMasker(ExtendedMasker):
    """What a hand-painted mask begins with: the extended mask, kept under the kind "custom".

    A face's custom mask is painted outside and read back over this one. Making it anew throws the
    painted one away, so it is made for faces that have none.
    """

    kind = "custom"
    by_landmarks = False  # what somebody painted is not to be had from landmarks


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


def _along(line: Float64, count: int) -> Float64:
    """(count, 2) points at equal distances along a polyline."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, at[-1], count)
    return np.stack([np.interp(wanted, at, line[:, i]) for i in range(2)], 1)
