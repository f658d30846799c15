"""Writers' locks: between processes and threads, after a kill, and without locks in the system."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from understudy.errors import InUse, StoreError
from understudy.store.lock import WriterLock, holder_of, lock_path

SRC = str(Path(__file__).parents[2] / "src")
WITHOUT_LOCKS = """
import errno, fcntl
def refuse(*_):
    raise OSError(errno.ENOTSUP, "not supported")
fcntl.flock = refuse
"""
HOLD = """
import sys
from pathlib import Path
sys.argv = ["/usr/bin/understudy", "train"]
from understudy.store.lock import WriterLock
with WriterLock(Path(PATH), "alignments file"):
    print("held", flush=True)
    sys.stdin.read()
"""

Hold = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Starts a process that holds the lock of a path."""
    running: list[subprocess.Popen[bytes]] = []

    def start(path: Path, before: str = "") -> subprocess.Popen[bytes]:
        code = before + HOLD.replace("PATH", repr(str(path)))
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": SRC},
        )
        running.append(process)
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("kind", ["file", "absent", "folder"])
def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path, hold: Hold, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.touch()
    first = hold(path)
    words = rf"x: process {first.pid} \(understudy train, since 2.*\) is writing this alignments"
    with pytest.raises(InUse, match=words):
        WriterLock(path, "alignments file").acquire()
    first.communicate()
    with WriterLock(path, "alignments file"):
        holder = holder_of(path)
        assert holder is not None and holder.pid == os.getpid()
    assert holder_of(path) is None


def test_a_killed_writer_lets_go_and_is_blamed_for_nothing(tmp_path: Path, hold: Hold) -> None:
    path = tmp_path / "x"
    first = hold(path)
    first.kill()
    first.wait()
    assert lock_path(path).with_suffix(".holder").exists()
    assert holder_of(path) is None
    with WriterLock(path, "alignments file"):
        pass


def test_one_process_has_no_two_writers_either(tmp_path: Path) -> None:
    def second() -> None:
        WriterLock(tmp_path / "x", "model").acquire()

    with WriterLock(tmp_path / "x", "model"), WriterLock(tmp_path / "y", "model"):
        for run in (second, ThreadPoolExecutor(1).submit(second).result):
            with pytest.raises(InUse, match=f"process {os.getpid()} "):
                run()
    lock = WriterLock(tmp_path / "x", "model").acquire()
    lock.release()
    lock.release()
    second()


def test_waiting_writers_get_their_turn(tmp_path: Path) -> None:
    def add(_: int) -> None:
        with WriterLock(tmp_path / "n", "file", wait_s=60):
            n = int((tmp_path / "n").read_text())
            (tmp_path / "n").write_text(str(n + 1))

    (tmp_path / "n").write_text("0")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert (tmp_path / "n").read_text() == "40"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks everywhere")
def test_where_the_system_has_no_locks_a_file_has_to_do(
    tmp_path: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    first = hold(tmp_path / "x", WITHOUT_LOCKS)
    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(InUse, match=f"process {first.pid} "):
        WriterLock(tmp_path / "x", "model").acquire()
    first.kill()
    first.wait()
    with WriterLock(tmp_path / "x", "model", wait_s=20), pytest.raises(InUse):
        WriterLock(tmp_path / "x", "model").acquire()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="absent: there is no such folder"):
        WriterLock(tmp_path / "absent" / "x", "model").acquire()


def test_lock_files_go_with_the_lock_and_links_lead_to_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with WriterLock(tmp_path / "real" / "x", "model"):
        assert {p.name for p in (tmp_path / "real").iterdir()} == {".x.lock", ".x.holder"}
        with pytest.raises(InUse):
            WriterLock(tmp_path / "link" / "x", "model").acquire()
    assert list((tmp_path / "real").iterdir()) == []
