"""Two films of one stem have two alignments files, and a file that is there is found again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from understudy.store.alignments import Alignments, SourceRecord, alignments_path


def extracted(media: Path) -> Path:
    """Make a film's alignments file, where it belongs."""
    record = SourceRecord(media.name, f"sha256:{media.name}", 64, 48, Fraction(1, 25), 1)
    path = alignments_path(media)
    Alignments.open(path, create=record).close()
    return path


@pytest.fixture
def take(tmp_path: Path) -> Path:
    (tmp_path / "take").mkdir()
    for name in ("take.mp4", "take.mov", "take.png"):
        (tmp_path / name).write_bytes(b"film")
    return tmp_path / "take.mp4"


@pytest.mark.parametrize("first", ["take.mp4", "take.mov", "take.png", "take"])
def test_each_source_of_one_stem_has_its_own_file(take: Path, first: str) -> None:
    rest = [n for n in ("take.mp4", "take.mov", "take.png", "take") if n != first]
    made = {name: extracted(take.with_name(name)) for name in (first, *rest)}
    assert made[first].name == "take.alignments", "whoever comes first has the short name"
    assert len(set(made.values())) == 4
    folder = "take.alignments" if first == "take" else "take.folder.alignments"
    assert made["take"].name == folder
    for name, path in made.items():
        assert alignments_path(take.with_name(name)) == path
        with Alignments.open(path, read_only=True) as store:
            assert store.source.name == name


def test_a_film_that_was_renamed_with_its_file_keeps_it(take: Path) -> None:
    before = extracted(take)
    after = take.with_name("other.mp4")
    take.rename(after)
    before.rename(after.with_suffix(".alignments"))
    assert alignments_path(after) == after.with_suffix(".alignments")


def test_what_cannot_be_read_is_not_passed_over(take: Path) -> None:
    """Whoever opens it says what is wrong; a second file beside it would hide that."""
    take.with_suffix(".alignments").write_bytes(b"no database")
    assert alignments_path(take) == take.with_suffix(".alignments")
