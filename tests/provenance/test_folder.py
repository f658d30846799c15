"""A folder of pictures is one work: whatever is not as it was signed is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.imaging.png import encode_png
from understudy.media import FilmReader, probe
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import Declaration, now
from understudy.provenance.folder import LIST, verify_folder
from understudy.stages.release.stage import Label, release
from understudy.testing.clips import write_clip
from understudy.write.png import PngWriter


@pytest.fixture(scope="session")
def made(tmp_path_factory, surround) -> Path:
    """Six pictures of a film, signed; not to be changed."""
    folder = tmp_path_factory.mktemp("folder")
    shades = [np.full((24, 32, 3), 30 * n, np.uint8) for n in range(6)]
    write_clip(folder / "film.mp4", shades, Fraction(25))
    info = probe(folder / "film.mp4")
    (folder / "work").mkdir()
    writer = PngWriter(info)
    writer.write_segment(folder / "work", 0, FilmReader(info).frames())
    declarations = [
        Declaration(who, "Nobody", "synthetic", True, False, "tests", "education", "us", now())
        for who in ("ann", "bob")
    ]
    label = Label(declarations, ("ann",), ("bob",), AuditLog(folder / "audit.jsonl"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_HOME", str(folder / "home"))
        release(writer, folder / "work", 1, info, folder / "out", label, {}, lambda part: None)
    return folder


@pytest.fixture
def out(made, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(made / "home"))
    shutil.copytree(made / "out", tmp_path / "out")
    return tmp_path / "out"


def name(number: int) -> str:
    return f"{number:06d}.png"


def test_a_folder_as_it_was_made_is_ours(out: Path) -> None:
    found = verify_folder(out)
    assert (found.whole.state, found.whole.differs) == ("ours", ())
    assert len(found.pictures) == 6 and all(v.state == "ours" for v in found.pictures.values())
    assert found.whole.sentences[0] == "6 of 6 pictures: ours"
    assert "all that was made" in str(found.whole) and "consent declared" in str(found.whole)
    (out / ".DS_Store").write_bytes(b"of a desktop")
    assert verify_folder(out).whole.ok
    assert probe(out).n_frames == 6  # the list is no picture of the sequence


def altered(out: Path) -> None:
    with (out / name(3)).open("r+b") as file:
        file.seek(-200, 2)
        file.write(b"xxxx")


def swapped(out: Path) -> None:
    (out / name(1)).rename(out / "x")
    (out / name(4)).rename(out / name(1))
    (out / "x").rename(out / name(4))


def repeated(out: Path) -> None:
    shutil.copy(out / name(0), out / name(5))


def shifted(out: Path) -> None:
    (out / name(0)).unlink()
    for n in range(1, 6):
        (out / name(n)).rename(out / name(n - 1))


def times(out: Path) -> None:
    path = out / "times.csv"
    path.write_text(path.read_text().replace("0.040000", "9.000000"))


def other_signed(out: Path) -> None:
    shutil.copy(out / name(2), out / "000041.PNG")


def unsigned_picture(out: Path) -> None:
    (out / "000006.png").write_bytes(encode_png(np.zeros((24, 32, 3), np.uint8)))


Harm = Callable[[Path], object]
HARMS: dict[str, tuple[Harm, dict[str, str]]] = {
    "removed": (lambda out: (out / name(2)).unlink(), {name(2): "was removed"}),
    "last removed": (lambda out: (out / name(5)).unlink(), {name(5): "was removed"}),
    "altered": (altered, {name(3): "was altered"}),
    "swapped": (
        swapped,
        {name(1): f"holds the picture of {name(4)}", name(4): f"holds the picture of {name(1)}"},
    ),
    "repeated": (repeated, {name(5): f"holds the picture of {name(0)}"}),
    "shifted": (
        shifted,
        {name(0): f"holds the picture of {name(1)}", name(5): f"it is {name(4)} now"},
    ),
    "renamed": (
        lambda out: (out / name(5)).rename(out / "000009.png"),
        {name(5): "was renamed: it is 000009.png now"},
    ),
    "times": (times, {"times.csv": "was altered"}),
    "no times": (lambda out: (out / "times.csv").unlink(), {"times.csv": "was removed"}),
    "a copy": (other_signed, {"000041.PNG": f"was put in, a copy of {name(2)}"}),
    "unsigned": (unsigned_picture, {"000006.png": "was put in"}),
    "jpeg": (lambda out: (out / "a.jpg").write_bytes(b"\xff\xd8\xff"), {"a.jpg": "was put in"}),
    "folder": (lambda out: (out / "more").mkdir(), {"more": "was put in, and is no file"}),
    "list": (lambda out: (out / LIST).unlink(), {LIST: "was removed"}),
}


@pytest.mark.parametrize("kind", HARMS)
def test_what_differs_is_named(out: Path, kind: str) -> None:
    harm, expected = HARMS[kind]
    harm(out)
    whole = verify_folder(out).whole
    assert whole.state in ("altered", "none") and not whole.ok
    told = {each["name"]: each["how"] for each in whole.differs}
    for file, how in expected.items():
        assert how in told[file], told
        assert file in str(whole)
    assert "not changed since" not in str(whole)


def test_a_list_that_was_edited_is_told(out: Path) -> None:
    path = out / LIST
    path.write_bytes(path.read_bytes().replace(b"000005.png", b"000009.png"))
    (out / name(5)).rename(out / "000009.png")
    whole = verify_folder(out).whole
    assert whole.state == "altered" and "the list itself is altered" in str(whole)


def test_pictures_of_before_there_were_lists_are_verified_one_by_one(
    signed, tmp_path, monkeypatch
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    signed("000000.png").rename(folder / "000000.png")
    signed("000001.png").rename(folder / "000001.png")
    whole = verify_folder(folder).whole
    assert whole.ok and "Nothing tells whether pictures are missing" in str(whole)
    altered_one = folder / "000001.png"
    altered_one.write_bytes(altered_one.read_bytes()[:-16] + b"0123456789abcdef")
    whole = verify_folder(folder).whole
    assert not whole.ok and "000001.png" in str(whole)


def test_many_differences_are_counted(out: Path) -> None:
    for n in range(40):
        (out / f"extra{n}.txt").write_text("x")
    whole = verify_folder(out).whole
    assert len(whole.differs) == 40 and whole.sentences[-1] == "  and 20 more"


def test_folders_in_a_folder_are_not_looked_into_and_that_is_said(tmp_path: Path) -> None:
    inner = tmp_path / "takes"
    inner.mkdir()
    (inner / "a.png").write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(MediaError, match="no PNG files in this folder; the folders in it are not"):
        verify_folder(tmp_path)
    (tmp_path / "b.png").write_bytes((inner / "a.png").read_bytes())
    found = verify_folder(tmp_path)
    assert list(found.pictures) == [tmp_path / "b.png"]
    assert "Not looked into: the folders in it (takes)" in found.whole.sentences[-1]
    assert "Not looked into" not in " ".join(verify_folder(inner).whole.sentences)
