"""Poses of heads, and what is left when they are taken away."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry.facemesh import canonical, fit_heads


def turned(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """A rotation with y up: up, to the picture's right and clockwise are positive."""
    p, y, r = np.radians([pitch, yaw, roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), np.sin(r), 0], [-np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def posed(points: np.ndarray, angles: tuple[float, float, float], scale: float) -> np.ndarray:
    """Canonical points as a picture shows them."""
    seen = points @ turned(*angles).T * scale * (1, -1, -1)
    return seen + np.array([320, 180, 5])


ANGLES = [(0.0, 0.0, 0.0), (10.0, 0.0, 0.0), (0.0, 30.0, 0.0), (0.0, 0.0, 20.0), (-8.0, -40.0, 5.0)]


@pytest.mark.parametrize("angles", ANGLES)
def test_a_pose_comes_back(angles) -> None:
    mesh = posed(canonical().vertices, angles, 12.0)[None]
    heads = fit_heads(mesh)
    np.testing.assert_allclose(heads.pitch_yaw_roll_deg[0], angles, atol=1e-6)
    np.testing.assert_allclose(heads.scale, 12.0)
    np.testing.assert_allclose(heads.canonical(mesh)[0], canonical().vertices, atol=1e-9)
    np.testing.assert_allclose(heads.picture(heads.canonical(mesh)), mesh, atol=1e-9)


def test_an_open_mouth_moves_the_head_little() -> None:
    shut = canonical().vertices
    open_ = shut.copy()
    # the jaw turns about the ears: the chin falls by two centimetres, its angles hardly move
    below = np.clip((-3.4 - shut[:, 1]) / 3, 0, 1) * np.clip(1 - (shut[:, 0] / 6) ** 2, 0, 1)
    open_[:, 1] -= 2.0 * below
    fits = fit_heads(np.stack([posed(p, (0, 0, 0), 10.0) for p in (shut, open_)]))
    assert abs(fits.scale[1] / fits.scale[0] - 1) < 0.03
    assert np.abs(fits.pitch_yaw_roll_deg[1]).max() < 2.5


def test_mirroring_twice_changes_nothing() -> None:
    mirror = canonical().mirror
    np.testing.assert_array_equal(mirror[mirror], np.arange(478))
    vertices = canonical().vertices
    np.testing.assert_allclose(vertices[mirror[:468]] * (-1, 1, 1), vertices, atol=0.05)


@pytest.mark.parametrize(
    "meshes",
    [np.zeros((1, 68, 3)), np.zeros((1, 468, 3)), np.full((1, 468, 3), np.nan), np.zeros((468, 3))],
)
def test_what_is_no_mesh_is_refused(meshes) -> None:
    with pytest.raises(ValueRefused, match="meshes"):
        fit_heads(meshes)
