from __future__ import annotations

import errno
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import understudy
from understudy.errors import DiskFull, StoreError, UnderstudyError
from understudy.store import atomic, disk
from understudy.store.processes import process_mark

SRC = str(Path(understudy.__file__).parents[1])
LOOP = """
import sys
from pathlib import Path
from understudy.store import atomic
folder = Path(sys.argv[1])
atomic.sweep_parts(folder)
print("ready", flush=True)
n = 0
while True:
    n += 1
    data = bytes([n % 256]) * 200_000
    atomic.commit_bytes(folder / "file", data)
    with atomic.commit_dir(folder / "dir") as temporary:
        for name in "ab":
            (temporary / name).write_bytes(data)
"""


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_commit_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    atomic.commit_bytes(target, b"old")
    atomic.commit(target, lambda f: f.writelines([b"n", b"ew"]), durable=False)
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["x.bin"]


def test_commit_of_a_long_name_and_of_secret_bits(tmp_path: Path) -> None:
    target = tmp_path / ("é" * 120 + ".bin")
    atomic.commit_bytes(target, b"x", mode=0o600)
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_check_that_raises_keeps_the_old(tmp_path: Path) -> None:
    target = tmp_path / "x"
    atomic.commit_bytes(target, b"old")

    def refuse(path: Path) -> None:
        assert path.read_bytes() == b"new"
        raise StoreError("not right")

    with pytest.raises(StoreError, match="not right"):
        atomic.commit(target, lambda f: f.write(b"new"), refuse)
    assert target.read_bytes() == b"old" and names(tmp_path) == ["x"]


def test_commit_path(tmp_path: Path) -> None:
    with atomic.commit_path(tmp_path / "x") as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".part"
        temporary.write_bytes(b"1")
    with pytest.raises(KeyError), atomic.commit_path(tmp_path / "x") as temporary:
        temporary.write_bytes(b"2")
        raise KeyError
    with pytest.raises(StoreError, match="nothing was written"), atomic.commit_path(tmp_path / "y"):
        pass
    assert (tmp_path / "x").read_bytes() == b"1" and names(tmp_path) == ["x"]


def test_commit_dir_replaces_whole(tmp_path: Path) -> None:
    for content in ("1", "2"):
        with atomic.commit_dir(tmp_path / "d") as temporary:
            (temporary / "sub").mkdir()
            (temporary / "sub" / content).write_text(content)
    assert names(tmp_path) == ["d"] and names(tmp_path / "d" / "sub") == ["2"]
    (tmp_path / "f").write_text("x")
    with pytest.raises(StoreError, match="found a file"), atomic.commit_dir(tmp_path / "f"):
        pass


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_every_fault_of_commit_keeps_the_old_or_has_the_new(
    tmp_path: Path, faults, code: int
) -> None:
    target = tmp_path / "x"
    atomic.commit_bytes(target, b"old")
    for k in range(1, 20):
        faults.arm(k, code)
        try:
            atomic.commit(target, lambda f: f.writelines([b"new" * 9000] * 3))
        except UnderstudyError as error:
            assert isinstance(error, DiskFull) == (code in (errno.ENOSPC, errno.EDQUOT))
            assert "run again" in str(error)
            assert target.read_bytes() in (b"old", b"new" * 27000)
            assert names(tmp_path) == ["x"]
        else:
            break
    assert k > 4 and target.read_bytes() == b"new" * 27000


def test_every_fault_of_commit_dir_keeps_the_old_or_has_the_new(tmp_path: Path, faults) -> None:
    def put(content: str) -> None:
        with atomic.commit_dir(tmp_path / "d") as temporary:
            (temporary / "a").write_text(content)
            (temporary / "b").write_text(content)

    put("old")
    for k in range(1, 20):
        faults.arm(k)
        try:
            put("new")
        except DiskFull:
            both = [(tmp_path / "d" / name).read_text() for name in "ab"]
            assert both in (["old"] * 2, ["new"] * 2)
            faults.arm(0)
            put("old")
        else:
            break
    assert k > 5 and names(tmp_path) == ["d"]


def test_kills_leave_an_old_or_a_new_version(tmp_path: Path) -> None:
    rng = random.Random(0)  # noqa: S311 - when to kill, not a secret
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP, str(tmp_path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": SRC},
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.01, 0.12))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        atomic.sweep_parts(tmp_path)
        assert set(names(tmp_path)) <= {"file", "dir"}
        if (tmp_path / "file").exists():
            data = (tmp_path / "file").read_bytes()
            assert len(data) == 200_000 and len(set(data)) == 1
        if (tmp_path / "dir").exists():
            a, b = ((tmp_path / "dir" / name).read_bytes() for name in "ab")
            assert a == b and len(a) == 200_000
    assert (tmp_path / "file").exists() and (tmp_path / "dir").exists()


def test_sweep_spares_the_living_and_puts_back_what_is_aside(tmp_path: Path) -> None:
    pid, start = process_mark()
    dead = "999999999-1"
    living = f".x.{pid}-{start}.00000000.part"
    reused = f".x.{pid}-{start + 1}.00000000.part"
    for name in (living, reused, f".x.{dead}.00000000.part", "mine.part", ".other.part"):
        (tmp_path / name).write_text("x")
    (tmp_path / f".d.{dead}.00000000.aside").mkdir()
    (tmp_path / f".d.{dead}.00000000.aside" / "f").write_text("kept")
    (tmp_path / f".d.{dead}.00000000.part").mkdir()
    atomic.sweep_parts(tmp_path)
    left = {"d", "mine.part", ".other.part", living} | ({reused} if start == 0 else set())
    assert set(names(tmp_path)) == left
    assert (tmp_path / "d" / "f").read_text() == "kept"
    assert atomic.sweep_parts(tmp_path / "absent") == []


def test_messages_name_the_folder_and_what_to_try(tmp_path: Path, faults) -> None:
    with pytest.raises(StoreError, match=r"absent: there is no such folder"):
        atomic.commit_bytes(tmp_path / "absent" / "x", b"")
    faults.arm(1, errno.EROFS)
    with pytest.raises(StoreError, match=r"may not be written .*choose another folder"):
        atomic.commit_bytes(tmp_path / "x", b"1")
    with pytest.raises(DiskFull, match="are needed"):
        disk.need_free(tmp_path / "absent", 1 << 60)
    disk.need_free(tmp_path / "absent", 1)


def test_a_full_disk_is_named_and_no_more_is_said_to_be_untouched(tmp_path: Path, faults) -> None:
    mount = tmp_path.resolve()
    while not os.path.ismount(mount):
        mount = mount.parent
    on_it = re.escape(f"on the disk at {mount}")
    with pytest.raises(DiskFull, match=on_it):
        disk.need_free(tmp_path / "absent", 1 << 60)
    # What else a command wrote by then, such as project.json, is rightly another than before.
    faults.arm(1, errno.ENOSPC)
    with pytest.raises(DiskFull, match=on_it) as told:
        atomic.commit_bytes(tmp_path / "x", b"1")
    assert "untouched" not in str(told.value) and "half written" in str(told.value)
    faults.arm(1, errno.EIO)
    with pytest.raises(StoreError, match=re.escape(f"the disk at {mount}")) as told:
        atomic.commit_bytes(tmp_path / "x", b"1")
    assert "untouched" not in str(told.value)


def test_a_missing_source_is_not_blamed_on_the_target(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="source"):
        atomic.commit(tmp_path / "x", lambda f: f.write(Path("source").read_bytes()))
    assert names(tmp_path) == []


def test_sync_files(tmp_path: Path, faults) -> None:
    atomic.commit_bytes(tmp_path / "x", b"1", durable=False)
    atomic.sync_files([tmp_path / "x"])
    assert faults.count == 4
    with pytest.raises(StoreError):
        atomic.sync_files([tmp_path / "y"])
