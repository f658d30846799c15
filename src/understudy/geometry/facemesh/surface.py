"""The drawn surface: the face mesh with a ring around it, and where its points lie in a texture.

The mesh ends at the outline of the face. A ring of 36 points around and behind it lets a texture
reach past the outline, so that what is drawn can fade out where there is something to fade into.

The layout enlarges eyes and mouth, which count most, and opens them, so that eyeballs and the
inside of the mouth have room. It was found by minimising the symmetric Dirichlet energy (J. Smith,
S. Schaefer, "Bijective Parameterization with Free Boundaries", 2015), which cannot fold; see
`docs/layout.py`.

Convention: texture coordinates are 0..1 from left to right and from top to bottom, with the edges
of the outer texels at 0 and 1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from understudy.geometry.facemesh import N_MESH_WITH_IRISES, Heads, canonical
from understudy.geometry.space import Float64

# fmt: off
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
"""The outline of the face, clockwise as one sees it, from the middle of the forehead."""
# fmt: on
N_SURFACE = N_MESH_WITH_IRISES + len(OVAL)
RING_GROWTH, RING_BACK_CM = 1.26, 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The mesh, and its ring behind the irises.

    Attributes:
        uv: (514, 2) float64 texture coordinates; those of the irises mean nothing.
        triangles: (970, 3) int64, counter-clockwise for a viewer with y up.
    """

    uv: Float64
    triangles: NDArray[np.int64]


@lru_cache(maxsize=1)
def surface() -> Surface:
    """The surface that textures are made for."""
    found = json.loads(files(__package__).joinpath("layout.json").read_text("ascii"))
    uv = np.array(found["uv"], np.float64)
    ring = np.array(found["ring_triangles"], np.int64)
    triangles = np.concatenate([canonical().triangles, ring])
    uv.flags.writeable = triangles.flags.writeable = False
    return Surface(uv, triangles)


def with_ring(points: NDArray[np.floating]) -> Float64:
    """Canonical meshes (n, 478, 3) with the ring around them (n, 514, 3).

    Meshes without irises (468) get places for them that mean nothing.
    """
    oval = points[:, list(OVAL)]
    middle = oval.mean(1, keepdims=True)
    ring = (oval - middle) * (RING_GROWTH, RING_GROWTH, 1.0) + middle
    ring[..., 2] -= RING_BACK_CM
    missing = N_MESH_WITH_IRISES - points.shape[1]
    blank = np.zeros((len(points), missing, 3))
    return np.concatenate([points, blank, ring], 1)


@lru_cache(maxsize=8)
def texels(size: int) -> tuple[NDArray[np.int64], Float64, NDArray[np.bool_]]:
    """Which point of the surface each texel shows.

    Args:
        size: texels a side.

    Returns:
        (size, size, 3) vertices and (size, size, 3) their weights, and (size, size) whether the
        texel lies on the surface at all; those beside it show the surface's nearest edge.
    """
    found = surface()
    corners = found.uv[found.triangles] * size
    vertex = np.zeros((size, size, 3), np.int64)
    weight = np.zeros((size, size, 3))
    best = np.full((size, size), -np.inf)
    centres = np.arange(size) + 0.5
    for triangle, (a, b, c) in zip(found.triangles, corners, strict=True):
        # one texel more on each side, so that bilinear taps at the edge find the surface
        low = np.floor(np.minimum(np.minimum(a, b), c) - 1.5).astype(int).clip(0)
        high = np.ceil(np.maximum(np.maximum(a, b), c) + 1.5).astype(int).clip(None, size)
        x, y = np.meshgrid(centres[low[0] : high[0]], centres[low[1] : high[1]])
        det = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        wb = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / det
        wc = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / det
        every = np.stack([1 - wb - wc, wb, wc], -1)
        inside = every.min(-1)
        place = (slice(low[1], high[1]), slice(low[0], high[0]))
        better = inside > best[place]
        best[place][better] = inside[better]
        vertex[place][better] = triangle
        weight[place][better] = every[better]
    on = best >= 0
    weight = weight.clip(0)
    weight /= weight.sum(-1, keepdims=True).clip(1e-9)
    return vertex, weight, on


def seen(heads: Heads, points: Float64, size: int) -> NDArray[np.float32]:
    """(n, size, size) 0..1 how well each texel of faces is seen: 0 where the skin turns away.

    Args:
        heads: poses.
        points: (n, 478, 3) canonical.
        size: texels a side.
    """
    turned = np.einsum("nvi,ni->nv", normals(with_ring(points)), heads.rotation[:, 2])
    vertex, weight, on = texels(size)
    facing = (turned[:, vertex] * weight).sum(-1) * on
    return ((facing - 0.08) / 0.25).clip(0, 1).astype(np.float32)


def normals(points: NDArray[np.floating]) -> Float64:
    """(n, 514, 3) unit normals of surfaces (n, 514, 3), towards a viewer with y up and z to him."""
    triangles = surface().triangles
    a, b, c = (points[:, triangles[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    total = np.einsum("vt,ntd->nvd", _touching(), face, optimize=True)
    length = np.linalg.norm(total, axis=-1, keepdims=True)
    found: Float64 = total / np.maximum(length, 1e-12)
    return found


@lru_cache(maxsize=1)
def _touching() -> Float64:
    """(514, 970) 1 where a point is a corner of a triangle."""
    triangles = surface().triangles
    found = np.zeros((N_SURFACE, len(triangles)))
    found[triangles, np.arange(len(triangles))[:, None]] = 1
    return found
