"""`Alignments.where`: the faces that looking at each of them would choose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import understudy as us
from understudy.errors import InUse, StoreError, ValueRefused
from understudy.store.alignments import Alignments as Store
from understudy.types import Alignment

CONDITIONS = {
    "frames": ({"frames": (3, 9)}, lambda f: 3 <= f.at.index <= 9),
    "from": ({"frames": (12, None)}, lambda f: f.at.index >= 12),
    "numpy": (
        {"frames": tuple(np.array([3, 9])), "person": np.int64(0)},
        lambda f: 3 <= f.at.index <= 9,
    ),
    "person": ({"person": 0}, lambda f: f.track == 0),
    "nobody": ({"person": 7}, lambda f: False),
    "track": ({"track": 0}, lambda f: f.track == 0),
    "size": ({"min_size_px": 50.0}, lambda f: f.quality["size_px"] >= 50),
    "small": ({"max_size_px": 50.0}, lambda f: f.quality["size_px"] <= 50),
    "score": ({"min_score": 0.9}, lambda f: f.score >= 0.9),
    "distance": (
        {"max_average_distance": 0.08},
        lambda f: f.quality["average_distance"] <= 0.08,
    ),
    "alone": ({"faces_in_frame": 1}, lambda f: True),
    "crowd": ({"faces_in_frame": (2, None)}, lambda f: False),
    "mask": ({"mask": "extended"}, lambda f: "extended" in f.masks),
    "no mask": ({"without_mask": "extended"}, lambda f: "extended" not in f.masks),
    "stale": ({"stale": True}, lambda f: bool(f.stale)),
    "tracked": ({"tracked": True}, lambda f: f.track is not None),
}


@pytest.fixture
def found(studio) -> us.Alignments:
    """Two faces moved by hand, so that something is stale."""
    found = us.Alignments("ann.mp4")
    moved = [face.realigned(shifted(face), "hand") for face in found.where(frames=(5, 6))]
    assert found.save(moved) == 2
    return found


def shifted(face) -> Alignment:
    return Alignment(face.alignment.landmarks + 1, face.alignment.unit_from_frame)


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_chooses_what_looking_would(found, name: str) -> None:
    asked, holds = CONDITIONS[name]
    want = [face.id for face in found if holds(face)]
    chosen = found.where(**asked)
    assert [face.id for face in chosen] == want
    assert len(chosen) == len(want) == len(chosen.rows)
    assert len(found) == 16  # the selection it was made from stays


def test_conditions_are_added_to_each_other(found) -> None:
    some = found.where(frames=(3, 9)).where(frames=(6, None)).where(min_score=0.1)
    assert [face.at.index for face in some] == [6, 7, 8, 9]
    assert [face.at.index for face in some.where(stale="mask:extended")] == [6]
    assert len(found.where(person=0).where(person=1)) == 0
    assert len(found.where(tracked=True).where(tracked=False)) == 0
    assert len(found.where(stale=True).where(stale="mask:components")) == 2
    assert "frames=(6, 9)" in repr(some)
    with pytest.raises(ValueRefused, match="mask: one at a time"):
        found.where(mask="extended").where(mask="components")


def test_persons_and_tracks_are_those_of_the_selection(found) -> None:
    assert found.persons == (0,)
    assert [t.number for t in found.tracks] == [0]
    assert found.where(frames=(99, None)).tracks == ()
    assert found.where(person=3).persons == ()


def test_faces_come_whole(found) -> None:
    face = next(iter(found.where(frames=(5, 5))))
    with Store.open(found.path, read_only=True) as store:
        (want,) = store.faces(5)
    assert np.array_equal(face.alignment.landmarks, want.alignment.landmarks)
    assert face.masks.keys() == want.masks.keys()
    assert face.made_by["align"] == "hand"


def test_saving_is_all_or_nothing_and_never_beside_another_writer(found) -> None:
    face = next(iter(found))
    with pytest.raises(ValueRefused, match="99_0"):
        found.save([face.realigned(shifted(face), "hand"), replace(face, id="99_0")])
    assert next(iter(found)).made_by == face.made_by
    with Store.open(found.path), pytest.raises(InUse):
        found.save(face)


def test_what_is_not_there_or_not_meant_is_refused(studio, found) -> None:
    with pytest.raises(StoreError, match=r"there is no such alignments file; extract the film"):
        us.Alignments("none.mp4")
    with pytest.raises(ValueRefused, match=r"frames: expected first and last.*got 7"):
        found.where(frames=7)  # type: ignore[arg-type]
    with pytest.raises(ValueRefused, match="stale: expected True"):
        found.where(stale=False)
