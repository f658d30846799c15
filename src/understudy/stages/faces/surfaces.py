"""Faces as surfaces: meshes out of the alignments, unwrapped for a model and drawn from one."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Float64, Warp
from understudy.geometry.facemesh import N_MESH_WITH_IRISES, fit_heads
from understudy.geometry.facemesh.build import Build, build_of
from understudy.geometry.facemesh.surface import surface, with_ring
from understudy.imaging.composite import Patch
from understudy.imaging.rasterise import reached, texture_map, textured
from understudy.imaging.unwrap import unwrapped
from understudy.types import Face

if TYPE_CHECKING:
    from understudy.stages.faces.casting import Casting, Part

BUILD_FACES = 400
"""Faces that a build is measured from; they are spread over the film."""


def mesh_of(face: Face) -> Float64:
    """(478, 3) the mesh of a face, frame pixels.

    Raises:
        ValueRefused: it has none, or one of other landmarks; says what to do.
    """
    values = face.extras.get("mesh")
    if values is None or values.size != 3 * N_MESH_WITH_IRISES or "extra:mesh" in face.stale:
        what = "no mesh" if values is None else "a mesh that is older than its landmarks"
        raise ValueRefused(
            f"face {face.id} has {what}, which this model needs; make it with: understudy "
            "alignments redo FILM --signals"
        )
    return values.reshape(N_MESH_WITH_IRISES, 3).astype(np.float64)


def surface_of(mesh: NDArray[np.floating]) -> Float64:
    """(514, 3) the surface of one mesh (478, 3), in the same pixels."""
    heads = fit_heads(mesh[None])
    found: Float64 = heads.picture(with_ring(heads.canonical(mesh[None])))[0]
    return found


def texture_of(pixels: NDArray[Any], face: Face, size: int) -> NDArray[Any]:
    """(size, size, 3) the skin of a face as its frame shows it."""
    return unwrapped(pixels, surface_of(mesh_of(face)), size)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A face drawn at the frame's own resolution.

    Attributes:
        patch: how far it covers the frame.
        rgb: (h, w, 3) float32 RGB 0..1, over the patch's window.
    """

    patch: Patch
    rgb: NDArray[np.float32]


def drawn(
    rgb: NDArray[Any],
    alpha: NDArray[Any],
    mesh: NDArray[np.floating],
    crop_from_frame: Warp,
) -> Drawn:
    """Draw textures on a mesh.

    Args:
        rgb: (t, t, 3) float32 0..1.
        alpha: (t, t) float32 0..1.
        mesh: (514, 3) in the crop, -1..1, as a model gives it.
        crop_from_frame: where the crop lies.
    """
    frame, crop = crop_from_frame.src, crop_from_frame.dst
    points = np.empty(mesh.shape)
    in_crop = (mesh[:, :2].astype(np.float64) + 1) / 2 * crop.size_wh
    points[:, :2] = crop_from_frame.inverse().points(in_crop)
    points[:, 2] = mesh[:, 2]
    found = surface()
    # most of the ring lies beyond the model's matte, and would be half of what is drawn
    triangles = found.triangles[reached(alpha, found.uv, found.triangles)]
    shown = points[np.unique(triangles), :2]
    nothing = np.zeros((0, 0), np.float32)
    if not len(shown):
        return Drawn(Patch(0, 0, nothing), np.zeros((0, 0, 3), np.float32))
    left, top = np.floor(shown.min(0)).clip(0, frame.size_wh).astype(int)
    right, bottom = np.ceil(shown.max(0)).clip(0, frame.size_wh).astype(int)
    if right <= left or bottom <= top:
        return Drawn(Patch(0, 0, nothing), np.zeros((0, 0, 3), np.float32))
    points[:, :2] -= (left, top)
    where = texture_map(points, found.uv, triangles, (right - left, bottom - top))
    both = textured(np.dstack([rgb, alpha]).astype(np.float32, copy=False), where)
    reach = both[..., 3].copy()
    reach[reach < 1 / 512] = 0.0
    return Drawn(Patch(int(left), int(top), reach), both[..., :3])


def builds_in(casting: Casting, mask: str) -> dict[Part, Build]:
    """The build of everybody who is replaced, measured from faces spread over the film.

    Args:
        casting: who becomes whom.
        mask: the kind that the census was taken with.

    Raises:
        ValueRefused: a face has no mesh.
    """
    frames: dict[Part, array[int]] = {}
    for index, found in casting.in_frames(mask):
        for _, part in found:
            frames.setdefault(part, array("q")).append(index)
    builds = {}
    for part, mine in frames.items():
        chosen = np.unique(np.linspace(0, len(mine) - 1, min(BUILD_FACES, len(mine))).round())
        meshes = [
            mesh_of(face)
            for n in chosen.astype(int)
            for face, its in casting.between(mine[n], mine[n]).get(mine[n], [])
            if its == part
        ]
        builds[part] = build_from(meshes)
    return builds


def build_from(meshes: Sequence[NDArray[np.floating]]) -> Build:
    """The build of one person by meshes (478, 3) in any unit."""
    heads = fit_heads(np.stack(meshes))
    return build_of(heads.canonical(np.stack(meshes)), heads)


def build_signal(builds: Sequence[Build]) -> NDArray[np.float32]:
    """(n, 480, 3) the signal "build", see `swap.Batch`."""
    rows = np.zeros((len(builds), N_MESH_WITH_IRISES + 2, 3), np.float32)
    for row, build in zip(rows, builds, strict=True):
        row[:-2] = build.rest
        row[-2, :2] = build.open_lids
        row[-1, :2] = build.shut_lids
    return rows
