"""Footage that nobody extracted is converted by one command, as by two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.errors import Cancelled
from understudy.media.stills import read_image
from understudy.store.alignments import Alignments

SMALL = ("--no-score", "--source", "take2")


def pictures(folder: Path) -> Any:
    """(n, h, w, 3) what the pictures show; their bytes have a signature of a moment."""
    return np.stack([read_image(path) for path in sorted(folder.glob("*.png"))])


def test_one_command_makes_what_two_make(
    done: Any, understudy: Any, film: Any, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(done.folder)
    take = film(Path("take2.mp4"), list(people.a[2:7]), sound=False)
    understudy("add", done.project, take, "--person", "a").worked()
    understudy("convert", done.project, "-o", "fly", *SMALL).refused("take2")
    assert not Path("take2.alignments").exists()

    def cancelled(*_: object) -> None:
        raise Cancelled("stopped")

    with monkeypatch.context() as patch:
        patch.setattr("understudy.stages.extract.stage.stop_if_cancelled", cancelled)
        stopped = understudy("convert", done.project, "-o", "fly", "--on-the-fly", *SMALL)
        assert stopped.code not in (0, 1), stopped
    with Alignments.open(Path("take2.alignments"), read_only=True) as store:
        assert not store.finished
    understudy("convert", done.project, "-o", "fly", "--on-the-fly", *SMALL).worked()
    again = understudy("convert", done.project, "-o", "fly", "--on-the-fly", *SMALL).worked()
    assert "is complete" in again.err and "faces of" not in again.err

    understudy("extract", done.project, "take2", "--new").worked()
    understudy("convert", done.project, "-o", "plain", *SMALL).worked()
    assert len(pictures(Path("fly"))) == 5
    assert (pictures(Path("fly")) == pictures(Path("plain"))).all()


def test_it_is_refused_before_anything_is_looked_at(
    done: Any, understudy: Any, film: Any, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(done.folder)
    said = understudy("convert", done.project, "--all", "--on-the-fly")
    said.refused("--on-the-fly and --all", code=2)
    take = film(Path("take2.mp4"), list(people.a[2:4]), sound=False)
    understudy("add", done.project, take, "--person", "carl").worked()
    fly = ("convert", done.project, "-o", "fly", "--on-the-fly", "--cast", "b", *SMALL)
    understudy(*fly).refused("carl", code=3)
    assert not Path("take2.alignments").exists()
