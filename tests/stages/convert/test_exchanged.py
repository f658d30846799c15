"""A source that is exchanged while it is converted: nothing is signed that was made of two."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from understudy.errors import MediaError
from understudy.flow import Silent
from understudy.imaging.png import encode_png
from understudy.provenance.audit import AuditLog
from understudy.provenance.verify import verify
from understudy.stages.convert import stage
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.stages.release import stage as releasing
from understudy.store.alignments import alignments_path


class Meddler(Silent):
    """Does something once the first segment is kept."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act: Callable[[], object] | None = act
        super().__init__()

    @property
    def cancelled(self) -> bool:
        act, self._act = self._act, None
        if act is not None:
            act()
        return False

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        assert not value


@pytest.fixture
def own(films, extracted, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "SEGMENT", 7)
    return extracted(films.a).copy(tmp_path / "own")


def swapped_for(path: Path, other: Path) -> Callable[[], object]:
    def act() -> None:
        shutil.copy(other, path.with_name("other"))
        path.with_name("other").replace(path)

    return act


def nothing_was_made(folder: Path) -> None:
    assert not (folder / "out.mp4").exists()
    told = [e.event for e in AuditLog(folder / "audit.jsonl").entries()]
    assert "converted" not in told and "converting" not in told


def test_another_film_in_its_place_is_found_at_the_next_segment(
    own, films, converter, tmp_path
) -> None:
    with pytest.raises(MediaError, match=r"a\.mp4: was replaced or changed .*nothing was signed"):
        converter(own, "out.mp4", Meddler(swapped_for(own.media, films.b)))
    nothing_was_made(tmp_path)
    assert [p for p in (tmp_path / "work").iterdir() if p.is_dir()] == []


def test_a_film_that_grows_is_found(own, converter, tmp_path) -> None:
    def grow() -> None:
        with own.media.open("ab") as file:
            file.write(b"\0" * 100)

    with pytest.raises(MediaError, match="was replaced or changed"):
        converter(own, "out.mp4", Meddler(grow))
    nothing_was_made(tmp_path)


def test_a_copy_in_its_place_keeps_what_was_converted(own, films, converter, tmp_path) -> None:
    shutil.copy(own.media, tmp_path / "copy.mp4")
    with pytest.raises(MediaError, match="run it again"):
        converter(own, "out.mp4", Meddler(swapped_for(own.media, tmp_path / "copy.mp4")))
    nothing_was_made(tmp_path)
    progress = Silent()
    converter(own, "out.mp4", progress)
    assert "going on after 2 finished segments" in " ".join(progress.said)
    assert verify(tmp_path / "out.mp4").state == "ours"


@pytest.mark.parametrize("when", ["before", "after"])
def test_one_that_is_exchanged_while_it_is_signed_is_found(
    own, converter, tmp_path, monkeypatch, when
) -> None:
    shutil.copy(own.media, tmp_path / "copy.mp4")
    sign = releasing.sign

    def meddled(*args, **kwargs):
        if when == "after":
            sign(*args, **kwargs)
        swapped_for(own.media, tmp_path / "copy.mp4")()
        if when == "before":
            sign(*args, **kwargs)

    monkeypatch.setattr(releasing, "sign", meddled)
    with pytest.raises(MediaError, match="was replaced or changed"):
        converter(own, "out.mp4")
    told = [e.event for e in AuditLog(tmp_path / "audit.jsonl").entries()]
    assert told == ["converting", "failed"] and not (tmp_path / "out.mp4").exists()


def test_one_that_is_put_aside_and_back_while_it_is_signed_is_found(
    own, converter, tmp_path, monkeypatch
) -> None:
    sign = releasing.sign

    def meddled(*args, **kwargs):
        own.media.rename(tmp_path / "aside.mp4")
        (tmp_path / "aside.mp4").rename(own.media)
        sign(*args, **kwargs)

    monkeypatch.setattr(releasing, "sign", meddled)
    with pytest.raises(MediaError, match="was replaced or changed"):
        converter(own, "out.mp4")


def test_a_picture_of_a_folder_that_is_exchanged_is_found(
    people, extracted, converter, tmp_path, registry, monkeypatch
) -> None:
    monkeypatch.setattr(stage, "SEGMENT", 3)
    media = tmp_path / "stills"
    media.mkdir()
    for number, picture in enumerate(people.a[:6]):
        (media / f"{number}.png").write_bytes(encode_png(picture))
    options = ExtractOptions(size=96, min_face_px=30, workers=1)
    extract(ExtractInputs(media, tmp_path / "faces"), options, registry, Silent())
    footage = SimpleNamespace(
        media=media, faces=tmp_path / "faces", alignments=alignments_path(media)
    )
    other = encode_png(people.nobody)
    with pytest.raises(MediaError, match=r"1\.png: was replaced or changed"):
        converter(footage, "out", Meddler(lambda: (media / "1.png").write_bytes(other)))
    assert not (tmp_path / "out").exists()
