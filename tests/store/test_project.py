from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import understudy
from understudy.errors import DiskFull, StoreError
from understudy.store.project import Project

SRC = str(Path(understudy.__file__).parents[1])
HOLD = """
import sys, time
from pathlib import Path
from understudy.store.project import Project
with Project.open(Path(sys.argv[1]), create=True):
    print("held", flush=True)
    time.sleep(60)
"""


def test_it_is_made_once_and_found_again(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.touch()
    with Project.open(tmp_path / "p", create=True) as project:
        project.set_source("a", film, "x")
        project.remember(train={"model": "quick"})
        created = project.created
    (tmp_path / "p" / "work" / "key").mkdir()
    (tmp_path / "p" / "work" / "key" / ".x.999999999-1.00000000.part").touch()
    with Project.open(tmp_path / "p") as project:
        assert not list((project.work / "key").iterdir())
        assert project.source("a") == film
        assert project.settings == {"train": {"model": "quick"}}
        assert project.created == created
        assert project.faces("b").is_dir() and project.model.is_dir() and project.work.is_dir()
        with pytest.raises(StoreError, match="side B has no film yet"):
            project.source("b")
    plain = json.loads((tmp_path / "p" / "project.json").read_text())
    assert plain["format"] == "understudy-project"


def test_another_film_on_a_side_is_refused_and_a_moved_one_found(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.touch()
    with Project.open(tmp_path / "p", create=True) as project:
        project.set_source("a", film, "x")
        with pytest.raises(StoreError, match="side A is"):
            project.set_source("a", film, "y")
        project.set_source("a", tmp_path / "other.mp4", "x")
        project.set_source("a", film, "x")
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("p", "a.mp4"):
        (tmp_path / name).rename(moved / name)
    with Project.open(moved / "p") as project:
        assert project.source("a") == moved / "a.mp4"
        (moved / "a.mp4").unlink()
        with pytest.raises(StoreError, match="not there any more"):
            project.source("a")


def test_alignments_lie_beside_the_film_or_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "a.mp4"
    film.touch()
    with Project.open(tmp_path / "p", create=True) as project:
        project.set_source("a", film, "x")
        assert project.alignments("a") == tmp_path / "a.alignments"
        with monkeypatch.context() as patch:
            patch.setattr(os, "access", lambda *_: False)
            here = project.alignments("a")
        assert here == tmp_path / "p" / "a" / "a.alignments"
        here.touch()
        assert project.alignments("a") == here


def test_what_is_not_a_project_is_not_touched(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "photo.jpg").write_text("x")
    (tmp_path / "file").write_text("x")
    for path, create, words in [
        (mine, True, "nothing in it was touched"),
        (mine, False, "is no project"),
        (tmp_path / "file", True, "found a file"),
        (tmp_path / "absent", False, "make one with understudy swap"),
        (tmp_path / "absent" / "p", True, "no such folder"),
    ]:
        with pytest.raises(StoreError, match=words):
            Project.open(path, create=create)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "mine"]
    assert [p.name for p in mine.iterdir()] == ["photo.jpg"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".x.999999999-1.00000000.part").touch()
    with Project.open(tmp_path, create=True):
        assert (tmp_path / "project.json").is_file()


def test_one_process_at_a_time_and_the_dead_let_go(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "p")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": SRC},
    )
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    with pytest.raises(StoreError, match=f"process {process.pid} is working on it"):
        Project.open(tmp_path / "p")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with (
        Project.open(tmp_path / "p"),
        pytest.raises(StoreError, match=f"process {os.getpid()} is working on it"),
    ):
        Project.open(tmp_path / "p")
    Project.open(tmp_path / "p").close()


def test_without_file_locks_the_pid_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(_descriptor: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("understudy.store.lock._lock", unsupported)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / ".lock").write_text("999999999 1\n")
    with (
        Project.open(tmp_path / "p", create=True),
        pytest.raises(StoreError, match=f"process {os.getpid()}"),
    ):
        Project.open(tmp_path / "p")


def test_damaged_and_newer_projects_are_told(tmp_path: Path) -> None:
    with Project.open(tmp_path / "p", create=True) as project:
        project.set_source("a", tmp_path, "x")
    path = tmp_path / "p" / "project.json"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(StoreError, match="newer Understudy"):
        Project.open(tmp_path / "p")
    rng = random.Random(5)  # noqa: S311
    told = 0
    for n in range(200):
        bad = bytearray(good)
        if n % 2:
            del bad[rng.randrange(len(bad)) :]
        else:
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        path.write_bytes(bad)
        try:
            Project.open(tmp_path / "p").close()
        except StoreError:
            told += 1
    assert told > 100


def test_every_fault_keeps_the_old_state(tmp_path: Path, faults) -> None:
    with Project.open(tmp_path / "p", create=True) as project:
        project.remember(n=1)
        for k in range(1, 10):
            faults.arm(k)
            try:
                project.remember(n=2)
            except DiskFull:
                assert json.loads((tmp_path / "p" / "project.json").read_text())["settings"][
                    "n"
                ] in (1, 2)
            else:
                break
        assert k > 3 and project.settings == {"n": 2}
