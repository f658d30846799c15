"""Who is who in a film: counted, corrected in one transaction, drawn, and proposed across films."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.flow import Silent
from understudy.imaging.sheets import person_sheet
from understudy.plugin import default_registry
from understudy.stages.cast import edit
from understudy.stages.cast.alike import embedder_of, propose
from understudy.stages.cast.found import Found, found_persons, mean_embedding
from understudy.stages.cast.sheet import CELL_PX, FACES, cast_sheet, spread
from understudy.store.alignments import Alignments, SourceRecord
from understudy.types import Track

SPANS = {0: (0, 4), 1: (0, 3), 2: (5, 7), 3: (5, 6)}
MADE = {"embed": "dlib128@1"}
PERSONS = {0: 0, 1: 1, 2: 0, 3: 2}


def vector(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


@pytest.fixture
def path(tmp_path: Path, make) -> Path:
    """Four tracks of three persons; 0 and 1 are seen together, and so are 2 and 3."""
    width, height = make.frame.size_wh
    record = SourceRecord("clip.mp4", "x", width, height, Fraction(1, 30000), 8, {})
    path = tmp_path / "clip.alignments"
    with Alignments.open(path, create=record) as store:
        for index in range(8):
            here = [t for t, (first, last) in SPANS.items() if first <= index <= last]
            faces = [
                replace(make.face(index, n), track=t, made_by=MADE) for n, t in enumerate(here)
            ]
            store.put([(faces[0].at, faces)])
        store.finish([Track(t, 0, p, vector(t, 1), 2.0) for t, p in PERSONS.items()])
    return path


def persons(path: Path) -> dict[int, int | None]:
    with Alignments.open(path, read_only=True) as store:
        return {t.number: t.person for t in store.tracks()}


def test_persons_are_counted(path: Path) -> None:
    with Alignments.open(path, read_only=True) as store:
        found = found_persons(store)
    assert [(p.number, p.tracks, p.frames) for p in found] == [
        (0, (0, 2), 8),
        (1, (1,), 4),
        (2, (3,), 2),
    ]
    assert found[0].rows[0].frame == 0 and found[0].rows[-1].frame == 7
    assert np.allclose(found[0].embedding, (1, 1))
    assert mean_embedding([Track(0, 0, 0)]) is None


@pytest.mark.parametrize(
    ("how", "arguments", "want", "done"),
    [
        (edit.merge, ([1, 2],), {0: 0, 1: 1, 2: 0, 3: 1}, ((3,), 1, (2,))),
        (edit.split, (0, [2]), {0: 0, 1: 1, 2: 3, 3: 2}, ((2,), 3, ())),
        (edit.assign, (2, [0]), {0: 2, 1: 1, 2: 0, 3: 2}, ((0,), 2, ())),
        (edit.assign, (1, [0, 1, 2]), {0: 1, 1: 1, 2: 1, 3: 2}, ((0, 2), 1, (0,))),
    ],
)
def test_an_edit_changes_tracks_and_keeps_a_copy(path: Path, how, arguments, want, done) -> None:
    told = how(path, *arguments, Silent())
    assert (told.tracks, told.person, told.emptied) == done
    assert persons(path) == want
    assert persons(path.with_name("clip.alignments.bak")) == PERSONS


@pytest.mark.parametrize(
    ("how", "arguments", "said"),
    [
        (edit.merge, ([1],), "two persons or more"),
        (edit.merge, ([1, 1],), "two persons or more"),
        (edit.merge, ([1, 9],), "no person 9; found: 0, 1, 2"),
        (edit.split, (0, [0, 2]), "nothing would be left"),
        (edit.split, (0, [1]), "person 0 has: 0, 2"),
        (edit.split, (0, []), "none given"),
        (edit.assign, (7, [1]), "no person 7"),
        (edit.assign, (1, [8]), "tracks: 8; clip.alignments has: 0, 1, 2, 3"),
        (edit.assign, (1, [1]), "show that person already"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(path: Path, how, arguments, said) -> None:
    with pytest.raises(ValueRefused, match=said):
        how(path, *arguments, Silent())
    assert persons(path) == PERSONS and not list(path.parent.glob("*.bak"))


def test_two_faces_of_one_person_in_a_frame_are_told(path: Path) -> None:
    progress = Silent()
    edit.merge(path, [0, 1], progress)
    assert progress.warned == ["seen-twice"]
    progress = Silent()
    edit.assign(path, 2, [2], progress)
    assert progress.warned == ["seen-twice"]
    progress = Silent()
    edit.split(path, 2, [3], progress)
    assert progress.warned == []


def found(number: int, *embedding: float) -> Found:
    return Found(number, (number,), (), np.array(embedding) if embedding else None)


def test_near_persons_of_two_films_are_proposed_once() -> None:
    films = {
        "one": [found(0, 0.0, 0.0), found(1, 1.0, 0.0), found(2)],
        "two": [found(0, 1.1, 0.0), found(1, 1.3, 0.0), found(5, 9.0, 0.0)],
        "other": [found(0, 0.0, 0.0)],
    }
    embedders = {"one": "dlib128", "two": "dlib128", "other": None}
    (pair,) = propose(films, embedders, default_registry())
    assert (pair.one, pair.other) == (("one", 1), ("two", 0))
    assert pair.distance == pytest.approx(0.1) and pair.same_below == pytest.approx(0.45)
    assert propose(films, {**embedders, "two": "arcface"}, default_registry()) == []


def test_pictures_are_spread_over_time_and_pose() -> None:
    frontal = np.zeros((50, 3))
    frontal[:, 0] = np.linspace(0, 1, 50)
    assert sorted(spread(frontal, 3)) in ([0, 24, 49], [0, 25, 49])
    turned = frontal.copy()
    turned[20] = (0.4, 1.5, 0)
    assert 20 in spread(turned, 3) and spread(turned, 3)[0] != 20
    assert spread(frontal[:2], 8) == [0, 1]


def test_the_sheet_has_a_row_a_person_and_says_where_no_picture_is(path: Path, tmp_path) -> None:
    with Alignments.open(path, read_only=True) as store:
        sheet = cast_sheet(store, tmp_path / "none", found_persons(store), {0: "ann"})
        assert embedder_of(store) == "dlib128"
    assert sheet.shape[0] > 3 * CELL_PX and sheet.shape[1] > FACES * CELL_PX
    blue = np.full((9, 9, 3), (10, 20, 250), np.uint8)
    drawn = person_sheet([[], [blue]], [["0: ann"], ["1: bob"]], 64, 2)
    cells = (drawn == (10, 20, 250)).all(-1)
    assert cells.sum() == 64 * 64 and np.argwhere(cells).min(0).tolist() == [72, 200]
