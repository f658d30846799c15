"""What a face does, in a few numbers that hardly hang on whose face it is or how it is turned.

Lengths along the face are measured in lengths along it, those across in lengths across, so that a
turned head changes both alike. Where a mesh with depth is known the pose is taken away first.

Convention: landmarks and meshes in pixels of a picture, y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import fit_pose, umeyama
from understudy.geometry.facemesh import N_MESH_WITH_IRISES, canonical, fit_heads
from understudy.geometry.facemesh.build import CORNERS, MOUTH_CORNERS, lid_gaps, mouth_gap
from understudy.geometry.templates import INNER, MEAN_FACE_51

_UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one face; not a number where a reader cannot tell.

    Attributes:
        eyes: how far the lids are apart, in widths of the eye.
        mouth: how far the lips are apart inside, in heights from the eyes to the nose's base.
        width: of the mouth, in distances of the outer eye corners.
        brows: height above the eye corners, in heights from the eyes to the nose's base.
        gaze_x, gaze_y: place of the iris between the eye corners, in widths of the eye.
        pitch, yaw: degrees.
    """

    eyes: float
    mouth: float
    width: float
    brows: float
    pitch: float
    yaw: float
    gaze_x: float = _UNKNOWN
    gaze_y: float = _UNKNOWN


def read_landmarks(landmarks: NDArray[np.floating]) -> Reading:
    """By (68, 2) landmarks."""
    p = np.asarray(landmarks, np.float64)
    corners = p[[36, 39, 42, 45]].mean(0)
    along = max(_apart(corners, p[33]), 1e-6)
    across = max(_apart(p[36], p[45]), 1e-6)
    lids = [
        (_apart(p[a], p[b]) + _apart(p[c], p[d])) / 2 / max(_apart(p[o], p[i]), 1e-6)
        for a, b, c, d, o, i in ((37, 41, 38, 40, 36, 39), (43, 47, 44, 46, 45, 42))
    ]
    lips = np.mean([_apart(p[a], p[b]) for a, b in ((61, 67), (62, 66), (63, 65))])
    brows = [
        _apart(p[brow].mean(0), p[list(eye)].mean(0))
        for brow, eye in ((slice(18, 21), (36, 39)), (slice(23, 26), (42, 45)))
    ]
    matrix = umeyama(p[INNER], MEAN_FACE_51)
    pitch, yaw, _ = fit_pose(p @ matrix[:2, :2].T + matrix[:2, 2]).pitch_yaw_roll_deg
    return Reading(
        eyes=float(np.mean(lids)),
        mouth=float(lips / along),
        width=_apart(p[48], p[54]) / across,
        brows=float(np.mean(brows) / along),
        pitch=pitch,
        yaw=yaw,
    )


def read_mesh(mesh: NDArray[np.floating]) -> Reading:
    """By a mesh of (468 or 478, 3) points; the irises of 478 tell the gaze."""
    heads = fit_heads(np.asarray(mesh, np.float64)[None])
    points = heads.canonical(np.asarray(mesh, np.float64)[None])
    p = points[0]
    corners = p[[c for pair in CORNERS for c in pair]]
    across = max(_apart(p[CORNERS[0][0]], p[CORNERS[1][0]]), 1e-6)
    pitch, yaw, _ = heads.pitch_yaw_roll_deg[0]
    gaze = np.full(2, _UNKNOWN)
    if len(mesh) >= N_MESH_WITH_IRISES:
        gaze = np.mean([_gaze(p, n) for n in (0, 1)], 0)
    return Reading(
        eyes=float(lid_gaps(points).mean()),
        mouth=float(mouth_gap(points)[0]) / _ALONG,
        width=_apart(p[MOUTH_CORNERS[0]], p[MOUTH_CORNERS[1]]) / across,
        brows=float(p[list(_BROWS), 1].mean() - corners[:, 1].mean()) / _ALONG,
        pitch=float(pitch),
        yaw=float(yaw),
        gaze_x=float(gaze[0]),
        gaze_y=float(gaze[1]),
    )


_BROWS = (63, 105, 66, 293, 334, 296)
"""The middle of the upper edge of each brow."""
_NOSE_BASE = 2
_ALONG = float(
    canonical().vertices[[c for pair in CORNERS for c in pair], 1].mean()
    - canonical().vertices[_NOSE_BASE, 1]
)
"""From the eyes to the nose's base of the canonical face, in centimetres."""
_IRISES = (468, 473)


def _gaze(points: NDArray[Any], eye: int) -> NDArray[Any]:
    """(2,) the iris beside the middle of its corners, along and across the line between them."""
    a, b = (points[c, :2] for c in CORNERS[eye])
    a, b = (a, b) if a[0] < b[0] else (b, a)
    width = max(_apart(a, b), 1e-6)
    along = (b - a) / width
    beside = points[_IRISES[eye], :2] - (a + b) / 2
    found: NDArray[Any] = np.array([beside @ along, beside @ (-along[1], along[0])]) / width
    return found


def _apart(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.linalg.norm(np.asarray(a) - np.asarray(b)))
