from __future__ import annotations

import os
from pathlib import Path

import pytest

from understudy.errors import ValueRefused
from understudy.studio.places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "films").mkdir()
    (tmp_path / "films-other").mkdir()
    (tmp_path / "secret.txt").write_text("no")
    return Places([tmp_path / "films"])


@pytest.mark.parametrize(
    "words",
    [
        "..",
        "../secret.txt",
        "/etc/passwd",
        "a/../../secret.txt",
        "../films-other",
        "",
        "a\0b",
        "~/x",
    ],
)
def test_what_lies_outside_is_refused(places: Places, words: str) -> None:
    if words == "~/x":  # no shell: a folder called ~
        assert places.path(words) == places.roots[0] / "~" / "x"
        return
    with pytest.raises(ValueRefused):
        places.path(words)


def test_a_link_leads_nowhere(places: Places, tmp_path: Path) -> None:
    (places.roots[0] / "link").symlink_to(tmp_path)
    os.link(tmp_path / "secret.txt", places.roots[0] / "hard")  # the same file by a name in it
    with pytest.raises(ValueRefused, match="outside"):
        places.path("link/secret.txt")
    assert not places.holds(places.roots[0] / "link")
    assert places.path("hard").is_file()


def test_what_lies_inside_is_taken(places: Places) -> None:
    root = places.roots[0]
    assert places.path("new/film.mp4") == root / "new" / "film.mp4"
    assert places.path(root / "x") == root / "x"
    assert places.words(root / "x") == "x"


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueRefused, match="no such folder"):
        Places([tmp_path / "missing"])
    with pytest.raises(ValueRefused, match="at least one"):
        Places([])
