"""Faces laid flat, and drawn again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.geometry.facemesh import canonical
from understudy.geometry.facemesh.surface import surface, texels, with_ring
from understudy.imaging.rasterise import texture_map, textured
from understudy.imaging.unwrap import places, unwrapped


def points(scale: float, middle: float) -> np.ndarray:
    """(514, 3) the canonical face in a picture, y down and depth away from the viewer."""
    return with_ring(canonical().vertices[None])[0] * (scale, -scale, -scale) + np.array(
        [middle, middle, 0]
    )


def smooth_picture(size: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    planes = [
        127 + 120 * np.sin(x / 9),
        127 + 120 * np.cos(y / 7),
        127 + 120 * np.sin((x + y) / 11),
    ]
    return np.stack(planes, -1).astype(np.uint8)


@pytest.mark.parametrize(("scale", "size"), [(6.0, 256), (9.0, 256)])
def test_what_is_unwrapped_is_drawn_as_it_was(scale, size) -> None:
    picture, where = smooth_picture(256), points(scale, 128)
    texture = unwrapped(picture, where, size).astype(np.float32)
    drawn_at = texture_map(where, surface().uv, surface().triangles, (256, 256))
    again = textured(texture, drawn_at)
    inside = cv2.erode(np.isfinite(drawn_at[..., 0]).astype(np.uint8), np.ones((5, 5))) > 0
    assert inside.mean() > 0.1
    error = np.abs(again - picture)[inside]
    assert np.quantile(error, 0.95) < 6 and error.mean() < 2


def test_a_large_face_is_averaged_not_sampled() -> None:
    """Single pixels of a fine pattern would give stripes; their mean is grey."""
    picture = np.zeros((1024, 1024, 3), np.uint8)
    picture[:, ::2] = 255
    texture = unwrapped(picture, points(40.0, 512), 64)
    _, _, on = texels(64)
    inner = cv2.erode(on.astype(np.uint8), np.ones((9, 9))) > 0
    assert texture[inner].astype(float).std() < 12


def test_more_bits_are_kept_and_the_edge_is_repeated_beyond_the_picture() -> None:
    deep = np.full((40, 40, 3), 40_000, np.uint16)
    texture = unwrapped(deep, points(9.0, 20), 32)
    assert texture.dtype == np.uint16
    assert (texture == 40_000).all()


def test_texels_lie_at_their_points() -> None:
    where = points(5.0, 100)
    at = places(where, 128)
    tip = surface().uv[4] * 128
    nearest = at[int(tip[1]), int(tip[0])]
    assert np.linalg.norm(nearest - where[4, :2]) < 1.0
