"""The layout of the texture, and which point each texel shows."""

from __future__ import annotations

import numpy as np

from understudy.geometry.facemesh import canonical
from understudy.geometry.facemesh.build import LIDS, LIPS
from understudy.geometry.facemesh.surface import N_SURFACE, normals, surface, texels, with_ring


def areas(places: np.ndarray) -> np.ndarray:
    a, b, c = (places[surface().triangles[:, i]] for i in range(3))
    one, two = b - a, c - a
    return one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]


def test_the_layout_does_not_fold_and_has_room_for_everything() -> None:
    found = areas(surface().uv) * 512**2 / 2
    # y grows downward in a texture, so triangles run the other way round
    assert (found < -1.0).all(), "a triangle is folded, or smaller than two texels of 512"


def test_eyes_and_mouth_are_enlarged() -> None:
    uv, flat = surface().uv, with_ring(canonical().vertices[None])[0, :, :2]
    triangles, parts = surface().triangles, [*(v for p in LIDS for q in p for v in q)]
    parts += [v for pair in LIPS for v in pair]
    chosen = np.isin(triangles, parts).any(1)
    share, before = (np.abs(areas(p)[chosen]).sum() / np.abs(areas(p)).sum() for p in (uv, flat))
    assert share > 1.8 * before


def test_each_texel_lies_where_the_layout_says() -> None:
    size = 96
    vertex, weight, on = texels(size)
    assert 0.7 < on.mean() < 0.8
    places = (surface().uv[vertex] * weight[..., None]).sum(2) * size
    x, y = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    np.testing.assert_allclose(places[on], np.stack([x, y], -1)[on], atol=1e-6)
    np.testing.assert_allclose(weight[on].sum(-1), 1)


def test_normals_point_out_of_the_face() -> None:
    face = with_ring(canonical().vertices[None])
    assert face.shape == (1, N_SURFACE, 3)
    found = normals(face)[0]
    assert found[4, 2] > 0.9, "the tip of the nose looks at the viewer"
    assert found[234, 0] < -0.5, "a temple looks aside"
    assert found[454, 0] > 0.5
