"""Carrying landmarks that a hand set from key frames to the frames between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.flow import Silent
from understudy.follow.smooth import split
from understudy.stages.repair.between import carry, found_landmarks, key_frames
from understudy.stages.repair.shape import HAND, with_landmarks
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query


def by_hand(path: Path, frame: int, of_size: float) -> None:
    """Move the mouth of a face down by a share of the face's size, in the face's own frame."""
    with Alignments.open(path) as store:
        (face,) = store.faces(frame)
        points = face.alignment.landmarks.copy()
        part = split(points)
        down = np.array([np.sin(part.head[3]), np.cos(part.head[3])])
        points[48:] += of_size * part.size * down
        store.put_face(with_landmarks(face, points, store, HAND))


def landmarks(path: Path) -> dict[int, np.ndarray]:
    with Alignments.open(path, read_only=True) as store:
        return {f.at.index: f.alignment.landmarks for _, faces in store.by_frame() for f in faces}


@pytest.fixture
def track(footage) -> int:
    """The one of the first frames; no frame of it is missing up to 9."""
    with Alignments.open(footage.alignments, read_only=True) as store:
        (face,) = store.faces(2)
        rows = store.select(Query(track=face.track))
    assert {row.frame for row in rows} >= set(range(2, 9))
    return face.track


def mouth_of(found: np.ndarray, now: np.ndarray) -> np.ndarray:
    """(68, 2) how far points lie from those found, in the unit square of what was found."""
    size = split(found).size
    return np.linalg.norm(now - found, axis=1) / size


def test_an_edit_is_carried_and_the_motion_stays(footage, track):
    before = landmarks(footage.alignments)
    by_hand(footage.alignments, 2, 0.10)
    by_hand(footage.alignments, 8, 0.04)
    with Alignments.open(footage.alignments) as store:
        assert key_frames(store, track) == [2, 8]
        told = carry(store, Silent(), track)
    assert told.keys == (2, 8)
    assert [face.at.index for face in told.after] == [3, 4, 5, 6, 7]
    assert told.missing == 0
    after = landmarks(footage.alignments)
    for frame in range(3, 8):
        off = mouth_of(before[frame], after[frame])
        assert np.allclose(off[48:], 0.10 - 0.06 * (frame - 2) / 6, atol=1e-3), frame
        assert np.allclose(off[:48], 0, atol=1e-6), "what no hand touched goes as it was filmed"
    assert np.array_equal(before[1], after[1])
    assert np.array_equal(before[9], after[9])
    with Alignments.open(footage.alignments, read_only=True) as store:
        (face,) = store.faces(5)
    assert face.made_by["align"] == "between@1"
    assert face.masks and {f"mask:{kind}" for kind in face.masks} <= face.stale
    assert "extra:automatic" not in face.stale
    assert np.allclose(found_landmarks(face), before[5], atol=1e-3)


def test_run_again_it_begins_from_what_was_found(footage, track):
    before = landmarks(footage.alignments)
    by_hand(footage.alignments, 2, 0.10)
    by_hand(footage.alignments, 8, 0.10)
    for _ in range(2):
        with Alignments.open(footage.alignments) as store:
            carry(store, Silent(), track)
    assert np.allclose(mouth_of(before[5], landmarks(footage.alignments)[5])[48:], 0.10, atol=1e-3)
    by_hand(footage.alignments, 5, 0.10)  # on top of what was carried: a third key frame
    with Alignments.open(footage.alignments) as store:
        assert carry(store, Silent(), track).keys == (2, 5, 8)
    off = [mouth_of(before[n], landmarks(footage.alignments)[n])[50] for n in range(2, 9)]
    assert off[3] > 0.19
    assert np.allclose(off, np.interp(range(2, 9), (2, 5, 8), (off[0], off[3], off[6])), atol=1e-3)


def test_an_edit_fades_to_a_frame_that_was_right(footage, track):
    before = landmarks(footage.alignments)
    by_hand(footage.alignments, 4, 0.08)
    with Alignments.open(footage.alignments) as store:
        carry(store, Silent(), track, 4, 8)
    after = landmarks(footage.alignments)
    assert np.isclose(mouth_of(before[6], after[6])[50], 0.04, atol=1e-3)
    assert np.array_equal(before[8], after[8])


def test_taken_back_a_face_is_a_found_one_again(footage, track):
    (plain,) = Alignments.open(footage.alignments, read_only=True).faces(4)
    by_hand(footage.alignments, 4, 0.08)
    with Alignments.open(footage.alignments) as store:
        (face,) = store.faces(4)
        again = with_landmarks(face, plain.alignment.landmarks, store, HAND)
        store.put_face(again)
        assert key_frames(store, track) == []
    assert again.made_by == plain.made_by
    assert set(again.extras) == set(plain.extras)


def test_what_cannot_be_carried_is_refused_and_nothing_is_done(footage, track):
    def refused(words: str, first: int | None = None, last: int | None = None) -> None:
        before = footage.alignments.read_bytes()
        with (
            Alignments.open(footage.alignments, read_only=True) as store,
            pytest.raises(ValueRefused, match=words),
        ):
            carry(store, Silent(), track, first, last, dry_run=True)
        assert footage.alignments.read_bytes() == before

    refused("set by hand")
    by_hand(footage.alignments, 4, 0.08)
    refused("no face lies between")
    refused("frame 900: has no face", 4, 900)
    by_hand(footage.alignments, 5, 0.08)
    refused("no face lies between", 4, 5)
    with Alignments.open(footage.alignments) as store:
        (face,) = store.faces(8)
        bare = {n: v for n, v in face.extras.items() if n != "automatic"}
        drawn = replace(face, extras=bare, made_by={**face.made_by, "align": HAND})
        store.put_face(drawn)
    refused("drawn by hand", 4, 8)
