"""What a face does, in numbers that mean the same for everybody.

A mesh says where each point of a face is. Taken out of its pose and measured against the person's
own rest, it says what the face does: how far each lid is down, where the eyes look, how the mouth
is held; and all else in the main directions in which the faces of a faceset deform.

Convention: numbers are scaled to about unit spread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Float64
from understudy.geometry.facemesh import N_MESH, Heads, fit_heads
from understudy.geometry.facemesh.build import (
    CORNERS,
    MOUTH_CORNERS,
    Build,
    build_of,
    mouth_gap,
)

DIRECTIONS = 24
N_NUMBERS = 12 + DIRECTIONS
_DEG, _LIDS, _GAZE, _CM = 15.0, 0.5, 0.1, 0.5
"""What counts as one: degrees, shares of the open eye, widths of the eye, centimetres."""
_NEARLY_SHUT = 0.4
_FLOOR = 1e-3


def heads_of(meshes: NDArray[np.floating]) -> tuple[Heads, Float64]:
    """Poses, and what is left in canonical space (n, 478, 3), of meshes in any crop."""
    heads = fit_heads(meshes)
    return heads, heads.canonical(meshes)


def builds_of(meshes: Sequence[NDArray[np.floating]]) -> list[Build]:
    """The build of each person by that person's meshes."""
    found = []
    for mine in meshes:
        heads, points = heads_of(mine)
        found.append(build_of(points, heads))
    return found


def numbers_of(
    heads: Heads, points: Float64, builds: Sequence[Build], directions: NDArray[np.floating]
) -> NDArray[np.float32]:
    """(n, N_NUMBERS) what faces do.

    Args:
        heads: their poses.
        points: (n, 478, 3) canonical.
        builds: of whose face each one is.
        directions: (3 * 468, DIRECTIONS) from `directions_of`.
    """
    rest = np.stack([b.rest for b in builds])
    open_ = np.stack([b.openness(p[None])[0] for b, p in zip(builds, points, strict=True)])
    pose = heads.pitch_yaw_roll_deg[:, :2] / _DEG
    lids = (open_ - 1) / _LIDS
    # the last third of a blink, in which the iris goes, is not in line with the rest of it
    shut = 2 * (1 - open_ / _NEARLY_SHUT).clip(0, 1)
    # where an eye looks that is shut nobody knows: what the net says is a guess, and a wild one
    told_gaze = np.repeat((open_ / _NEARLY_SHUT).clip(0, 1), 2, axis=1)
    gaze = told_gaze * (_gaze(points) - _gaze(rest)) / _GAZE
    mouth = [mouth_gap(points) - mouth_gap(rest), _mouth_width(points) - _mouth_width(rest)]
    deviation = (points - rest)[:, :N_MESH].reshape(len(points), -1)
    told = [pose, lids, shut, gaze, np.stack(mouth, 1) / _CM, deviation @ directions]
    # a face that the net misread must not throw the skin far beyond what was ever seen
    return np.concatenate(told, 1).clip(-5, 5).astype(np.float32)


def directions_of(points: Sequence[Float64], builds: Sequence[Build]) -> NDArray[np.float32]:
    """(3 * 468, DIRECTIONS) the main deviations from rest, scaled to unit spread.

    Args:
        points: (n, 478, 3) canonical, of each person.
        builds: of each person.
    """
    every = np.concatenate(
        [(p - b.rest)[:, :N_MESH].reshape(len(p), -1) for p, b in zip(points, builds, strict=True)]
    )
    _, strength, axes = np.linalg.svd(every, full_matrices=False)
    spread = strength / len(every) ** 0.5
    found = np.zeros((every.shape[1], DIRECTIONS), np.float32)
    usable = min(DIRECTIONS, int((spread > _FLOOR).sum()))
    found[:, :usable] = axes[:usable].T / spread[:usable]
    return found


def _gaze(points: NDArray[np.floating]) -> Float64:
    """(n, 4) right and left iris from the middle of the eye, right and up, in widths of the eye."""
    told = []
    for k, (outer, inner) in enumerate(CORNERS):
        middle = (points[:, outer] + points[:, inner]) / 2
        width = np.linalg.norm(points[:, outer] - points[:, inner], axis=-1)
        offset = points[:, N_MESH + 5 * k, :2] - middle[:, :2]
        told.append(offset / np.maximum(width, 1e-6)[:, None])
    return np.concatenate(told, 1)


def _mouth_width(points: NDArray[np.floating]) -> Float64:
    right, left = MOUTH_CORNERS
    found: Float64 = np.linalg.norm(points[:, right] - points[:, left], axis=-1)
    return found
