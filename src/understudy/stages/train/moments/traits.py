"""What a face does, in four numbers: enough to see which moments of a film are rare.

They follow from the 68 landmarks alone, so every film and every model has them, and they are
found for all faces at once: the pose is a closed-form scaled orthographic one, a degree or two off
the perspective fit, at a thousandth of its cost.

Convention: landmarks lie in the unit square of the alignment. Pitch and yaw are in degrees with
the signs of `geometry.Pose`; lids and mouth are opening over width of the eye, and opening over
the face's height; a shut eye has about 0.05, an open one 0.3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.geometry.templates import HEAD_26, HEAD_26_INDICES

PITCH, YAW, LIDS, MOUTH = range(4)
"""Columns of `traits`."""

_EYES = ((36, 39, (37, 38), (41, 40)), (42, 45, (43, 44), (47, 46)))
_INNER_LIPS = ((61, 62, 63), (67, 66, 65))
_OPEN_QUANTILE = 0.8
_PERSPECTIVE_DEG = 4.4
"""A near camera sees the forehead smaller than the chin's side of it; without perspective in the
model that looks like so much pitch. Median over four films against `geometry.fit_pose`."""


def traits(landmarks_unit: NDArray[np.floating]) -> NDArray[np.float32]:
    """(n, 68, 2) landmarks to (n, 4) float32: pitch, yaw, lids, mouth.

    Source: scaled orthographic pose after DeMenthon and Davis, "Model-based object pose in 25
    lines of code", IJCV 15, 1995, its first iteration.
    """
    points = np.asarray(landmarks_unit, np.float64).reshape(-1, 68, 2)
    pitch, yaw = _pose_deg(points[:, list(HEAD_26_INDICES)])
    # an eye that turns away gets narrower, which must not look like one that opens
    narrowed = np.maximum(np.cos(np.radians(yaw)), 0.5)
    lids = np.zeros(len(points))
    widest = np.zeros(len(points))
    for outer, inner, upper, lower in _EYES:
        width = np.linalg.norm(points[:, outer] - points[:, inner], axis=1)
        gap = np.abs(points[:, list(lower), 1] - points[:, list(upper), 1]).mean(1)
        nearer = width > widest
        lids = np.where(nearer, gap / np.maximum(width, 1e-6) * narrowed, lids)
        widest = np.maximum(width, widest)
    upper_lip, lower_lip = (points[:, list(rows), 1].mean(1) for rows in _INNER_LIPS)
    return np.stack([pitch, yaw, lids, lower_lip - upper_lip], 1).astype(np.float32)


def relative_lids(lids: NDArray[np.floating]) -> NDArray[np.float64]:
    """A person's lid openings as shares of that person's own open eye: 0 shut, about 1 open."""
    usual = float(np.quantile(lids, _OPEN_QUANTILE)) if len(lids) else 1.0
    return np.asarray(lids, np.float64) / max(usual, 1e-3)


def _pose_deg(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, 26, 2) points of the head model, as they are seen, to pitch and yaw, (n,) each."""
    model = HEAD_26 - HEAD_26.mean(0)
    seen = points - points.mean(1, keepdims=True)
    # seen = model @ axes.T by least squares; the head lies behind the image, which turns the signs
    axes = -np.einsum("ij,njk->nki", np.linalg.pinv(model), seen)
    right, down = axes[:, 0], axes[:, 1]
    right = right / np.maximum(np.linalg.norm(right, axis=1, keepdims=True), 1e-9)
    down = down / np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9)
    ahead = np.cross(right, down)
    pitch = np.degrees(np.arctan2(ahead[:, 1], ahead[:, 2])) - _PERSPECTIVE_DEG
    yaw = np.degrees(np.arctan2(-ahead[:, 0], np.hypot(ahead[:, 1], ahead[:, 2])))
    return pitch, yaw
