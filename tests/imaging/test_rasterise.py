"""Textured triangles on pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.geometry.facemesh import canonical, fit_heads
from understudy.geometry.facemesh.surface import surface, with_ring
from understudy.imaging.rasterise import reached, texture_map, textured

# a rectangle of two triangles that face the viewer, y downward
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
FACING = np.array([[0, 3, 1], [1, 3, 2]])


def rectangle(left: float, top: float, right: float, bottom: float, depth: float) -> np.ndarray:
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return np.array([[*c, depth] for c in corners])


def test_a_rectangle_is_drawn_pixel_by_pixel() -> None:
    places = texture_map(rectangle(2, 1, 10, 5, 0), UV, FACING, (12, 7))
    drawn = np.isfinite(places[..., 0])
    assert drawn.sum() == 8 * 4
    assert drawn[1:5, 2:10].all()
    x, y = np.meshgrid((np.arange(8) + 0.5) / 8, (np.arange(4) + 0.5) / 4)
    np.testing.assert_allclose(places[1:5, 2:10], np.stack([x, y], -1), atol=1e-6)


def test_a_texture_at_its_own_size_comes_back_exactly() -> None:
    texture = np.random.default_rng(1).random((16, 16, 3), np.float32)
    places = texture_map(rectangle(0, 0, 16, 16, 0), UV, FACING, (16, 16))
    np.testing.assert_allclose(textured(texture, places), texture, atol=2e-3)


def test_the_nearer_one_hides_the_further_one_and_backs_are_not_drawn() -> None:
    points = np.concatenate([rectangle(0, 0, 8, 8, 5.0), rectangle(4, 0, 12, 8, 1.0)])
    uv = np.concatenate([np.zeros((4, 2)), np.ones((4, 2))])
    for order in ([*FACING, *(FACING + 4)], [*(FACING + 4), *FACING]):
        places = texture_map(points, uv, np.array(order), (12, 8))
        assert (places[:, :4] == 0).all()
        assert (places[:, 4:] == 1).all()
    assert np.isnan(texture_map(points, uv, FACING[:, ::-1], (12, 8))).all()


def test_what_lies_outside_is_cut_and_costs_nothing() -> None:
    places = texture_map(rectangle(-1e6, -3, 1e6, 4, 0), UV, FACING, (6, 6))
    assert np.isfinite(places[:4, :, 0]).all()
    assert np.isnan(places[4:, :, 0]).all()
    assert np.isnan(texture_map(rectangle(50, 50, 60, 60, 0), UV, FACING, (6, 6))).all()


def test_a_turned_face_shows_one_cheek() -> None:
    turn = np.radians(60)
    spin = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    points = with_ring(canonical().vertices[None])[0] @ spin.T * (6, -6, -6) + np.array([64, 64, 0])
    assert fit_heads(points[None]).pitch_yaw_roll_deg[0, 1] > 59
    places = texture_map(points, surface().uv, surface().triangles, (128, 128))
    shown = places[np.isfinite(places[..., 0])]
    # the nose covers the cheek behind it
    assert (shown[:, 0] < 0.5).mean() > 0.6


@pytest.mark.parametrize("turn_deg", [0, 35])
def test_triangles_that_show_nothing_of_an_alpha_can_be_left_out(turn_deg) -> None:
    turn = np.radians(turn_deg)
    spin = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    points = with_ring(canonical().vertices[None])[0] @ spin.T * (6, -6, -6) + np.array([64, 64, 0])
    alpha = np.zeros((64, 64), np.float32)
    cv2.circle(alpha, (30, 40), 9, 1.0, -1)
    found = surface()
    some = found.triangles[reached(alpha, found.uv, found.triangles)]
    assert 50 < len(some) < len(found.triangles) / 2
    every, few = (
        textured(alpha, texture_map(points, found.uv, t, (128, 128)))
        for t in (found.triangles, some)
    )
    assert every.sum() > 500
    np.testing.assert_array_equal(few, every)
    assert not reached(np.zeros((64, 64), np.float32), found.uv, found.triangles).any()


def test_slivers_show_nothing_but_their_own_place() -> None:
    rng = np.random.default_rng(4)
    for _ in range(300):
        # all but on one line, which goes through many pixels' centres
        start = rng.integers(0, 20, 2) + 0.5
        points = start + np.array([[0, 0], [9, 9], [4, 4]]) + rng.normal(0, 1e-6, (3, 2))
        uv = rng.random((3, 2))
        triangle = np.array([[0, 1, 2], [0, 2, 1]])
        places = texture_map(np.column_stack([points, np.zeros(3)]), uv, triangle, (32, 32))
        shown = places[np.isfinite(places[..., 0])]
        assert (shown > -0.2).all() and (shown < 1.2).all()


def test_neighbours_leave_no_crack_and_cover_no_pixel_twice() -> None:
    rng = np.random.default_rng(5)
    middle = rng.uniform(20, 44, (1, 2))
    # a fan around a point, with its rim beyond the window
    rim = np.stack([np.cos(a := np.linspace(0, 2 * np.pi, 40)), np.sin(a)], 1)[:-1] * 80 + 32
    points = np.column_stack([np.concatenate([middle, rim]), np.zeros(40)])
    fan = np.array([[0, 1 + (i + 1) % 39, 1 + i] for i in range(39)])
    for shift in (0.0, 0.5, 1 / 3):
        moved = points + np.array([shift, shift, 0])
        drawn = [
            np.isfinite(texture_map(moved, moved[:, :2] / 99, some, (64, 64))[..., 0])
            for some in (fan, *fan[:, None])
        ]
        assert drawn[0].all()
        assert np.sum(drawn[1:]) <= 64 * 64 + 40, "those on an edge, and no others"
