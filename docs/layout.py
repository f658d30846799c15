"""Draws the layout of the face's texture, `geometry/facemesh/layout.json`: python docs/layout.py.

Each triangle wishes to keep the shape that it has on the canonical face with mouth and eyes opened,
but larger where eyes and mouth are. The symmetric Dirichlet energy of these wishes has a barrier
against folding, so a start without folds (Tutte's embedding) ends without folds.

Sources: W. T. Tutte, "How to draw a graph", 1963; J. Smith, S. Schaefer, "Bijective
Parameterization with Free Boundaries", ACM TOG 34(4), 2015.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from understudy.geometry.facemesh import N_MESH, canonical
from understudy.geometry.facemesh.build import CORNERS, LIDS, LIPS, MOUTH_CORNERS
from understudy.geometry.facemesh.surface import N_SURFACE, OVAL, with_ring

TARGET = Path(__file__).parents[1] / "src/understudy/geometry/facemesh/layout.json"
RING = np.arange(N_SURFACE - len(OVAL), N_SURFACE)
STEPS, RATE = 6000, 0.02
_EDGE = 0.01
"""Room around the layout, so that the outer texels have neighbours on every side."""


def main() -> None:
    """Solve it, make it symmetric, and write it."""
    triangles = np.concatenate([canonical().triangles, ring_triangles()])
    opened = opened_face()
    rest, area = wishes(opened, triangles)
    places = solved(tutte(opened, triangles), triangles, rest, area)
    mirror = np.arange(N_SURFACE)
    mirror[:N_MESH] = canonical().mirror[:N_MESH]
    mirror[RING] = np.roll(RING[::-1], 1)
    places = (places + places[mirror] * (-1, 1)) / 2
    used = np.r_[0:N_MESH, RING]
    low, high = places[used].min(0), places[used].max(0)
    uv = (places - low) / (high - low)
    uv[:, 1] = 1 - uv[:, 1]
    uv = _EDGE + uv * (1 - 2 * _EDGE)
    uv[N_MESH : RING[0]] = 0
    plain = {
        "about": "Where each point of the face mesh (468), the irises (10, unused) and the ring "
        "around the oval (36) lies in a texture, 0..1 from left to right and from top to bottom; "
        "and the ring's triangles. Drawn by docs/layout.py.",
        "uv": uv.round(5).tolist(),
        "ring_triangles": ring_triangles().tolist(),
    }
    TARGET.write_text(json.dumps(plain, separators=(",", ":")))


def ring_triangles() -> np.ndarray:
    """(72, 3) triangles between the oval and the ring around it."""
    found = []
    for i in range(len(OVAL)):
        j = (i + 1) % len(OVAL)
        found += [[OVAL[i], OVAL[j], RING[i]], [OVAL[j], RING[j], RING[i]]]
    return np.array(found)


def opened_face() -> np.ndarray:
    """(514, 3) the canonical face with the mouth open by a centimetre, and wide eyes."""
    points = with_ring(canonical().vertices[None])[0]
    upper, lower = (list(edge) for edge in zip(*LIPS, strict=True))
    line = points[upper + lower, 1].mean()
    side = np.sign(points[:, 1] - line)
    side[upper], side[lower], side[list(MOUTH_CORNERS)] = 1, -1, 0
    half = np.abs(points[list(MOUTH_CORNERS), 0]).max() * 1.02
    profile = np.clip(1 - (points[:, 0] / half) ** 2, 0, None)
    points[:, 1] += side * 0.55 * profile * np.exp(-np.abs(points[:, 1] - line) / 3)
    for pairs, corners in zip(LIDS, CORNERS, strict=True):
        eye = [v for pair in pairs for v in pair] + list(corners)
        middle, width = points[eye].mean(0), np.ptp(points[eye, 0]) / 2
        away = ((points[:, :2] - middle[:2]) / (1.1 * width, width)) ** 2
        grown = 1 + 0.5 * np.exp(-away.sum(1) / 2)
        points[:, 1] = middle[1] + (points[:, 1] - middle[1]) * grown
    return points


def wishes(points: np.ndarray, triangles: np.ndarray) -> tuple[Tensor, Tensor]:
    """Inverse of each triangle's edges laid flat, as large as it should be, and its area."""
    centre = points[triangles].mean(1)

    def bell(at: np.ndarray, across: float, down: float) -> np.ndarray:
        away = (centre[:, :2] - at[:2]) / (across, down)
        return np.exp(-(away**2).sum(1) / 2)

    eyes = [points[[v for pair in pairs for v in pair]].mean(0) for pairs in LIDS]
    lips = [v for pair in LIPS for v in pair]
    size = 1 + sum(1.5 * bell(eye, 1.5, 1.0) for eye in eyes)
    size = size + 0.95 * bell(points[lips].mean(0), 2.4, 1.3)
    outer = np.hypot(centre[:, 0] / 7.5, centre[:, 1] / 9)
    size = size - 0.4 * np.clip((outer - 0.6) / 0.4, 0, 1)
    a, b, c = (points[triangles[:, i]] for i in range(3))
    length = np.linalg.norm(b - a, axis=1)
    along = ((b - a) * (c - a)).sum(1) / length
    height = np.linalg.norm(np.cross(b - a, c - a), axis=1) / length
    flat = np.zeros((len(triangles), 2, 2))
    flat[:, 0, 0], flat[:, 0, 1], flat[:, 1, 1] = length, along, np.maximum(height, 0.02)
    flat *= size[:, None, None]
    area = torch.tensor(np.linalg.det(flat) / 2).clamp_min(0.02)
    return torch.tensor(np.linalg.inv(flat)), area / area.sum()


def tutte(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(514, 2) a start without folds: the ring on a rounded square, the rest in equilibrium."""
    linked = np.zeros((N_SURFACE, N_SURFACE))
    for i, j in ((0, 1), (1, 2), (2, 0)):
        linked[triangles[:, i], triangles[:, j]] = linked[triangles[:, j], triangles[:, i]] = 1
    laplace = np.diag(linked.sum(1)) - linked
    angle = np.arctan2(points[RING, 1] - points[RING, 1].mean(), points[RING, 0])
    cos, sin = np.cos(angle), np.sin(angle)
    places = np.zeros((N_SURFACE, 2))
    places[RING, 0] = 9.5 * np.sign(cos) * np.abs(cos) ** (2 / 2.6)
    places[RING, 1] = 9.5 * np.sign(sin) * np.abs(sin) ** (2 / 2.6)
    free = np.arange(N_MESH)
    pull = -laplace[np.ix_(free, RING)] @ places[RING]
    places[free] = np.linalg.solve(laplace[np.ix_(free, free)], pull)
    return places


def solved(start: np.ndarray, triangles: np.ndarray, rest: Tensor, area: Tensor) -> np.ndarray:
    """The places of least energy, by Adam with steps that never fold."""
    corners = torch.tensor(triangles)
    places = torch.tensor(start, requires_grad=True)
    mean, spread = torch.zeros_like(places), torch.zeros(len(start), 1, dtype=places.dtype)
    energy = _energy(places, corners, rest, area)
    if energy is None:
        raise SystemExit("the start is folded")
    for step in range(STEPS):
        (slope,) = torch.autograd.grad(energy, places)
        slope[N_MESH : RING[0]] = 0
        mean = 0.9 * mean + 0.1 * slope
        spread = 0.99 * spread + 0.01 * (slope**2).sum(1, keepdim=True)
        rate = RATE * min(1.0, 2 * (1 - step / (STEPS + 100)))
        while rate > 1e-7:
            trial = (places - rate * mean / (spread.sqrt() + 1e-9)).detach().requires_grad_()
            found = _energy(trial, corners, rest, area)
            if found is not None and float(found.detach()) < 1.02 * float(energy.detach()):
                places, energy = trial, found
                break
            rate /= 2
        else:
            break
    return places.detach().numpy()


def _energy(places: Tensor, corners: Tensor, rest: Tensor, area: Tensor) -> Tensor | None:
    """Symmetric Dirichlet energy, None where a triangle is folded over."""
    a, b, c = (places[corners[:, i]] for i in range(3))
    bend = torch.stack([b - a, c - a], 2) @ rest
    det = torch.linalg.det(bend)
    if (det <= 0).any():
        return None
    return (area * (bend**2).sum((1, 2)) * (1 + 1 / det**2)).sum()


if __name__ == "__main__":
    main()
