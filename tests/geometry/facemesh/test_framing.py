"""The square around a face follows its head and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry import INNER, umeyama
from understudy.geometry.facemesh import Heads, canonical
from understudy.geometry.facemesh.framing import unit_from_mesh
from understudy.geometry.facemesh.to_68 import landmarks_from_meshes
from understudy.geometry.pose import rodrigues
from understudy.geometry.templates import MEAN_FACE_51
from understudy.types import Alignment
from understudy.types.frame import frame_space

FRAME = frame_space(640, 480)


def posed(open_cm: float = 0.0, yaw_deg: float = 0.0, scale: float = 9.0) -> np.ndarray:
    """(468, 3) nobody's face in a frame, the jaw dropped."""
    points = canonical().vertices.copy()
    # below the lips' line everything goes down, as far as it lies from the ears
    below = (points[:, 1] < -3.9) & (np.abs(points[:, 0]) < 5)
    points[below, 1] -= open_cm
    turn = rodrigues(np.array([0.0, np.radians(yaw_deg), 0.0]))
    heads = Heads(turn[None], np.array([scale]), np.array([[320.0, -240.0, 0.0]]))
    return heads.picture(points[None])[0]


def side(matrix: np.ndarray) -> float:
    return float(1 / np.hypot(matrix[0, 0], matrix[1, 0]))


@pytest.mark.parametrize("yaw_deg", [0.0, 25.0, -40.0])
def test_an_open_mouth_does_not_move_the_square(yaw_deg: float) -> None:
    shut, wide = posed(yaw_deg=yaw_deg), posed(2.0, yaw_deg)
    sides = [side(unit_from_mesh(mesh)) for mesh in (shut, wide)]
    assert sides[1] == pytest.approx(sides[0], rel=0.01)
    centres = [np.linalg.solve(unit_from_mesh(m), [0.5, 0.5, 1])[:2] for m in (shut, wide)]
    assert np.linalg.norm(centres[1] - centres[0]) < 0.01 * sides[0]
    points = landmarks_from_meshes(np.stack([shut, wide]))
    breathing = [side(umeyama(p[INNER], MEAN_FACE_51)) for p in points]
    assert breathing[1] > 1.06 * breathing[0], "as the landmarks' own fit does"


def test_a_jaw_that_takes_the_cheeks_along_does_not_move_the_square() -> None:
    shut, wide = posed(), posed(1.5)
    wide[[132, 361, 136, 365, 147, 376, 205, 425], 1] += 5.0  # pixels; y is down
    assert side(unit_from_mesh(wide)) == pytest.approx(side(unit_from_mesh(shut)), rel=1e-6)


def test_the_square_goes_where_the_head_goes() -> None:
    one, two = unit_from_mesh(posed()), unit_from_mesh(posed(scale=18.0))
    assert side(two) == pytest.approx(2 * side(one))
    c, s = np.cos(0.4), np.sin(0.4)
    turned = posed()
    turned[:, :2] = turned[:, :2] @ np.array([[c, -s], [s, c]]).T + [30, -12]
    there = unit_from_mesh(turned)
    np.testing.assert_allclose(
        turned[:, :2] @ there[:2, :2].T + there[:2, 2],
        posed()[:, :2] @ one[:2, :2].T + one[:2, 2],
        atol=1e-6,
    )


def test_a_face_at_rest_is_framed_nearly_as_by_its_landmarks() -> None:
    mesh = posed()
    points = landmarks_from_meshes(mesh[None])[0]
    by_mesh = Alignment.fit(points, FRAME, "mesh", mesh.ravel())
    by_points = Alignment.fit(points, FRAME, "mean51")
    assert by_mesh.unit_from_frame.scale == pytest.approx(
        by_points.unit_from_frame.scale / 1.03, rel=1e-6
    )
    centre = by_points.unit_from_frame.inverse().points(np.array([[0.5, 0.5]]))
    np.testing.assert_allclose(by_mesh.unit_from_frame.points(centre), [[0.5, 0.5]], atol=1e-9)
    assert np.array_equal(by_mesh.landmarks, points), "landmarks stay as measured"
    assert by_mesh.distance == by_points.distance


def test_without_a_mesh_it_is_the_landmarks_own_fit() -> None:
    points = landmarks_from_meshes(posed(1.0)[None])[0]
    fits = [Alignment.fit(points, FRAME, t).unit_from_frame.matrix for t in ("mesh", "mean51")]
    assert np.array_equal(*fits)


def test_what_is_no_mesh_is_refused() -> None:
    with pytest.raises(ValueRefused, match="468"):
        unit_from_mesh(np.zeros(9))
    with pytest.raises(ValueRefused, match="coincide"):
        unit_from_mesh(np.zeros(1434))
