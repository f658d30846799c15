"""How far a texture reaches: where it covers the plate, and where it is skin."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry.facemesh import N_MESH, canonical
from understudy.geometry.facemesh.build import CORNERS, LIDS, LIPS, MOUTH_CORNERS, inward
from understudy.geometry.facemesh.surface import OVAL, surface, texels

_SOFT = 0.012
"""Standard deviation of the matte's edge, as a share of the texture's side."""


@lru_cache(maxsize=8)
def matte(size: int) -> NDArray[np.float32]:
    """(size, size) 1 on the face, falling to 0 at its outline: beyond lie hair and background."""
    share = np.zeros(len(surface().uv))
    share[:N_MESH] = 1
    share[list(OVAL)] = 0
    vertex, weight, on = texels(size)
    # the triangles along the outline take it down, a blur rounds their corners
    fall = ((share[vertex] * weight).sum(-1) * on).astype(np.float32)
    soft = cv2.GaussianBlur(fall, (0, 0), _SOFT * size)
    return (1.4 * soft - 0.2).clip(0, 1)


@lru_cache(maxsize=8)
def border(size: int) -> NDArray[Any]:
    """(size, size) 1 at the face's outline, falling to 0 three centimetres inside it."""
    share = np.ones(len(surface().uv))
    share[:N_MESH] = 1 - inward()[:N_MESH]
    vertex, weight, _ = texels(size)
    found: NDArray[Any] = (share[vertex] * weight).sum(-1).astype(np.float32)
    return found


@lru_cache(maxsize=8)
def cheeks(size: int) -> NDArray[Any]:
    """`border` below the eyes, 0 above: hair lies beside a forehead, but no wall."""
    line = float(surface().uv[[v for pair in CORNERS for v in pair], 1].mean())
    down = (np.arange(size) + 0.5) / size
    found: NDArray[Any] = border(size) * ((down - line) / 0.05).clip(0, 1)[:, None]
    return found.astype(np.float32)


@lru_cache(maxsize=8)
def mouth(size: int) -> NDArray[Any]:
    """(size, size) 1 inside the mouth, between the lips, falling to 0 before it reaches them."""
    return _opening(LIPS, MOUTH_CORNERS, size)


@lru_cache(maxsize=8)
def eyes(size: int) -> NDArray[Any]:
    """(2, size, size) 1 between the lids of the right and of the left eye, falling to 0 on them."""
    found = [_opening(p, c, size) for p, c in zip(LIDS, CORNERS, strict=True)]
    return np.stack(found)


def _opening(pairs: Sequence[tuple[int, int]], corners: tuple[int, int], size: int) -> NDArray[Any]:
    """(size, size) 1 between two edges that meet in two corners, with a soft end."""
    around = [upper for upper, _ in pairs] + [corners[1]]
    around += [lower for _, lower in reversed(pairs)] + [corners[0]]
    plane = np.zeros((size, size), np.uint8)
    uv = surface().uv * size
    cv2.fillPoly(plane, [np.rint(uv[around]).astype(np.int32)], 1)
    soft: NDArray[Any] = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 0.004 * size)
    return soft


@lru_cache(maxsize=8)
def skin(size: int) -> NDArray[np.float32]:
    """(size, size) 1 on plain skin, 0 on eyes, brows and mouth, whose shades are no light."""
    uv = surface().uv * size
    plane = np.ones((size, size), np.float32)
    eyes = [
        [v for pair in pairs for v in pair] + list(c)
        for pairs, c in zip(LIDS, CORNERS, strict=True)
    ]
    mouth = [v for pair in LIPS for v in pair] + list(MOUTH_CORNERS)
    brows = [(70, 63, 105, 66, 107, 55, 65, 52, 53, 46)]
    brows += [tuple(canonical().mirror[list(brows[0])])]
    for part in (*eyes, mouth, *brows):
        hull = cv2.convexHull(np.rint(uv[list(part)]).astype(np.int32))
        cv2.fillConvexPoly(plane, hull, 0)
    reach = max(1, round(0.035 * size))
    return cv2.erode(plane, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) * matte(size)
