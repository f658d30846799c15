"""No finished film is left unsigned: what signing needs is looked at first, the rest goes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import av
import pytest

from understudy.media import join, probe
from understudy.provenance.audit import AuditLog
from understudy.stages.release import stage
from understudy.store.home import home
from understudy.write.h264 import H264Writer

CONVERT = ("--preset", "ultrafast", "--no-score")


def films_below(folder: Path) -> list[str]:
    """Names of whole films: segments are pieces, and say so."""
    return [p.name for p in folder.rglob("*.mp4") if ".unsigned." not in p.name]


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "own-home"))
    return home()


def damaged_key(project: Path) -> None:
    (home() / "keys").mkdir(parents=True)
    (home() / "keys" / "signing.pem").write_bytes(b"garbage")


def home_is_a_file(project: Path) -> None:
    home().write_bytes(b"")


def edited_log(project: Path) -> None:
    log = project / "audit.jsonl"
    log.write_text(log.read_text().replace("education", "parody", 1))


def log_is_a_folder(project: Path) -> None:
    (project / "audit.jsonl").unlink()
    (project / "audit.jsonl").mkdir()


@pytest.mark.parametrize("harm", [damaged_key, home_is_a_file, edited_log, log_is_a_folder])
def test_what_signing_needs_is_refused_before_a_frame(done, understudy, own_home, harm) -> None:
    harm(done.project)
    said = understudy("convert", done.project, "-o", done.out, *CONVERT)
    assert said.code == 1 and "converting a.mp4" not in said.err + said.out, said
    assert not any((done.project / "work").iterdir())


@pytest.mark.parametrize("name", [b"o\xff.mp4", b"o" * 247 + b".mp4", b"o" * 240])
def test_a_name_that_no_credential_can_hold_is_refused_first(done, understudy, name) -> None:
    output = done.folder / os.fsdecode(name)
    said = understudy("convert", done.project, "-o", output, *CONVERT)
    assert said.code == 2 and ("shorter" in said.err or "UTF-8" in said.err), said
    assert not any((done.project / "work").iterdir())


class Disk(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_refused_first_and_one_that_gets_full_stops(
    done, understudy, monkeypatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(1 << 40, 1 << 40, 1 << 10))
    said = understudy("convert", done.project, "-o", done.out, *CONVERT)
    said.refused("needed", "free")
    assert not any((done.project / "work").iterdir())
    # enough for what every output needs, not for what this one grows to
    room = (4 << 20) + 1000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(1 << 40, 1 << 40, room))
    understudy("convert", done.project, "-o", done.out, *CONVERT).refused("needed", "is kept")
    assert films_below(done.project / "work") == [] and not done.out.exists()
    monkeypatch.undo()


@pytest.mark.parametrize("fails", ["sign", "join", "note"])
def test_what_fails_after_the_conversion_leaves_no_film(
    done, understudy, monkeypatch, fails
) -> None:
    def refuses(*args, **kwargs):
        raise OSError(5, "Input/output error")

    def joined_and_failed(segments, part, *rest):
        join(segments, part, *rest)
        refuses()

    if fails == "join":
        monkeypatch.setattr("understudy.write.film.join", joined_and_failed)
    elif fails == "sign":
        monkeypatch.setattr(stage, "sign", refuses)
    else:
        monkeypatch.setattr("understudy.stages.release.place.Receipt.keep", refuses)
    assert understudy("convert", done.project, "-o", done.out, *CONVERT).code == 1
    monkeypatch.undo()
    (work,) = (p for p in (done.project / "work").iterdir() if p.is_dir())
    assert sorted(p.name for p in work.iterdir()) == ["seg_00000.unsigned.mp4"]
    assert sorted(films_below(done.folder)) == ["a.mp4", "b.mp4"]
    told = [e.event for e in AuditLog(done.project / "audit.jsonl").entries()]
    assert told[-2:] == ["converting", "failed"]
    with av.open(str(work / "seg_00000.unsigned.mp4")) as segment:
        assert "unsigned" in segment.metadata["comment"]


def test_a_killed_run_leaves_a_film_only_until_the_next(done, understudy, monkeypatch) -> None:
    understudy("convert", done.project, "-o", done.out, *CONVERT).worked()
    with av.open(str(done.out)) as film:
        assert "trained model" in film.metadata["comment"]
    dead = done.project / "work" / "0123" / ".scratch.999999999-1.0123abcd.part"
    dead.mkdir(parents=True)
    (dead / "joined.mp4").write_bytes(b"a film")
    understudy("convert", done.project, "-o", done.out, *CONVERT).worked()
    assert not dead.exists()


def test_pictures_in_work_are_marked_too(done, understudy, monkeypatch) -> None:
    def refuses(*args, **kwargs):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(stage, "sign", refuses)
    assert understudy("convert", done.project, "-o", done.folder / "pngs").code == 1
    (work,) = (p for p in (done.project / "work").iterdir() if p.is_dir())
    assert [p.name for p in work.iterdir()] == ["seg_00000.unsigned"]
    for picture in (work / "seg_00000.unsigned").glob("*.png"):
        assert b"unsigned piece of work" in picture.read_bytes()[:400]


def test_a_writer_alone_makes_pieces_that_say_what_they_are(done, tmp_path) -> None:
    from understudy.media import frames

    info = probe(done.a)
    writer = H264Writer(info)
    writer.write_segment(tmp_path, 0, frames(info))
    writer.finish(tmp_path, 1, tmp_path / "final.mp4")
    with av.open(str(tmp_path / "final.mp4")) as film:
        assert "unsigned piece of work" in film.metadata["comment"]
