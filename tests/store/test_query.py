"""Filters against the same question asked of the faces themselves; edits in place."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import understudy
from understudy.errors import ValueRefused
from understudy.store.alignments import Alignments, SourceRecord
from understudy.store.alignments.query import ANY, Query
from understudy.types import Alignment, Face, Timestamp, Track

SOURCE = SourceRecord("clip.mp4", "sha256:00", 640, 361, Fraction(1, 30000), 60)
SRC = str(Path(understudy.__file__).parents[1])
EDITS = """
import sys
from dataclasses import replace
from pathlib import Path
from understudy.store.alignments import Alignments
with Alignments.open(Path(sys.argv[1])) as store:
    face = store.faces(4)[0]
    n = int(face.score)
    print("ready", flush=True)
    while True:
        n += 1
        embedding = face.embedding * 0 + n
        store.put_face(replace(face, score=float(n), embedding=embedding, track=n))
        print(n, flush=True)
"""


def varied(make, index: int, number: int) -> Face:
    face = make.face(index, number)
    masks = dict(face.masks) if (index + number) % 3 else {}
    if masks and index % 6 == 1:
        masks["other"] = replace(masks["components"], kind="other")
    quality = {"size_px": 20.0 * (index % 7), "average_distance": 0.01 * (index % 11)}
    stale = {"mask:other"} if index % 5 == 0 else {"mask:other2"} if index % 5 == 1 else set()
    track = index // 10 if number == 0 else None
    return replace(
        face, masks=masks, quality=quality, track=track, stale=frozenset(stale), score=index / 60
    )


@pytest.fixture
def filled(tmp_path: Path, make) -> Path:
    path = tmp_path / "clip.alignments"
    with Alignments.open(path, create=SOURCE) as store:
        stamps = [Timestamp(i, i * 1001, Fraction(1, 30000)) for i in range(60)]
        store.put([(t, [varied(make, t.index, n) for n in range(t.index % 4)]) for t in stamps])
        store.finish([Track(n, 0, n % 2) for n in range(6)])
    return path


def per_frame(face: Face) -> int:
    return face.at.index % 4


CASES: list[tuple[Query, Callable[[Face], bool]]] = [
    (Query(), lambda f: True),
    (Query(frames=(10, 20)), lambda f: 10 <= f.at.index <= 20),
    (Query(frames=(None, 20)), lambda f: f.at.index <= 20),
    (Query(faces_in_frame=(2, 2)), lambda f: per_frame(f) == 2),
    (Query(faces_in_frame=(2, None)), lambda f: per_frame(f) >= 2),
    (Query(score=(0.5, None)), lambda f: f.score >= 0.5),
    (Query(size_px=(40, 80)), lambda f: 40 <= f.quality["size_px"] <= 80),
    (Query(average_distance=(None, 0.03)), lambda f: f.quality["average_distance"] <= 0.03),
    (Query(track=3), lambda f: f.track == 3),
    (Query(person=1), lambda f: f.track is not None and f.track % 2 == 1),
    (Query(tracked=True), lambda f: f.track is not None),
    (Query(tracked=False), lambda f: f.track is None),
    (Query(mask="other"), lambda f: "other" in f.masks),
    (Query(without_mask="components"), lambda f: "components" not in f.masks),
    (Query(stale=ANY), lambda f: bool(f.stale)),
    (Query(stale="mask:other"), lambda f: "mask:other" in f.stale),
    (Query(stale="mask"), lambda f: False),
    (
        Query(person=1, score=(0.2, 0.9), mask="components", stale=ANY),
        lambda f: (
            f.track is not None
            and f.track % 2 == 1
            and 0.2 <= f.score <= 0.9
            and "components" in f.masks
            and bool(f.stale)
        ),
    ),
]


@pytest.mark.parametrize(("query", "wanted"), CASES, ids=[str(q) for q, _ in CASES])
def test_a_filter_finds_what_looking_at_each_face_finds(filled: Path, query, wanted) -> None:
    with Alignments.open(filled, read_only=True) as store:
        faces = [f for _, found in store.by_frame() for f in found if wanted(f)]
        rows = store.select(query)
        assert [r.id for r in rows] == [f.id for f in faces]
        assert [(r.frame, r.score, r.track, r.stale) for r in rows] == [
            (f.at.index, f.score, f.track, bool(f.stale)) for f in faces
        ]
        assert store.count(query) == len(faces)
        assert store.select(query, limit=3, offset=1) == rows[1:4]


def test_the_summary_counts_what_is_there(filled: Path) -> None:
    with Alignments.open(filled, read_only=True) as store:
        told = store.summary()
        faces = [f for _, found in store.by_frame() for f in found]
        assert (told.frames, told.frames_with_faces, told.faces) == store.counts()
    assert told.faces_per_frame == {0: 15, 1: 15, 2: 15, 3: 15}
    assert (told.tracks, told.persons, told.first_frame, told.last_frame) == (6, 2, 0, 59)
    assert told.untracked == sum(f.track is None for f in faces)
    assert told.masks == {
        "components": sum("components" in f.masks for f in faces),
        "other": sum("other" in f.masks for f in faces),
    }
    assert told.extras == {"depth": sum("depth" in f.extras for f in faces)}
    assert told.embeddings == len(faces)
    assert told.made_by == {"detect mtcnn@1": len(faces), "align dlib68@1": len(faces)}
    assert told.stale["mask:other"] == sum("mask:other" in f.stale for f in faces)
    sizes = sorted(f.quality["size_px"] for f in faces)
    assert told.quality["size_px"] == (sizes[0], sizes[len(sizes) // 2], sizes[-1])


def test_one_face_is_replaced_in_place(filled: Path, make) -> None:
    with Alignments.open(filled) as store:
        before = {f.id: f for _, found in store.by_frame() for f in found}
        old = before["7_1"]
        moved = Alignment.fit(old.alignment.landmarks + 1.5, make.frame)
        new = replace(old.realigned(moved, "hand"), embedding=None, quality={"size_px": 1.0})
        store.put_face(new)
        after = {f.id: f for _, found in store.by_frame() for f in found}
        assert list(after) == list(before)
        for key, face in after.items():
            make.same_face(face, new if key == "7_1" else before[key])
        assert new.stale >= {"embedding", "mask:components"}
        assert store.count(Query(size_px=(1, 1))) == 1


def test_edits_that_do_not_fit_change_nothing(filled: Path, make) -> None:
    with Alignments.open(filled) as store:
        good, other = store.faces(7)[:2]
        changed = replace(good, score=9.0)
        for bad, words in (
            (replace(other, id="7_9"), "no such face"),
            (replace(other, at=replace(other.at, pts=1)), "expected Timestamp"),
            (replace(other, at=replace(other.at, index=99)), "has no row"),
            (replace(other, score=float("nan")), "finite"),
        ):
            with pytest.raises(ValueRefused, match=words):
                store.put_faces([changed, bad])
            make.same_face(store.faces(7)[0], good)


def test_edits_may_be_made_while_they_are_taken(filled: Path) -> None:
    with Alignments.open(filled) as store:
        n = store.counts()[2]
        edits = (replace(f, score=5.0) for _, found in store.by_frame() for f in found)
        assert store.put_faces(edits) == n
        assert store.count(Query(score=(5, 5))) == n


def test_reordering_renames_by_position(filled: Path, make) -> None:
    with Alignments.open(filled) as store:
        first, second, third = store.faces(7)
        renamed = store.reorder({7: ["7_2", "7_0", "7_1"], 6: ["6_0", "6_1"]})
        assert renamed == {"7_2": "7_0", "7_0": "7_1", "7_1": "7_2"}
        for got, want in zip(store.faces(7), (third, first, second), strict=True):
            make.same_face(got, replace(want, id=got.id))
        store.remove_faces(["7_0"])
        assert store.reorder({7: ["7_1", "7_2"]}) == {"7_1": "7_0", "7_2": "7_1"}
        with pytest.raises(ValueRefused, match="expected an order of 7_0, 7_1"):
            store.reorder({7: ["7_0"]})
        assert [f.id for f in store.faces(7)] == ["7_0", "7_1"]


def test_a_copy_is_whole(filled: Path, tmp_path: Path, make) -> None:
    with Alignments.open(filled) as store:
        store.copy_to(tmp_path / "copy.alignments")
        store.remove_faces([r.id for r in store.select(Query())])
    with Alignments.open(tmp_path / "copy.alignments", read_only=True) as store:
        assert store.counts()[2] == 90
        make.same_face(store.faces(7)[1], varied(make, 7, 1))


def test_a_killed_edit_is_there_whole_or_not_at_all(filled: Path, make) -> None:
    rng = random.Random(5)  # noqa: S311
    with Alignments.open(filled) as store:
        store.put([(Timestamp(4, 4004, Fraction(1, 30000)), [make.face(4)])])
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", EDITS, str(filled)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": SRC},
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        first = process.stdout.readline()  # on a busy machine the first edit may take longer
        time.sleep(rng.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        said = [first, *process.stdout.read().split(b"\n")[:-1]]
        process.wait()
        process.stdout.close()
        with Alignments.open(filled, read_only=True) as store:
            assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            (face,) = store.faces(4)
        n = int(face.score)
        assert said and n - int(said[-1]) in (0, 1), "an edit that was confirmed is lost"
        assert face.track == n and face.embedding is not None
        assert np.array_equal(face.embedding, np.full(128, n))
