"""Meshes out of alignments, drawn faces, builds, and what a model is told of a mesh."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry.facemesh import canonical
from understudy.geometry.facemesh.surface import surface, with_ring
from understudy.geometry.facemesh.to_68 import landmarks_from_meshes
from understudy.stages.faces import surfaces
from understudy.stages.faces.casting import Part
from understudy.stages.faces.signals import signals_of
from understudy.stages.faces.surfaces import build_from, build_signal, builds_in, drawn, mesh_of
from understudy.types import Alignment, Face, Timestamp
from understudy.types.frame import frame_space

FRAME = frame_space(160, 120)
NOBODY = np.concatenate([canonical().vertices, np.zeros((10, 3))])


def face(index: int = 0, scale: float = 4.0, wide: float = 1.0) -> Face:
    """Nobody's face in the middle of a frame, seen from the front."""
    mesh = NOBODY * (scale * wide, -scale, -scale) + (80, 60, 0)
    points = landmarks_from_meshes(mesh[None])[0]
    return Face(
        f"{index}_0",
        Timestamp(index, index, Fraction(1, 25)),
        np.array([40.0, 20, 120, 100]),
        1.0,
        Alignment.fit(points, FRAME),
        extras={"mesh": mesh.ravel().astype(np.float32)},
    )


def test_a_mesh_comes_out_of_the_alignments() -> None:
    np.testing.assert_allclose(mesh_of(face()), NOBODY * (4, -4, -4) + (80, 60, 0), atol=1e-4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"extras": {}}, "0_0 has no mesh"),
        ({"extras": {"mesh": np.zeros(1404)}}, "0_0 has a mesh"),
        ({"stale": {"extra:mesh"}}, "older than its landmarks"),
    ],
)
def test_without_a_mesh_of_these_landmarks_it_says_what_to_do(change: Any, said: str) -> None:
    with pytest.raises(ValueRefused, match=f"{said}.*redo FILM --signals"):
        mesh_of(replace(face(), **change))


def test_a_model_is_told_of_the_mesh_in_its_crop() -> None:
    one = face()
    crop = one.alignment.crop(64, 0.8, "face")
    told = signals_of([one], [crop], ("mesh", "landmarks"))
    mesh = told["mesh"]
    assert mesh.shape == (1, 478, 3) and mesh.dtype == np.float32
    np.testing.assert_allclose(landmarks_from_meshes(mesh), told["landmarks"], atol=1e-5)
    # depth in the unit of the crop's plane
    between = [np.linalg.norm(np.diff(m[[4, 152]], axis=0)) for m in (mesh_of(one), mesh[0])]
    assert between[1] / between[0] == pytest.approx(crop.scale * 2 / 64, rel=1e-5)
    with pytest.raises(ValueRefused, match="no mesh"):
        signals_of([replace(one, extras={})], [crop], ("mesh",))


def drawing(one: Face, alpha: float = 1.0, shift: tuple[float, float] = (0, 0)) -> Any:
    crop = one.alignment.crop(64, 1.0, "face")
    points = with_ring(canonical().vertices[None])[0] * (4, -4, -4) + (80, 60, 0)
    points[:, :2] += shift
    points[:, :2] = crop.points(points[:, :2]) / 64 * 2 - 1
    rgb = np.zeros((32, 32, 3), np.float32)
    rgb[..., 0] = np.linspace(0, 1, 32)  # red to the right of the texture
    return drawn(rgb, np.full((32, 32), alpha, np.float32), points, crop)


def test_a_face_is_drawn_where_its_mesh_lies() -> None:
    found = drawing(face())
    covered = np.zeros((120, 160), np.float32)
    found.patch.window(covered)[:] = found.patch.alpha
    x, y = canonical().vertices[4, :2] * (4, -4) + (80, 60)
    assert covered[int(y), int(x)] == pytest.approx(1.0)
    assert covered[2, 2] == 0 and covered[118, 157] == 0
    assert 0.1 < (covered > 0.5).mean() < 0.6
    row = int(y) - found.patch.top
    shown = found.rgb[row, found.patch.alpha[row] > 0.5, 0]
    assert shown[-3] > shown[2] + 0.3, "the texture is not mirrored"
    assert found.rgb[row, int(x) - found.patch.left, 0] == pytest.approx(
        surface().uv[4, 0], abs=0.05
    )


def test_what_is_clear_or_outside_the_frame_covers_nothing() -> None:
    assert not drawing(face(), alpha=0.001).patch.alpha.any()
    assert drawing(face(), shift=(500, 0)).patch.alpha.size == 0
    part = drawing(face(), shift=(70, 0)).patch
    assert part.alpha.any() and part.left + part.alpha.shape[1] <= 160


class Film:
    """A casting of two persons who take turns."""

    def __init__(self, faces: dict[int, list[tuple[Face, Part]]]) -> None:
        self.faces, self.read = faces, 0

    def in_frames(self, mask: str) -> Any:
        return self.faces.items()

    def between(self, first: int, last: int) -> Any:
        self.read += 1
        return {i: f for i, f in self.faces.items() if first <= i <= last}


def test_everybodys_build_is_measured_from_some_of_their_faces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slim, broad = Part("0", "donor"), Part("1", "donor")
    frames = {
        i: [(face(i, wide=1.2), broad)] if i % 2 else [(face(i), slim), (face(i, wide=1.2), broad)]
        for i in range(40)
    }
    film: Any = Film(frames)
    monkeypatch.setattr(surfaces, "BUILD_FACES", 15)
    builds = builds_in(film, "extended")
    assert film.read == 30, "no more than are asked for"
    assert set(builds) == {slim, broad}

    def breadth(points: Any) -> float:
        return float((points[454, 0] - points[234, 0]) / (points[10, 1] - points[152, 1]))

    usual = breadth(canonical().vertices)
    assert breadth(builds[slim].rest) == pytest.approx(usual, rel=0.01)
    assert breadth(builds[broad].rest) == pytest.approx(1.2 * usual, rel=0.03)
    frames[39] = [(replace(face(39), extras={}), broad)]
    with pytest.raises(ValueRefused, match="39_0 has no mesh"):
        builds_in(film, "extended")


def test_a_build_is_told_with_its_lids() -> None:
    build = build_from([mesh_of(face(i)) for i in range(3)])
    told = build_signal([build, build])
    assert told.shape == (2, 480, 3) and told.dtype == np.float32
    np.testing.assert_allclose(told[0, :478], build.rest, atol=1e-5)
    np.testing.assert_allclose(told[1, 478], [*build.open_lids, 0], atol=1e-6)
    np.testing.assert_allclose(told[1, 479], [*build.shut_lids, 0], atol=1e-6)
