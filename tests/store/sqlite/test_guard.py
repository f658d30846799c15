"""Alignments files made to harm who opens them, and the files that SQLite uses beside them."""

from __future__ import annotations

import dataclasses
import os
import resource
import sqlite3
import struct
import subprocess
import sys
import time
import zlib
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import understudy
from understudy.errors import StoreError, ValueRefused
from understudy.runs.queue.store import Queue
from understudy.store import codec
from understudy.store.alignments import Alignments, SourceRecord
from understudy.types import Mask, Timestamp

SOURCE = SourceRecord("a.mp4", "f", 640, 361, Fraction(1, 30000), 10)
SRC = str(Path(understudy.__file__).parents[1])
MAGIC = bytes.fromhex("d9d505f920a163d7")

# Reads all there is, as conversion and training do, and says how it ended and what it took.
READ = """
import resource, sys
from pathlib import Path
from understudy.errors import UnderstudyError
from understudy.store.alignments import Alignments
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    with Alignments.open(Path(sys.argv[1]), read_only=True) as store:
        store.summary(), store.counts(), store.timestamps(), store.carry
        n = sum(len(faces) for _, faces in store.by_frame())
    print("read", n)
except UnderstudyError as error:
    print("refused:", error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.fixture
def filled(tmp_path: Path, make) -> Path:
    path = tmp_path / "a.alignments"
    with Alignments.open(path, create=SOURCE) as store:
        store.put([(_at(i), [make.face(i)]) for i in range(8)])
        store.finish()
    return path


def _at(index: int) -> Timestamp:
    return Timestamp(index, index * 1001, Fraction(1, 30000))


def _journal(database: Path, victim: Path) -> bytes:
    """A hot rollback journal of one unchanged page that names a super-journal."""
    db = database.read_bytes()
    page_bytes = struct.unpack(">H", db[16:18])[0]
    nonce = 0x12345678
    head = struct.pack(">IIIII", 1, nonce, len(db) // page_bytes, 512, page_bytes)
    page = db[:page_bytes]
    check = nonce + sum(page[i] for i in range(page_bytes - 200, 0, -200))
    record = struct.pack(">I", 1) + page + struct.pack(">I", check & 0xFFFFFFFF)
    name = os.fsencode(victim)
    tail = struct.pack(">I", 0x40000000 // page_bytes + 1) + name
    tail += struct.pack(">II", len(name), sum(name) & 0xFFFFFFFF)
    return (MAGIC + head).ljust(512, b"\0") + record + tail + MAGIC


@pytest.mark.parametrize("read_only", [True, False])
def test_a_journal_that_would_delete_another_file_is_refused(
    filled: Path, tmp_path: Path, read_only: bool
) -> None:
    victim = tmp_path / "thesis.txt"
    victim.write_text("years of work, and no NUL in it\n" * 10)
    journal = filled.with_name("a.alignments-journal")
    journal.write_bytes(_journal(filled, victim))
    with pytest.raises(StoreError, match=r"a\.alignments-journal .* another file to be deleted"):
        Alignments.open(filled, read_only=read_only)
    assert victim.read_text().startswith("years") and journal.exists()


def test_the_journal_of_a_killed_writer_is_still_played_back(filled: Path, tmp_path: Path) -> None:
    """What the check before must let through: a journal that names nothing."""
    victim = tmp_path / "thesis.txt"
    whole = _journal(filled, victim)
    tail = 4 + len(os.fsencode(victim)) + 16
    filled.with_name("a.alignments-journal").write_bytes(whole[:-tail])
    with Alignments.open(filled) as store:
        assert store.counts() == (8, 8, 8)
    assert not filled.with_name("a.alignments-journal").exists()


@pytest.mark.parametrize("end", ["-journal", "-wal", "-shm"])
@pytest.mark.parametrize("how", ["symlink", "dangling", "hard link", "folder"])
def test_side_files_that_lead_elsewhere_are_refused(
    filled: Path, tmp_path: Path, end: str, how: str
) -> None:
    victim, side = tmp_path / "thesis.txt", filled.with_name(f"{filled.name}{end}")
    if how != "dangling":
        victim.write_text("years of work")
    if how == "folder":
        side.mkdir()
    elif how == "hard link":
        side.hardlink_to(victim)
    else:
        side.symlink_to(victim)
    alias = tmp_path / "elsewhere" / "b.alignments"
    alias.parent.mkdir()
    alias.symlink_to(filled)
    for path in (filled, alias):
        for read_only in (True, False):
            with pytest.raises(StoreError, match=rf"was not opened, for {filled.name}{end} beside"):
                Alignments.open(path, read_only=read_only)
    assert not victim.exists() if how == "dangling" else victim.read_text() == "years of work"


def test_side_files_of_a_file_that_is_gone_are_not_played_into_a_new_one(tmp_path: Path) -> None:
    left = tmp_path / "a.alignments-wal"
    left.write_bytes(b"changes")
    with pytest.raises(
        StoreError, match=r"a\.alignments-wal: holds changes to a\.alignments, which"
    ):
        Alignments.open(tmp_path / "a.alignments", create=SOURCE)
    assert left.read_bytes() == b"changes" and not (tmp_path / "a.alignments").exists()


def test_the_queue_is_looked_at_in_the_same_way(tmp_path: Path) -> None:
    Queue(tmp_path).__exit__(None, None, None)
    victim = tmp_path / "thesis.txt"
    victim.write_text("years of work")
    for left in ("jobs.sqlite-wal", "jobs.sqlite-shm"):
        (tmp_path / left).unlink(missing_ok=True)
    (tmp_path / "jobs.sqlite-shm").symlink_to(victim)
    with pytest.raises(StoreError, match=r"jobs\.sqlite-shm beside it is a link"):
        Queue(tmp_path)
    assert victim.read_text() == "years of work"


GENERATED = """
ALTER TABLE source RENAME TO y;
CREATE TABLE source (only INTEGER PRIMARY KEY, name TEXT GENERATED ALWAYS AS ({expression})
VIRTUAL, fingerprint TEXT, width INTEGER, height INTEGER, time_base_numerator INTEGER,
time_base_denominator INTEGER, n_frames INTEGER, settings_json TEXT, finished INTEGER);
INSERT INTO source SELECT only, fingerprint, width, height, time_base_numerator,
time_base_denominator, n_frames, settings_json, finished FROM y;
DROP TABLE y;
"""


@pytest.mark.parametrize(
    "script",
    [
        GENERATED.format(expression="hex(zeroblob(400000000))"),
        GENERATED.format(expression="printf('%.*c', 800000000, 'x')"),
        "ALTER TABLE frames RENAME TO x; CREATE VIEW frames AS WITH RECURSIVE c(frame, pts) AS "
        "(SELECT 1, 1 UNION ALL SELECT frame + 1, pts + 1 FROM c) SELECT frame, pts FROM c; "
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'table' "
        "WHERE name = 'frames';",
        "CREATE TRIGGER t AFTER INSERT ON frames BEGIN DELETE FROM faces; END; "
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'index' WHERE name = 't';",
        "CREATE INDEX e ON frames (hex(zeroblob(1000000)));",
        "CREATE INDEX e ON frames (frame) WHERE hex(zeroblob(1000)) = '';",
        "CREATE TABLE thumbnails (face INTEGER);",
        "DROP INDEX masks_by_kind;",
        "DROP TABLE masks;",
        "ALTER TABLE frames ADD COLUMN more TEXT DEFAULT 'x';",
    ],
)
def test_definitions_that_are_not_exactly_ours_are_refused(filled: Path, script: str) -> None:
    with closing(sqlite3.connect(filled)) as db:
        db.executescript(script)
        db.commit()
    said, took_mib, took_s = _read(filled)
    assert said.startswith("refused:") and "damaged alignments file" in said
    assert took_mib < 200 and took_s < 20


def test_pages_that_never_end_are_told_from_a_large_file(filled: Path) -> None:
    """Ten levels of pages, each naming the one below 400 times: 10^26 rows in a few pages."""
    with closing(sqlite3.connect(filled)) as db:
        db.executemany(
            "INSERT INTO frames (frame, pts) VALUES (?, ?)", [(n, n) for n in range(100, 1100)]
        )
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'frames'").fetchone()
        db.commit()
    raw = bytearray(filled.read_bytes())
    page_bytes = struct.unpack(">H", raw[16:18])[0]
    assert raw[(root - 1) * page_bytes] == 5  # an interior page
    leaf = struct.unpack(">I", raw[(root - 1) * page_bytes + 8 : (root - 1) * page_bytes + 12])[0]
    below = leaf
    for _ in range(10):
        raw += _interior(page_bytes, below)
        below = len(raw) // page_bytes
    raw[(root - 1) * page_bytes : root * page_bytes] = _interior(page_bytes, below)
    raw[28:32] = struct.pack(">I", len(raw) // page_bytes)
    filled.write_bytes(raw)
    said, took_mib, took_s = _read(filled)
    assert said.startswith("refused:") and "far longer than a file of its size" in said
    assert took_mib < 1000 and took_s < 50


def _interior(page_bytes: int, child: int) -> bytes:
    """An interior page of a table whose every pointer leads to one child."""
    n = (page_bytes - 12) // 8
    cells = [struct.pack(">IB", child, key % 127) for key in range(n)]
    page = bytearray(page_bytes)
    end = page_bytes
    for number, cell in enumerate(cells):
        end -= len(cell)
        page[end : end + len(cell)] = cell
        page[12 + 2 * number : 14 + 2 * number] = struct.pack(">H", end)
    page[:12] = struct.pack(">BHHHBI", 5, 0, n, end, 0, child)
    return bytes(page)


def test_masks_of_a_face_have_a_budget(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as db:
        alpha = zlib.compress(bytes(4096 * 4096), 9)
        for n in range(30):
            db.execute(
                "INSERT INTO masks SELECT face, ?, grid, 4096, 4096, grid_from_frame, ? "
                "FROM masks WHERE face = 1 AND kind = 'components'",
                (f"m{n}", alpha),
            )
        db.commit()
    said, took_mib, _ = _read(filled)
    assert said.startswith("refused:") and "its masks have 503." in said
    assert took_mib < 200


def test_masks_of_a_frame_have_a_budget_and_pages_fit_in_memory(filled: Path) -> None:
    side = 2048
    with closing(sqlite3.connect(filled)) as db:
        alpha = zlib.compress(bytes(side * side), 9)
        db.execute(
            "INSERT INTO masks SELECT face, 'm', grid, ?, ?, grid_from_frame, ? "
            "FROM masks WHERE kind = 'components'",
            (side, side, alpha),
        )
        db.commit()
    said, _, _ = _read(filled)
    assert said == "read 8"
    with Alignments.open(filled, read_only=True) as store:
        from understudy.store.alignments import pages

        assert pages.page_end(store._db, -1) == 7
        small = pages._MASKS_PX
        try:
            pages._MASKS_PX = 3 * side * side
            assert pages.page_end(store._db, -1) == 1
        finally:
            pages._MASKS_PX = small


def test_more_masks_than_are_read_back_are_not_written(tmp_path: Path, make) -> None:
    face = make.face(0)
    mask = face.masks["components"]
    grid = dataclasses.replace(mask.grid_from_frame.dst, width=4096, height=2049)
    warp = dataclasses.replace(mask.grid_from_frame, dst=grid)
    wide = np.broadcast_to(np.float32(0), (2049, 4096))
    heavy = dataclasses.replace(face, masks={k: Mask(k, wide, warp) for k in ("a", "b")})
    with Alignments.open(tmp_path / "b.alignments", create=SOURCE) as store:
        with pytest.raises(ValueRefused, match=r"16\.8 million pixels, at most 16\.8"):
            store.put([(_at(0), [heavy])])
        store.put([(_at(0), [face])])
        with pytest.raises(ValueRefused, match=r"million pixels"):
            store.put_faces([heavy])
    with pytest.raises(ValueRefused, match=r"million pixels"):
        codec.face_to_plain(heavy)


def test_a_value_larger_than_any_of_ours_is_refused(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as db:
        db.execute("INSERT OR REPLACE INTO carry VALUES (1, zeroblob(100000000))")
        db.commit()
    said, took_mib, _ = _read(filled)
    assert said.startswith("refused:") and "a value larger than any of ours" in said
    assert took_mib < 200


def _read(path: Path) -> tuple[str, int, float]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env={**os.environ, "PYTHONPATH": SRC},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30)),
    )
    *said, took_mib = done.stdout.strip().splitlines()
    return "\n".join(said), int(took_mib), time.monotonic() - began
