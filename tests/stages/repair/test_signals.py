"""Meshes of faces that were found without: from the film, and with the landmarks that are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import Cancelled, MediaError
from understudy.flow import Silent
from understudy.follow.smooth import head_of, split
from understudy.geometry.facemesh import fit_heads
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.stages.repair import shape
from understudy.stages.repair.redo import redo
from understudy.stages.repair.signals import lacking
from understudy.store.alignments import Alignments
from understudy.types import Alignment, Face

EXTRACTING = ExtractOptions(size=96, min_face_px=30, workers=1)


def faces_of(path: Path) -> dict[str, Face]:
    with Alignments.open(path, read_only=True) as store:
        return {f.id: f for _, faces in store.by_frame() for f in faces}


def forget_meshes(path: Path) -> None:
    """As files were before meshes were kept."""
    with Alignments.open(path) as store:
        store.put_faces([replace(f, extras={}) for _, faces in store.by_frame() for f in faces])


def apart(one: Face, two: Face, part: slice | list[int] = slice(None)) -> float:
    """Mean distance of two meshes, in sizes of the face."""
    ways = (one.extras["mesh"] - two.extras["mesh"]).reshape(-1, 3)[part, :2]
    return float(np.linalg.norm(ways, axis=1).mean() / split(one.alignment.landmarks).size)


def test_an_older_file_gets_the_meshes_that_extraction_would_give(footage, registry):
    before = faces_of(footage.alignments)
    forget_meshes(footage.alignments)
    assert redo(footage.alignments, registry, Silent()).signals.faces == 0, "not asked for"
    told = redo(footage.alignments, registry, Silent(), signals=True)
    assert told.signals.faces == len(before) == 21 and not told.signals.lines()
    after = faces_of(footage.alignments)
    for face_id, face in after.items():
        assert face.extras["mesh"].shape == (1434,)
        assert face.made_by["signals"].startswith("mediapipe@")
        assert np.array_equal(face.alignment.landmarks, before[face_id].alignment.landmarks), (
            "landmarks stay"
        )
        assert apart(face, before[face_id]) < 0.02
    assert redo(footage.alignments, registry, Silent(), signals=True).signals.faces == 0


def test_imported_faces_get_meshes_that_lie_with_their_landmarks(footage, registry):
    forget_meshes(footage.alignments)
    with Alignments.open(footage.alignments) as store:
        moved = []
        for face in store.faces(3):
            frame = face.alignment.unit_from_frame.src
            points = face.alignment.landmarks * 1.02 + [1.0, -1.5]
            made_by = {"align": "faceswap@1"}
            fit = Alignment.fit(points, frame)
            moved.append(replace(face, alignment=fit, made_by=made_by))
        store.put_faces(moved)
    before = faces_of(footage.alignments)["3_0"]
    redo(footage.alignments, registry, Silent(), signals=True)
    face = faces_of(footage.alignments)["3_0"]
    corners = face.extras["mesh"].reshape(-1, 3)[[33, 263], :2]
    way = np.linalg.norm(corners - before.alignment.landmarks[[36, 45]], axis=1)
    assert way.max() < 0.05 * split(before.alignment.landmarks).size


def test_landmarks_of_others_are_a_guess_only(footage, registry):
    before = faces_of(footage.alignments)
    forget_meshes(footage.alignments)

    def off(path: Path) -> float:
        """How far what the faces do is from what extraction saw, in sizes of the face."""
        ways = []
        for face_id, face in faces_of(path).items():
            one, two = (
                heads.canonical(mesh)[0, :468, :2]
                for mesh in (f.extras["mesh"].reshape(1, 478, 3) for f in (face, before[face_id]))
                for heads in [fit_heads(mesh)]
            )
            ways.append(np.linalg.norm(one - two, axis=1).mean())
        return float(np.mean(ways))

    def other(made_by: str) -> None:
        """As another predictor has them: a tenth larger, and a little lower."""
        with Alignments.open(footage.alignments) as store:
            for face in before.values():
                middle = face.alignment.landmarks.mean(0)
                points = (face.alignment.landmarks - middle) * 1.1 + middle
                points[:, 1] += 0.05 * np.ptp(points[:, 1])
                fit = Alignment.fit(points, face.alignment.unit_from_frame.src)
                steps = {**face.made_by, "align": made_by}
                store.put_face(replace(face, alignment=fit, extras={}, made_by=steps))

    other("mediapipe@1")
    redo(footage.alignments, registry, Silent(), signals=True)
    once = off(footage.alignments)
    other("faceswap@1")
    redo(footage.alignments, registry, Silent(), signals=True)
    assert off(footage.alignments) < 0.75 * once


def test_a_mesh_bends_after_landmarks_that_were_set_by_hand(footage, registry):
    fresh = faces_of(footage.alignments)["13_0"]
    size = split(fresh.alignment.landmarks).size
    with Alignments.open(footage.alignments) as store:
        points = fresh.alignment.landmarks.copy()
        points[17:22, 1] -= 0.05 * size  # the right brow
        store.put_face(shape.with_landmarks(fresh, points, store, "hand"))
    assert "extra:mesh" in faces_of(footage.alignments)["13_0"].stale
    told = redo(footage.alignments, registry, Silent())
    assert told.signals.faces == 1, "what is stale is made again without being asked for"
    face = faces_of(footage.alignments)["13_0"]
    assert not face.stale and np.array_equal(face.alignment.landmarks, points)
    way = (face.extras["mesh"] - fresh.extras["mesh"]).reshape(-1, 3)[:, 1] / size
    assert way[105] == pytest.approx(-0.05, abs=0.02), "the brow's mesh went along"
    assert abs(way[[14, 17, 263, 152]]).max() < 0.02, "mouth, other eye and chin did not"


def test_faces_that_get_no_mesh_are_named(footage, registry):
    forget_meshes(footage.alignments)
    with Alignments.open(footage.alignments) as store:
        face = store.faces(5)[0]
        frame = face.alignment.unit_from_frame.src
        nobody = np.array([24.0, 24.0]) + (face.alignment.landmarks - [80, 60]) * 0.25
        store.put_face(replace(face, alignment=Alignment.fit(nobody, frame)))
    told = redo(footage.alignments, registry, Silent(), signals=True).signals
    assert [*told.unseen, *told.elsewhere] == ["5_0"] and told.faces == 20
    assert "1 face," in told.lines()[0] and "5_0" in told.lines()[0]
    with Alignments.open(footage.alignments, read_only=True) as store:
        assert lacking(store) == {"5_0"}


def test_without_the_film_it_says_how_many_faces_wait(footage, registry):
    forget_meshes(footage.alignments)
    footage.media.rename(footage.media.with_name("elsewhere.mp4"))
    with pytest.raises(MediaError, match="21 faces"):
        redo(footage.alignments, registry, Silent(), signals=True)


def test_a_stopped_run_goes_on_with_what_lacks(footage, registry):
    forget_meshes(footage.alignments)
    stop = Silent()
    stop.cancelled = True
    with pytest.raises(Cancelled, match="run it again"):
        redo(footage.alignments, registry, stop, signals=True)
    with Alignments.open(footage.alignments, read_only=True) as store:
        left = len(lacking(store))
    assert 0 < left < 21
    assert redo(footage.alignments, registry, Silent(), signals=True).signals.faces == left


def test_new_films_are_framed_by_their_mesh_and_older_ones_stay_as_they_were(
    footage, extracted, films, registry
):
    def apart_from(path: Path, template: str) -> float:
        """How far corners of squares lie from where this template has them, in sides."""
        corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        ways = []
        for face in faces_of(path).values():
            found, mesh = face.alignment, face.extras.get("mesh")
            fit = Alignment.fit(found.landmarks, found.unit_from_frame.src, template, mesh)
            on_frame = found.unit_from_frame.inverse().points(corners)
            ways.append(np.linalg.norm(fit.unit_from_frame.points(on_frame) - corners, axis=1))
        return float(np.mean(ways))

    # over time the squares are smoothed
    assert apart_from(footage.alignments, "mesh") < 0.006
    assert apart_from(footage.alignments, "mean51") > 0.01
    options = replace(EXTRACTING, template="mean51")
    older = extracted(films.b, options)
    forget_meshes(older.alignments)
    redo(older.alignments, registry, Silent(), signals=True)
    assert apart_from(older.alignments, "mean51") < 1e-6
    assert apart_from(older.alignments, "mesh") > 0.01
    again = ExtractInputs(older.media, older.faces)
    asked = replace(EXTRACTING, template="auto")
    assert extract(again, asked, registry, Silent()).faces == older.report.faces, "goes on"


def test_mended_landmarks_keep_the_square_that_the_head_gives(footage, registry):
    fresh = faces_of(footage.alignments)["13_0"]
    with Alignments.open(footage.alignments) as store:
        points = fresh.alignment.landmarks.copy()
        points[48:68, 1] += 0.03 * split(points).size
        store.put_face(shape.with_landmarks(fresh, points, store, "hand"))
    scales = [
        faces_of(footage.alignments)["13_0"].alignment.unit_from_frame.scale,
        fresh.alignment.unit_from_frame.scale,
    ]
    assert scales[0] == pytest.approx(scales[1], rel=0.02)
    redo(footage.alignments, registry, Silent())
    face = faces_of(footage.alignments)["13_0"]
    assert face.alignment.unit_from_frame.scale == pytest.approx(scales[1], rel=0.02)


def test_repair_leaves_squares_as_steady_as_they_were(footage, registry):
    def trembling() -> float:
        heads = {}
        for face in faces_of(footage.alignments).values():
            head = head_of(face.alignment.unit_from_frame.matrix)
            size = np.exp(head[2])
            heads.setdefault(face.track, []).append(head / [size, size, 1, 1])
        return float(np.mean([np.abs(np.diff(h, 2, axis=0)).mean() for h in heads.values()]))

    before = trembling()
    told = shape.clean_landmarks(footage.alignments, shape.temporal, "two-way@1", Silent())
    assert told.faces > 12
    assert trembling() < 1.25 * before
    redo(footage.alignments, registry, Silent())
    assert not any(f.stale for f in faces_of(footage.alignments).values())
    assert trembling() < 1.25 * before
