from __future__ import annotations

import dataclasses
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import understudy
from understudy.errors import DiskFull, InUse, StoreError, UnderstudyError, ValueRefused
from understudy.store.alignments import Alignments, SourceRecord, alignments_path, rows
from understudy.store.sqlite import database
from understudy.store.sqlite.database import Migration
from understudy.types import Timestamp, Track

SOURCE = SourceRecord(
    "clip é.mp4",
    "sha256:00",
    640,
    361,
    Fraction(1, 30000),
    10,
    {"extract": {"every": 1, "size": 256}},
)
SRC = str(Path(understudy.__file__).parents[1])
LOOP = """
import sys
from fractions import Fraction
from pathlib import Path
from understudy.store.alignments import (Alignments, SourceRecord)
from understudy.types import (Timestamp, Track)
source = SourceRecord("a", "b", 640, 361, Fraction(1, 30000), None)
with Alignments.open(Path(sys.argv[1]), create=source) as store:
    last = store.last_timestamp()
    n = 0 if last is None else last.index + 1
    print("ready", flush=True)
    while True:
        store.put([(Timestamp(i, i * 1001, Fraction(1, 30000)), []) for i in range(n, n + 8)])
        n += 8
"""


def at(index: int) -> Timestamp:
    return Timestamp(index, index * 1001, Fraction(1, 30000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clip.alignments"


@pytest.fixture
def filled(path: Path, make) -> Path:
    with Alignments.open(path, create=SOURCE) as store:
        frames = [(at(i), [make.face(i, f) for f in range(i % 3)]) for i in range(7)]
        store.put(frames)
        store.finish()
    return path


def test_values_round_trip_exactly(filled: Path, make) -> None:
    with Alignments.open(filled, read_only=True) as store:
        assert store.source == SOURCE and store.finished
        assert store.counts() == (7, 4, 6)
        assert store.seen() == set(range(7))
        assert store.timestamps() == {i: at(i) for i in range(7)}
        assert store.last_timestamp() == at(6)
        pages = list(store.by_frame())
        assert [t for t, _ in pages] == [at(i) for i in range(7)]
        for time_, faces in pages:
            assert len(faces) == time_.index % 3
            for n, face in enumerate(faces):
                make.same_face(face, make.face(time_.index, n))
        make.same_face(store.faces(5)[1], make.face(5, 1))
        assert store.faces(99) == []
    assert sorted(p.name for p in filled.parent.iterdir()) == [filled.name]


def test_a_face_with_nothing_extra(path: Path, make) -> None:
    face = dataclasses.replace(
        make.face(0), embedding=None, masks={}, quality={}, made_by={}, track=None
    )
    with Alignments.open(path, create=SOURCE) as store:
        store.put([(at(0), [face])])
        make.same_face(store.faces(0)[0], face)


def test_put_replaces_by_frame_and_pages_are_in_order(path: Path, make) -> None:
    with Alignments.open(path, create=SOURCE) as store:
        for i in reversed(range(150)):
            store.put([(at(2 * i), [])])
        store.put([(at(4), [make.face(4, 0), make.face(4, 1)])])
        store.put([(at(4), [make.face(4, 0, seed=9)])])
        assert [t.index for t, _ in store.by_frame()] == list(range(0, 300, 2))
        (face,) = store.faces(4)
        make.same_face(face, make.face(4, 0, seed=9))
        assert store.remove_faces(["4_0", "5_0"]) == 1
        assert store.counts() == (150, 0, 0)
        for table in ("quality", "alignments", "masks", "embeddings"):
            query = f"SELECT count(*) FROM {table}"  # noqa: S608
            assert store._db.execute(query).fetchone() == (0,)


def test_wrong_faces_are_refused_and_nothing_is_written(filled: Path, make) -> None:
    good = make.face(8)
    wrong = [
        (at(9), good, "expected Timestamp"),
        (at(8), dataclasses.replace(good, id="5_0"), "in use"),
        (at(8), dataclasses.replace(good, score=float("nan")), "finite"),
        (at(8), dataclasses.replace(good, track=2**70), "whole number"),
        (at(8), dataclasses.replace(good, masks={"other": good.masks["components"]}), "key"),
    ]
    with Alignments.open(filled) as store:
        for when, face, words in wrong:
            with pytest.raises(ValueRefused, match=words):
                store.put([(at(7), []), (when, [face])])
        with pytest.raises(ValueRefused, match="time base"):
            store.put([(Timestamp(7, 0, Fraction(1, 25)), [])])
        assert store.counts() == (7, 4, 6)


def test_reading_never_creates(path: Path, tmp_path: Path) -> None:
    for options in ({"read_only": True}, {}, {"read_only": True, "create": SOURCE}):
        with pytest.raises(StoreError, match="there is no such alignments file"):
            Alignments.open(path, **options)
    assert list(tmp_path.iterdir()) == []


def test_foreign_newer_and_tampered_files_are_told(filled: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.alignments"
    text.write_text("hello" * 100)
    other = tmp_path / "other.alignments"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    empty = tmp_path / "empty.alignments"
    empty.touch()
    for foreign in (text, other, empty):
        before = foreign.read_bytes()
        with pytest.raises(StoreError, match="is not an Understudy alignments file"):
            Alignments.open(foreign, create=SOURCE)
        assert foreign.read_bytes() == before
    for statement, words in [
        ("CREATE VIEW v AS SELECT 1", "which none of ours does"),
        ("DROP VIEW v", None),
        ("PRAGMA user_version = 9", "newer Understudy"),
        ("PRAGMA user_version = 0", "damaged"),
    ]:
        with sqlite3.connect(filled) as db:
            db.execute(statement)
        db.close()
        if words:
            with pytest.raises(StoreError, match=words):
                Alignments.open(filled, read_only=True)
        else:
            Alignments.open(filled, read_only=True).close()


def test_migrations_are_named_and_keep_a_copy(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = Migration("thumbnails", "CREATE TABLE thumbnails (face INTEGER PRIMARY KEY) STRICT")
    newer = dataclasses.replace(rows.SCHEMA, migrations=(*rows.SCHEMA.migrations, more))
    monkeypatch.setattr("understudy.store.alignments.SCHEMA", newer)
    old = len(rows.SCHEMA.migrations)
    with pytest.raises(StoreError, match=f"old format {old}") as refused:
        Alignments.open(filled, read_only=True)
    assert f"understudy alignments info {filled}" in str(refused.value)
    with Alignments.open(filled) as store:
        assert store.counts() == (7, 4, 6)
        names = [n for (n,) in store._db.execute("SELECT name FROM migrations")]
        assert names == [*(m.name for m in rows.SCHEMA.migrations), "thumbnails"]
    monkeypatch.undo()
    with Alignments.open(filled.with_name(f"{filled.name}.v{old}.bak"), read_only=True) as store:
        assert store.counts() == (7, 4, 6)


def test_a_file_of_the_first_format_comes_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.alignments"
    first = dataclasses.replace(rows.SCHEMA, migrations=rows.SCHEMA.migrations[:1])
    row = (1, "old.mp4", "f", 64, 48, 1, 25, 3, "{}", 0)
    insert = "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    database.create(path, first, lambda db: db.execute(insert, row))
    with Alignments.open(path) as store:
        assert store.source == SourceRecord("old.mp4", "f", 64, 48, Fraction(1, 25), 3, {})
        assert store.tracks() == [] and store.shots() == [] and store.carry is None
        tracks = [Track(0, 0, 2, np.ones(4, np.float32), 3.0), Track(1, 1)]
        store.put([], carry=b"state", shots=[0, 7], tracks=tracks)
        assert store.carry == b"state" and store.shots() == [0, 7]
        one, two = store.tracks()
        assert (one.person, one.weight, two.person, two.embedding) == (2, 3.0, None, None)
        assert one.embedding is not None and one.embedding.tolist() == [1.0] * 4
        store.finish()
        assert store.carry is None


def use(path: Path) -> None:
    with Alignments.open(path) as store:
        list(store.by_frame())
        store.timestamps(), store.counts(), store.finished
        store.put([(at(50), [])])
        store.remove_faces(["1_0"])


def test_mutated_files_give_store_errors(filled: Path, tmp_path: Path) -> None:
    good = filled.read_bytes()
    rng = random.Random(3)  # noqa: S311
    target = tmp_path / "m.alignments"
    told = 0
    for n in range(200):
        bad = bytearray(good)
        if n % 4 == 0:
            del bad[rng.randrange(len(bad)) :]
        else:
            for _ in range(rng.choice([1, 8, 64])):
                spot = rng.randrange(200) if n % 4 == 1 else rng.randrange(len(bad))
                bad[spot] = rng.randrange(256)
        target.write_bytes(bad)
        try:
            use(target)
        except StoreError as error:
            told += 1
            assert "m.alignments" in str(error)
        for extra in ("-wal", "-shm", "-journal"):
            target.with_name(target.name + extra).unlink(missing_ok=True)
    assert told > 50


def test_wrong_values_in_good_tables_are_told(filled: Path) -> None:
    for statement in (
        "UPDATE alignments SET landmarks = x'00'",
        "UPDATE masks SET alpha = x'789c'",
        "UPDATE masks SET width = 1000000",
        "UPDATE masks SET width = -1",
        "UPDATE faces SET track = -9223372036854775808",
        "UPDATE embeddings SET vector = x'000000'",
        "UPDATE made_by SET steps_json = '[1'",
        "UPDATE made_by SET steps_json = '[1]'",
        "DELETE FROM alignments",
        "UPDATE frames SET frame = frame - 100 WHERE frame = 0",
        "UPDATE source SET time_base_denominator = 0",
        "UPDATE source SET settings_json = '[' ",
        "DELETE FROM source",
    ):
        original = filled.read_bytes()
        db = sqlite3.connect(filled)
        with db:
            db.execute(statement)
        db.close()
        with (
            pytest.raises(StoreError, match="damaged"),
            Alignments.open(filled, read_only=True) as store,
        ):
            store.timestamps(), list(store.by_frame())
        filled.write_bytes(original)


def test_a_full_disk_at_every_page_keeps_what_was_there(filled: Path, make) -> None:
    with Alignments.open(filled) as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        full = 0
        for limit in range(pages, pages + 60):
            store._db.execute(f"PRAGMA max_page_count = {limit}")
            try:
                store.put([(at(i), [make.face(i, n) for n in range(4)]) for i in range(7, 12)])
            except DiskFull as error:
                full += 1
                assert "free some space" in str(error)
                assert store.counts() == (7, 4, 6)
            else:
                break
        assert full > 3 and store.counts() == (12, 9, 26)


def test_a_failing_write_at_many_places_keeps_what_was_there(filled: Path, make) -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    failed = 0
    with Alignments.open(filled) as store:
        frames = [(at(i), [make.face(i, n) for n in range(4)]) for i in range(7, 12)]
        for limit in range(4096, 400_000, 12_000):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                store.put(frames)
            except UnderstudyError as error:
                failed += 1
                assert "what was written to it before is kept" in str(error)
            else:
                break
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            assert store.counts() == (7, 4, 6)
        assert failed > 2 and store.counts() == (12, 9, 26)


def test_creating_fails_whole(path: Path, faults) -> None:
    for k in range(1, 10):
        faults.arm(k, 30)
        try:
            Alignments.open(path, create=SOURCE).close()
        except StoreError as error:
            assert "may not be written" in str(error)
            path.unlink(missing_ok=True)
            assert list(path.parent.iterdir()) == []
        else:
            break
    assert k > 2
    with pytest.raises(StoreError, match="there is no such folder"):
        Alignments.open(path.parent / "absent" / "x.alignments", create=SOURCE)


def test_a_second_writer_is_refused_and_readers_are_not(filled: Path) -> None:
    with Alignments.open(filled) as one:
        with pytest.raises(InUse, match=f"process {os.getpid()} .* is writing this alignments"):
            Alignments.open(filled)
        with pytest.raises(InUse):
            Alignments.open(filled, create=SOURCE)
        one.put([(at(50), [])])
        with Alignments.open(filled, read_only=True) as reader:
            assert 50 in reader.seen()
    Alignments.open(filled).close()
    assert [p.name for p in filled.parent.iterdir()] == [filled.name]


def test_a_killed_writer_frees_the_file(path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LOOP, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": SRC},
    )
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    with pytest.raises(InUse, match=f"process {process.pid} "):
        Alignments.open(path)
    process.kill()
    process.communicate()
    Alignments.open(path).close()


def test_strangers_who_write_without_our_lock_are_waited_for(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.01)
    with Alignments.open(filled) as one, Alignments.open(filled, locked=True) as two:
        with one._writing(), pytest.raises(StoreError, match="another process is writing"):
            two.put([(at(50), [])])
        two.put([(at(50), [])])
        assert 50 in one.seen()
    with Alignments.open(filled, read_only=True) as store:
        assert 50 in store.seen()
        with pytest.raises(StoreError):
            store.put([(at(51), [])])


def test_kills_lose_at_most_one_batch(path: Path) -> None:
    rng = random.Random(4)  # noqa: S311
    had = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP, str(path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": SRC},
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.02, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with Alignments.open(path, read_only=True) as store:
            seen = store.seen()
            assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert len(seen) >= had and len(seen) % 8 == 0 and seen == set(range(len(seen)))
        had = len(seen)
    assert had > 0


TORN = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = DELETE")
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
rows = [(n, n) for n in range(10_000, 40_000)]
db.executemany("INSERT INTO frames (frame, pts) VALUES (?, ?)", rows)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_half_is_taken_back_also_by_a_reader(filled: Path) -> None:
    """Killed while the file's header changes, it leaves a rollback journal, no write-ahead log."""
    with Alignments.open(filled, read_only=True) as store:
        before = store.seen()
    subprocess.run([sys.executable, "-c", TORN, str(filled)], check=False)
    assert filled.with_name(f"{filled.name}-journal").stat().st_size
    with Alignments.open(filled, read_only=True) as store:
        assert store.seen() == before
    assert not filled.with_name(f"{filled.name}-journal").exists()


def test_streaming_holds_a_page(path: Path, make) -> None:
    import tracemalloc

    with Alignments.open(path, create=SOURCE) as store:
        faces = [make.face(i) for i in range(400)]
        store.put([(f.at, [f]) for f in faces])
        big = np.prod(faces[0].masks["components"].alpha.shape) * 4
        tracemalloc.start()
        for _ in store.by_frame():
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100 * (big + 6000)


def test_paths(tmp_path: Path) -> None:
    assert alignments_path(tmp_path / "clip.one.mp4") == tmp_path / "clip.one.alignments"
    (tmp_path / "shots.v2").mkdir()
    assert alignments_path(tmp_path / "shots.v2") == tmp_path / "shots.v2.alignments"
