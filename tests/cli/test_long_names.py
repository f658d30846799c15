"""Names that no file can have are refused in words, before anything is looked up or made."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import StoreError, ValueRefused
from understudy.events import failure
from understudy.runs.binding import typed
from understudy.store.atomic import commit_bytes

LONG = "n" * 300
DEEP = "/".join(["d" * 200] * 25)


@pytest.mark.parametrize(
    "words",
    [
        ("swap", f"{LONG}.mp4", "b.mp4", "-o", "o.mp4"),
        ("swap", "a.mp4", "b.mp4", "-o", f"{LONG}.mp4"),
        ("swap", "a.mp4", f"{DEEP}.mp4", "-o", "o.mp4"),
        ("add", "p", f"{LONG}.mp4", "--person", "a"),
        ("extract", LONG),
        ("train", LONG),
        ("convert", LONG, "-o", "o.mp4"),
        ("verify", DEEP),
        ("verify", f"{LONG}.mp4"),
        ("forget", LONG, "--person", "a"),
        ("consent", "p", "--file", f"{LONG}.toml"),
        ("alignments", "info", f"{LONG}.mp4"),
        ("import", f"{LONG}.json", "--media", "a.mp4"),
        ("export", "a.mp4", "-o", f"{LONG}.json"),
        ("demo", "--out", LONG),
        ("score", LONG),
        ("mask", LONG),
        ("cast", "show", LONG),
    ],
)
def test_a_name_too_long_for_any_file(understudy, tmp_path, monkeypatch, words) -> None:
    monkeypatch.chdir(tmp_path)
    said = understudy(*words)
    said.refused("bytes long", "give a shorter one", code=2)
    assert len(said.err) < 400 and "check the disk" not in said.err
    assert not [path for path in tmp_path.iterdir() if path.name != "home"]


def test_a_name_too_long_for_a_job_is_refused_where_it_is_added() -> None:
    with pytest.raises(ValueRefused, match="300 bytes long"):
        typed(Path, LONG, "project")


def test_what_the_system_says_of_a_long_name_is_told_in_words(tmp_path) -> None:
    with pytest.raises(OSError, match="too long") as found:
        Path(tmp_path / LONG).stat()
    said = failure(found.value, "verify").text
    assert "give a shorter name" in said and len(said) < 320
    with pytest.raises(StoreError, match="choose a shorter one"):
        commit_bytes(tmp_path / LONG, b"x")
