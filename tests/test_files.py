"""Links in a stranger's project lead nowhere, and names in it are shown as what they are."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from understudy import files
from understudy.api.bars.console import console
from understudy.errors import StoreError, UnderstudyError
from understudy.events import Event, failure
from understudy.events.words import printable, printable_text
from understudy.files import sha256_of
from understudy.flow.sinks import TextLog
from understudy.nn import checkpoint
from understudy.stages.train.feeding.cache import CropCache
from understudy.store import atomic
from understudy.store.lock import WriterLock, lock_path
from understudy.store.project import Project

THESIS = "years of work"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Somebody's folder, which holds a file and a folder with another."""
    folder = tmp_path / "outside"
    (folder / "inner").mkdir(parents=True)
    (folder / "thesis.txt").write_text(THESIS)
    (folder / "inner" / "step_00000001").mkdir()
    (folder / "inner" / "thesis.txt").write_text(THESIS)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    Project.open(tmp_path / "p", create=True).close()
    return tmp_path / "p"


def whole(folder: Path) -> dict[str, str]:
    """All that is in a folder, by name."""
    return {
        p.relative_to(folder).as_posix(): p.read_text() if p.is_file() else ""
        for p in sorted(folder.rglob("*"))
    }


def commit_path_(path: Path) -> None:
    with atomic.commit_path(path) as part:
        part.write_bytes(b"x")


def commit_dir_(path: Path) -> None:
    with atomic.commit_dir(path) as part:
        (part / "x").write_bytes(b"x")


def scratch_(path: Path) -> None:
    with atomic.scratch(path.parent) as folder:
        (folder / "x").write_bytes(b"x")


def append_(path: Path) -> None:
    with files.open_to_append(path) as file:
        file.write(b"x")


def lock_(path: Path) -> None:
    with WriterLock(path, "thing"):
        pass


def cache_(path: Path) -> None:
    CropCache(path.parent, "key", np.dtype(np.uint8))


WAYS: dict[str, Callable[[Path], object]] = {
    "commit": lambda path: atomic.commit_bytes(path, b"x"),
    "commit_once": lambda path: atomic.commit_once(path.with_name("new"), b"x"),
    "commit_path": commit_path_,
    "commit_dir": lambda path: commit_dir_(path.with_name("inner")),
    "scratch": scratch_,
    "move into": lambda path: atomic.move(path.parent.parent / "mine", path),
    "move out of": lambda path: atomic.move(path, path.parent.parent / "mine"),
    "append": append_,
    "rename": lambda path: files.rename(path, path.with_name("other")),
    "make_folder": lambda path: files.make_folder(path.with_name("a") / "b"),
    "remove_file": files.remove_file,
    "remove_folder": lambda path: files.remove_folder(path.with_name("inner")),
    "remove a checkpoint": lambda path: checkpoint.remove(path.parent / "inner" / "step_00000001"),
    "a cache, which removes others": cache_,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("deep", [False, True])
def test_no_link_leads_out_of_a_project(project: Path, outside: Path, way: str, deep: bool) -> None:
    (project / "mine").write_text("mine")
    place = project / "linked"
    if deep:
        place.symlink_to(project / "work")
        (project / "work").rmdir()
        (project / "work").symlink_to(outside)
    else:
        place.symlink_to(outside)
    before = whole(outside)
    with pytest.raises(StoreError, match=r"linked is a link out of the project, to .*outside"):
        WAYS[way](place / "thesis.txt")
    assert whole(outside) == before and (project / "mine").read_text() == "mine"


def test_a_link_to_another_project_leads_out_too(project: Path, tmp_path: Path) -> None:
    Project.open(tmp_path / "other", create=True).close()
    (project / "renders").rmdir()
    (project / "renders").symlink_to(tmp_path / "other" / "renders")
    with pytest.raises(StoreError, match="out of the project"):
        atomic.commit_bytes(project / "renders" / "x", b"x")


def test_links_within_and_around_a_project_are_followed(project: Path, tmp_path: Path) -> None:
    (project / "inner").symlink_to(project / "work")
    atomic.commit_bytes(project / "inner" / "x", b"x")
    assert (project / "work" / "x").read_bytes() == b"x"
    (tmp_path / "alias").symlink_to(project)
    atomic.commit_bytes(tmp_path / "alias" / "work" / "y", b"y")
    assert (project / "work" / "y").read_bytes() == b"y"
    theirs = tmp_path / "theirs"  # another program's, of the same name
    theirs.mkdir()
    (theirs / "project.json").write_text('{"name": "web"}')
    (theirs / "disk").symlink_to(project / "work")
    atomic.commit_bytes(theirs / "disk" / "z", b"z")
    assert (project / "work" / "z").read_bytes() == b"z"


@pytest.mark.parametrize("how", ["symlink", "hard link", "pipe"])
def test_logs_and_locks_that_are_somebodys_file_are_left_alone(
    project: Path, outside: Path, how: str
) -> None:
    victim = outside / "thesis.txt"

    def plant(path: Path) -> None:
        path.unlink(missing_ok=True)
        if how == "symlink":
            path.symlink_to(victim)
        elif how == "hard link":
            path.hardlink_to(victim)
        else:
            os.mkfifo(path)

    plant(project / "log.txt")
    TextLog(project / "log.txt")(Event("say", "hello"))
    with pytest.raises(StoreError, match=r"log\.txt: is a link, has a second name"):
        files.open_to_append(project / "log.txt")
    plant(lock_path(project / "project.json"))
    with (
        pytest.raises(StoreError, match=r"\.project\.json\.lock: is a link, has a second"),
        Project.open(project) as store,
    ):
        store.add_person("ann")
    lock_path(project / "project.json").unlink()
    plant(lock_path(project / "project.json").with_suffix(".holder"))
    with Project.open(project) as store:
        store.add_person("ann")
    assert victim.read_text() == THESIS


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in ((tmp_path / "pipe", "a named pipe"), (Path("/dev/zero"), "a device")):
        with pytest.raises(OSError, match=words):
            files.open_to_read(path)
    with pytest.raises(IsADirectoryError):
        files.open_to_read(tmp_path)
    (tmp_path / "file").write_bytes(b"12345")
    assert files.read_file(tmp_path / "file", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes") as refused:
        files.read_file(tmp_path / "file", 4)
    assert refused.value.errno == errno.EFBIG


NAME = "x\nssh-ed25519 AAAA mallory\r\x1b[2J\x1b]0;owned\x07\u202egpj.\u2028\udcff.mp4"
SHOWN = "x\\nssh-ed25519 AAAA mallory\\r\\x1b[2J\\x1b]0;owned\\x07\\u202egpj.\\u2028\\xff.mp4"


def test_names_are_shown_as_what_they_are() -> None:
    assert printable(NAME) == SHOWN
    assert printable("Zoë، 山田 👩‍🚀 [b] a.mp4") == "Zoë، 山田 👩‍🚀 [b] a.mp4"
    assert printable_text("two\nlines\x1b[1m") == "two\nlines\\x1b[1m"
    assert Event("report", "two\nlines\x9b").shown == "two\nlines\\x9b"


def test_a_name_begins_no_line_of_a_log(tmp_path: Path) -> None:
    log = TextLog(tmp_path / "log.txt")
    log(Event("say", f"faces of {NAME}"))
    log(Event("warning", f"{NAME} is damaged", "damaged", "warning"))
    log(failure(UnderstudyError(f"{NAME}: cannot be read"), "extract"))
    lines = (tmp_path / "log.txt").read_bytes().decode().splitlines()
    assert len(lines) == 3 and all(SHOWN in line for line in lines)


def test_a_terminal_obeys_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    from understudy.api.bars.terminal import Drawn
    from understudy.cli.say import echo

    drawn = Drawn()
    drawn(Event("say", f"[red]{NAME}"))
    drawn(Event("warning", f"[link=https://x]{NAME}", "damaged", "warning"))
    drawn(Event("task", NAME, data={"task": 1, "total": 3, "done": 0, "unit": NAME}))
    drawn(Event("done", NAME, data={"task": 1, "done": 3}))
    table = Table("name")
    table.add_row(NAME)
    console(markup=False).print(table)
    echo(NAME)
    told = "".join(capsys.readouterr())
    assert not set("\x1b\x9b\x07\r\u202e\u2028") & set(told)
    assert "[red]x" in told and "[link=https://x]x" in told


def test_a_file_is_digested_once_until_it_changes(tmp_path, monkeypatch) -> None:
    """A conversion read all of a model eight times."""
    file, read = tmp_path / "weights", []
    file.write_bytes(b"weights")
    digest = hashlib.file_digest

    def watched(stream: BinaryIO, name: str) -> object:
        read.append(name)
        return digest(stream, name)

    monkeypatch.setattr(hashlib, "file_digest", watched)
    found = sha256_of(file)
    assert found == hashlib.sha256(b"weights").hexdigest() == sha256_of(file)
    assert len(read) == 2  # it was written a moment ago, and might be once more within the tick
    monkeypatch.setattr(files, "_SETTLED_NS", -1)
    assert sha256_of(file) == sha256_of(file) == found and len(read) == 3
    with file.open("r+b") as stream:
        stream.write(b"W")
    os.utime(file, ns=(1, 1))  # the time of change cannot be set back, as that of the content can
    assert sha256_of(file) == hashlib.sha256(b"Weights").hexdigest()
    file.unlink()
    file.mkdir()
    with pytest.raises(IsADirectoryError):
        sha256_of(file)
