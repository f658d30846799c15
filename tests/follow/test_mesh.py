"""Meshes go where their heads go."""

from __future__ import annotations

import json

import numpy as np
import pytest

from understudy.follow.sightings import Sighting, State, Trail
from understudy.follow.smooth import carried, head_of, joined, smoothed_head, split, square_of
from understudy.geometry.facemesh import canonical
from understudy.geometry.facemesh.framing import unit_from_mesh
from understudy.geometry.facemesh.to_68 import landmarks_from_meshes

SHAPE = split(np.random.default_rng(4).normal(0, 30, (68, 2)) + 200).shape


def seen(frame: int, centre: tuple[float, float], size: float, roll: float) -> Sighting:
    """A face whose mesh begins with its own landmarks."""
    points = joined(np.array([*centre, np.log(size), roll]), SHAPE)
    depth = np.full((68, 1), 0.1 * size)
    mesh = np.concatenate([points, depth], 1).ravel().astype(np.float32)
    return Sighting.of(
        frame, points, np.array([0, 0, 1, 1]), 0.9, 0.9, "followed", None, {"mesh": mesh}
    )


def test_a_mesh_is_carried_as_landmarks_are() -> None:
    one, two = seen(0, (100, 120), 60, 0.2), seen(1, (140, 90), 75, -0.4)
    moved = carried(one.extras["mesh"], one.parts.head, two.parts.head)
    np.testing.assert_allclose(moved, two.extras["mesh"], atol=1e-3)
    back = carried(moved, two.parts.head, one.parts.head)
    np.testing.assert_allclose(back, one.extras["mesh"], atol=1e-3)


@pytest.mark.parametrize("roll", [3.0, -3.0])
def test_a_guess_between_two_sightings_has_a_mesh_on_its_landmarks(roll) -> None:
    # through the turn at pi, the short way round
    one, two = seen(0, (100, 120), 60, roll), seen(4, (110, 124), 64, -roll)
    guess = one.toward(two, 0.5, 2)
    mesh = guess.extras["mesh"].reshape(-1, 3)
    np.testing.assert_allclose(mesh[:, :2], guess.landmarks, atol=1e-2)
    assert abs(np.cos(guess.parts.head[3]) + 1) < 0.05


def test_a_mesh_comes_back_bit_for_bit_after_an_interruption() -> None:
    one = seen(7, (100.1, 120.3), 61.7, 0.21)
    state = State(trails=[Trail(0, 0, {7: one})])
    again = State.unpacked(state.packed()).trails[0].sightings[7]
    np.testing.assert_array_equal(again.extras["mesh"], one.extras["mesh"])
    assert again.extras["mesh"].dtype == np.float32


def test_states_of_before_are_read() -> None:
    one = seen(7, (100, 120), 60, 0.2)
    plain = json.loads(State(trails=[Trail(0, 0, {7: one})]).packed())
    plain["trails"][0]["sightings"][0]["extras"] = {"depth": [0.5, 1.25]}
    again = State.unpacked(json.dumps(plain).encode()).trails[0].sightings[7]
    np.testing.assert_array_equal(again.extras["depth"], np.float32([0.5, 1.25]))


def test_a_square_comes_back_from_its_head() -> None:
    head = np.array([140.0, 90.0, np.log(75), -0.4])
    np.testing.assert_allclose(head_of(square_of(head)), head)
    points = joined(head, SHAPE)
    found = points @ square_of(head)[:2, :2].T + square_of(head)[:2, 2]
    np.testing.assert_allclose(found, SHAPE, atol=1e-9)


def test_a_square_by_meshes_that_tremble_goes_smoothly() -> None:
    random = np.random.default_rng(0)
    nobody = np.concatenate([canonical().vertices, np.zeros((10, 3))]) * (9.0, -9.0, -9.0)
    trail = Trail(0, 0)
    for n in range(24):
        way = np.array([200 + n, 180 - 0.5 * n, 0])
        mesh = nobody + way + random.normal(0, 0.6, (478, 3))
        points = landmarks_from_meshes(mesh[None])[0]
        extras = {"mesh": mesh.ravel().astype(np.float32)}
        trail.sightings[n] = Sighting.of(n, points, np.zeros(4), 0.9, extras=extras)
    each = [trail.square_at(n, smooth=False) for n in range(24)]
    smooth = [trail.square_at(n, smooth=True) for n in range(24)]
    np.testing.assert_allclose(each[7], unit_from_mesh(trail.sightings[7].extras["mesh"]))

    def trembling(squares: list[np.ndarray]) -> np.ndarray:
        return np.abs(np.diff([head_of(s) for s in squares], 2, axis=0)).mean(0)

    assert (trembling(smooth) < 0.5 * trembling(each)).all()
    way = np.array([head_of(s)[:2] for s in smooth])
    np.testing.assert_allclose(np.polyfit(np.arange(24), way, 1)[0], (1, -0.5), atol=0.02)
    assert len(trail.sightings) == 24 and smoothed_head({3: head_of(each[3])}, 3)[0] > 200


def test_faces_without_a_whole_mesh_have_no_square_by_it() -> None:
    trail = Trail(0, 0, {7: seen(7, (100, 120), 60, 0.2)})
    assert trail.square_at(7, smooth=True) is None


def test_squares_are_the_same_after_an_interruption() -> None:
    random = np.random.default_rng(1)
    mesh = np.concatenate([canonical().vertices, np.zeros((10, 3))]) * (9.0, -9.0, -9.0)
    trail = Trail(0, 0)
    for n in range(6):
        seen_so = (mesh + 200 + random.normal(0, 0.6, mesh.shape)).astype(np.float32)
        points = landmarks_from_meshes(seen_so[None])[0]
        extras = {"mesh": seen_so.ravel()}
        trail.sightings[n] = Sighting.of(n, points, np.zeros(4), 0.9, extras=extras)
    trail.sightings[6] = trail.sightings[4].toward(trail.sightings[5], 0.5, 6)  # a bridged gap
    again = State.unpacked(State(trails=[trail]).packed()).trails[0]
    for n in range(7):
        assert np.array_equal(again.square_at(n, smooth=True), trail.square_at(n, smooth=True))
