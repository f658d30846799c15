"""The face as a surface: MediaPipe's canonical mesh, and how a head lies in a picture by it.

Meshes are 468 points of one topology, or 478 with the irises. Taking the head's pose away leaves
what the face does and whose it is, in one space for everybody.

Source: the canonical face model and the pose fit of MediaPipe's face geometry module (Apache-2.0):
a weighted similarity of 33 points that hardly move with expression, after B. K. P. Horn,
"Closed-form solution of absolute orientation", 1987, in the form of S. Umeyama, PAMI 1991.

Convention: in pictures x is right, y down, and z smaller the nearer it is, all in one unit; in
canonical space x is right in the picture, y up, z towards the viewer, in centimetres.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry.space import Float64

N_MESH, N_MESH_WITH_IRISES = 468, 478
UPRIGHT = np.array([1.0, -1.0, -1.0])
"""From a picture's axes to the canonical ones, and back."""


@dataclass(frozen=True, slots=True, eq=False)
class Canonical:
    """A face that is nobody's.

    Attributes:
        vertices: (468, 3) float64, centimetres.
        triangles: (898, 3) int64, a disc: eyes and mouth are filled.
        fit_points: (33,) int64, vertices that hardly move with expression.
        fit_weights: (33,) how much each counts.
        mirror: (478,) int64, the vertex that takes each one's place in a mirrored picture.
    """

    vertices: Float64
    triangles: NDArray[np.int64]
    fit_points: NDArray[np.int64]
    fit_weights: Float64
    mirror: NDArray[np.int64]


@lru_cache(maxsize=1)
def canonical() -> Canonical:
    """MediaPipe's canonical face."""
    found = json.loads(files(__package__).joinpath("canonical.json").read_text("ascii"))
    # the irises: a centre each, then right, upper, left and lower point in the picture
    irises = [473, 476, 475, 474, 477]
    right = [468, 471, 470, 469, 472]
    return Canonical(
        _frozen(found["vertices"], np.float64),
        _frozen(found["triangles"], np.int64),
        _frozen(found["fit_points"], np.int64),
        _frozen(found["fit_weights"], np.float64),
        _frozen([*found["mirror"], *irises, *right], np.int64),
    )


def _frozen(values: Any, dtype: Any) -> NDArray[Any]:
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """How n heads lie in their pictures: `picture = scale * rotation @ canonical + shift`.

    Attributes:
        rotation: (n, 3, 3) from the canonical axes to x right, y up, z towards the viewer.
        scale: (n,) picture's units a centimetre.
        shift: (n, 3) of the canonical origin, in those axes.
    """

    rotation: Float64
    scale: Float64
    shift: Float64

    def __len__(self) -> int:
        return len(self.scale)

    def __getitem__(self, some: slice) -> Heads:
        return Heads(self.rotation[some], self.scale[some], self.shift[some])

    @property
    def pitch_yaw_roll_deg(self) -> Float64:
        """(n, 3): up, to the picture's right and clockwise are positive; pitch turns first."""
        r = self.rotation
        pitch = np.arctan2(-r[:, 2, 1], r[:, 2, 2])
        yaw = np.arctan2(-r[:, 2, 0], np.hypot(r[:, 0, 0], r[:, 1, 0]))
        roll = np.arctan2(-r[:, 1, 0], r[:, 0, 0])
        return np.degrees(np.stack([pitch, yaw, roll], 1))

    def canonical(self, meshes: NDArray[np.floating]) -> Float64:
        """(n, m, 3) points of the pictures to canonical space."""
        upright = np.asarray(meshes, np.float64) * UPRIGHT - self.shift[:, None]
        found: Float64 = upright @ self.rotation / self.scale[:, None, None]
        return found

    def picture(self, points: NDArray[np.floating]) -> Float64:
        """(n, m, 3) canonical points to their pictures."""
        turned = np.asarray(points, np.float64) @ self.rotation.transpose(0, 2, 1)
        found: Float64 = (turned * self.scale[:, None, None] + self.shift[:, None]) * UPRIGHT
        return found


@lru_cache(maxsize=4)
def _weights(without: tuple[int, ...]) -> Float64:
    face = canonical()
    weight = np.where(np.isin(face.fit_points, without), 0.0, face.fit_weights)
    return _frozen(weight / weight.sum(), np.float64)


def fit_heads(meshes: NDArray[np.floating], without: Sequence[int] = ()) -> Heads:
    """The pose of each head, by the points of its mesh that hardly move with expression.

    Args:
        meshes: (n, 468 or 478, 3), picture's axes, any unit.
        without: vertices that shall not count.

    Raises:
        ValueRefused: another shape, or a mesh whose points coincide or are not finite.
    """
    if meshes.ndim != 3 or meshes.shape[1] < N_MESH or meshes.shape[2] != 3:
        raise ValueRefused(f"meshes: expected (n, {N_MESH} or more, 3), got {meshes.shape}")
    face = canonical()
    weight = _weights(tuple(without))
    seen = np.asarray(meshes, np.float64)[:, face.fit_points] * UPRIGHT
    if not np.isfinite(seen).all():
        raise ValueRefused("meshes: expected finite numbers")
    model = face.vertices[face.fit_points]
    centre, middle = weight @ model, weight @ seen
    model, seen = model - centre, seen - middle[:, None]
    u, strength, vt = np.linalg.svd(seen.transpose(0, 2, 1) @ (weight[:, None] * model))
    sign = np.ones((len(u), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = (u * sign[:, None]) @ vt
    scale = (strength * sign).sum(1) / float((weight * (model**2).sum(1)).sum())
    if (scale <= 1e-9).any():
        raise ValueRefused("meshes: the points of a mesh coincide")
    shift = middle - (rotation @ centre) * scale[:, None]
    return Heads(rotation, scale, shift)
