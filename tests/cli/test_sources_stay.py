"""Whatever name an output is given: no film, alignments file or face picture is ever replaced."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from understudy.errors import StoreError, ValueRefused
from understudy.files import refuse_sources
from understudy.store.alignments import alignments_path

CONVERT = ("--preset", "ultrafast", "--no-score", "--overwrite")


def prints(folder: Path) -> dict[Path, str]:
    """Digests of films, alignments files and face pictures."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".mp4", ".alignments") or path.parent.name == "faces"
    }


def test_no_verb_replaces_what_it_begins_with(done, understudy, tmp_path: Path) -> None:
    folder, project = done.folder, done.project
    before = prints(folder)
    assert len(before) > 20
    (folder / "soft.mp4").symlink_to(done.b)
    (folder / "hard.mp4").hardlink_to(done.b)
    (folder / "faces.mov").symlink_to(alignments_path(done.a))
    (tmp_path / "alias").symlink_to(folder)
    faces = project / "sources" / "a" / "faces"
    assert faces.is_dir()
    asked = [
        done.a,
        done.b,
        folder / "soft.mp4",
        folder / "hard.mp4",
        folder / "faces.mov",
        tmp_path / "alias" / "b.mp4",
        folder / "out.understudy" / ".." / "b.mp4",
        faces,
        project / "models" / "model",
        folder,
    ]
    for output in asked:
        for more in ((), ("--swap",)):
            said = understudy("convert", project, "-o", output, *CONVERT, *more)
            assert said.code == 2 and "sources are never replaced" in said.err, (output, said)
    said = understudy(*done.swap("--overwrite", "-o", done.b))
    assert said.code == 2 and "sources are never replaced" in said.err
    for output in (done.a, alignments_path(done.a), folder / "hard-a.mp4"):
        if output.name == "hard-a.mp4":
            output.hardlink_to(done.a)
        for words in (
            ("alignments", "draw", done.a, "-o", output, "--overwrite"),
            ("alignments", "export", done.a, "-o", output, "--layout", "json", "--overwrite"),
        ):
            assert understudy(*words).code in (1, 2), words
    assert understudy("alignments", "no-faces", done.a, "--to", done.a).code != 0
    pictures = tmp_path / "report.md"
    shutil.copytree(faces, pictures)
    into = ("score", pictures, done.a, "-o", pictures)
    assert understudy(*into).code != 0
    (folder / "soft.mp4").unlink()
    (folder / "hard.mp4").unlink()
    (folder / "hard-a.mp4").unlink()
    assert prints(folder) == before


def test_an_export_replaces_nothing_unasked(done, understudy) -> None:
    out = done.folder / "notes.json"
    out.write_text("years of work")
    words = ("alignments", "export", done.a, "-o", out)
    understudy(*words).refused("notes.json", "there already", "--overwrite")
    assert out.read_text() == "years of work"
    understudy(*words, "--overwrite").worked()
    assert out.read_text().startswith("{")
    understudy("alignments", "no-faces", done.a, "--to", out).refused("there already")


def test_the_demo_replaces_no_film_of_yours(tmp_path: Path, understudy) -> None:
    mine = tmp_path / "demo" / "out.mp4"
    mine.parent.mkdir()
    mine.write_text("years of work")
    understudy("demo", "--out", mine.parent, "--frames", 20).refused("no demo made it")
    assert mine.read_text() == "years of work" and list(mine.parent.iterdir()) == [mine]


def test_what_is_not_there_is_no_source(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    refuse_sources(tmp_path / "b.mp4", [film, tmp_path / "gone"])
    with pytest.raises(ValueRefused, match="is or holds the source"):
        refuse_sources(tmp_path, [film])
    with pytest.raises(StoreError, match="a second name"):
        from understudy.files import open_to_append

        film.write_text("x")
        (tmp_path / "b").hardlink_to(film)
        open_to_append(tmp_path / "b")
