"""A stranger's plug-in gets its flags without an edit of ours, and its values reach it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.plugin import registry as registry_module
from understudy.store.alignments import Alignments

RECORDS = """
from understudy.plugin import Plugin
PLUGINS = [
    Plugin("detect", "stranger", "stranger_parts:Detector", "finds one box",
           options="stranger_options:Options"),
]
"""
OPTIONS = """
from dataclasses import dataclass
from typing import Literal
from understudy.options import (check, option)

@dataclass(frozen=True)
class Options:
    min_face_px: int = option(40, "Smallest face.", low=12, high=4096, unit="px", handed=True)
    left_share: float = option(0.25, "Where the box begins.", low=0, high=1, result=True)
    shape: Literal["square", "tall"] = option("square", "What shape.", result=True)
    be_quick: bool = option(False, "Hurry.")
    limit: int | None = option(None, "How many.", low=1)

    def __post_init__(self):
        check(self)
"""
PARTS = """
import numpy as np
from understudy.types import Faces

SEEN = []

class Detector:
    def __init__(self, options=None):
        SEEN.append(options)

    def detect(self, frames):
        from understudy.detect.mediapipe import detector as m
        return m.MediapipeDetector().detect(frames)
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with an entry point, as an installer leaves it."""
    site = tmp_path / "site"
    about = site / "stranger-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\n")
    (about / "entry_points.txt").write_text(
        "[understudy.plugins]\nmine = stranger_records:PLUGINS\n"
    )
    for name, text in (("records", RECORDS), ("options", OPTIONS), ("parts", PARTS)):
        (site / f"stranger_{name}.py").write_text(text)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(registry_module, "_installed", None)
    yield
    monkeypatch.setattr(registry_module, "_installed", None)
    for name in [n for n in sys.modules if n.startswith("stranger")]:
        del sys.modules[name]


def help_of(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments], env={"COLUMNS": "180"})
    assert done.exit_code == 0, done.output
    return done.output


def test_help_all_shows_a_strangers_flags(stranger: None) -> None:
    text = help_of("extract", "--help-all")
    for said in (
        "Detector stranger",
        "--detect.stranger.left-share",
        "--no-detect.stranger.be-quick",
        "square|tall",
        "[default: 0.25]",
        "Detector mtcnn",
        "--mask.occlusion.parser",
    ):
        assert said in text, said
    assert "--detect.stranger.min-face-px" not in text
    short = help_of("extract", "--help")
    assert "Detector stranger" not in short
    assert "--help-all" in short and "--min-confidence" in short


def test_a_verb_of_several_stages_shows_the_common_options_first() -> None:
    short, whole = help_of("swap", "--help"), help_of("swap", "--help-all")
    assert short.count("\n") < 160 < 3 * short.count("\n") < whole.count("\n")
    for common in ("--minutes", "--model", "--match-colour", "--overwrite", "--crf", "--help-all"):
        assert common in short, common
    for seldom in ("--cut-threshold", "--refeed", "--min-confidence", "--detect.mtcnn"):
        assert seldom in whole and seldom not in short, seldom
    assert "--cut-threshold" in help_of("extract", "--help"), "a verb of one stage shows its own"


def test_a_short_flag_is_told_by_the_usual_plugin_and_takes_what_any_of_them_takes() -> None:
    """It had the words, and the range, of AV1, and refused H.264 without loss."""
    text = " ".join(help_of("convert", "--help").split())
    assert "--crf" in text and "[0<=x<=63]" in text
    assert "H.264 quality: lower is better" in text and "AV1 quality" not in text


def test_paragraphs_of_help_fill_the_width() -> None:
    text = help_of("swap", "--help")
    assert "to go on after an interruption, or to train longer. For several persons" in text
    assert "in minutes. In minutes" not in text.lower()


def test_a_strangers_values_reach_it_and_are_kept(stranger: None, place, understudy) -> None:
    def extract(*more: object) -> list[object]:
        base = ("extract", place.project, "a", place.a, "--detector", "stranger")
        return [*base, "--size", 96, "--min-face-px", 30, "--workers", 1, *more]

    given = ("--detect.stranger.left_share", 0.5, "--detect.stranger.limit", "none")
    understudy(*extract(*given, "--detect.stranger.be-quick")).worked()
    import stranger_parts

    (seen,) = stranger_parts.SEEN
    assert (seen.left_share, seen.limit, seen.be_quick) == (0.5, None, True)
    assert seen.min_face_px == 30, "the stage hands its own down"
    with Alignments.open(place.a.with_suffix(".alignments"), read_only=True) as store:
        step = store.source.step("detect", "stranger")
        assert step == {"left_share": 0.5, "shape": "square", "be_quick": True, "limit": None}
    understudy(*extract("--detect.stranger.left-share", 0.6)).refused(
        "detect.stranger.left_share 0.5", code=1
    )
    assert understudy(*extract("--detect.stranger.left-share", 7)).code == 2


def test_a_broken_options_module_ends_nothing(
    stranger: None, tmp_path: Path, place, understudy
) -> None:
    (tmp_path / "site" / "stranger_options.py").write_text("import nothing_that_is_there\n")
    text = help_of("extract", "--help-all")
    assert "Detector stranger" not in text and "Detector mtcnn" in text
    understudy("extract", place.project, "a", place.a, "--detector", "stranger").refused(
        "nothing_that_is_there", code=2
    )


def test_underscores_and_dashes_are_alike() -> None:
    for flag in ("--min-face-px", "--min_face_px"):
        done = CliRunner().invoke(app, ["extract", "p", "a", "m.mp4", flag, "1"])
        assert done.exit_code == 2 and "--min-face-px" in done.output
    done = CliRunner().invoke(app, ["extract", "p", "a", "m", "--detect.mtcnn.scale_factor", "9"])
    assert done.exit_code == 2 and "--detect.mtcnn.scale-factor" in done.output
