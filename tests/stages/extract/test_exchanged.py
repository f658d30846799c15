"""A film that is exchanged while its faces are looked for: who is not in it is not said to be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.errors import MediaError
from understudy.flow import Silent
from understudy.stages.extract import stage
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.store.alignments import Alignments, alignments_path

OPTIONS = ExtractOptions(size=96, min_face_px=30, workers=1)


class Meddler(Silent):
    """Does something once the first window is kept."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act: Callable[[], object] | None = act
        super().__init__()

    def metric(self, name: str, value: float, *, step: int, **_: Any) -> None:
        if step and self._act is not None:
            act, self._act = self._act, None
            act()


def renamed(media: Path, other: Path) -> None:
    shutil.copy(other, media.with_name("other"))
    media.with_name("other").replace(media)


def rewritten(media: Path, other: Path) -> None:
    with media.open("r+b") as file:
        file.write(other.read_bytes())
        file.truncate()


def cut(media: Path, _: Path) -> None:
    os.truncate(media, media.stat().st_size // 3)


@pytest.mark.parametrize("exchange", [renamed, rewritten, cut])
def test_no_face_is_kept_that_was_found_after_the_exchange(
    films, registry, tmp_path, monkeypatch, exchange
) -> None:
    monkeypatch.setattr(stage, "WINDOW", 6)
    media, faces = tmp_path / "a.mp4", tmp_path / "faces"
    shutil.copy(films.a, media)
    meddler = Meddler(lambda: exchange(media, films.b))
    with pytest.raises(MediaError, match=r"a\.mp4: was replaced or changed while its faces were"):
        extract(ExtractInputs(media, faces), OPTIONS, registry, meddler)
    with Alignments.open(alignments_path(media), read_only=True) as store:
        assert not store.finished
        rows, _, found = store.counts()
    assert 0 < rows < 24, "what was read before is kept, and nothing else"
    assert len(list(faces.glob("*.png"))) == found, "no picture lies there that nobody vouches for"
    shutil.copy2(films.a, media)
    report = extract(ExtractInputs(media, faces), OPTIONS, registry, Silent())
    assert report.frames == 24, "put back, it goes on"
