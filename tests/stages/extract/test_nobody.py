"""Where no face is found, what was seen otherwise is said, and the advice given helps."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.errors import NoFaces
from understudy.flow import Silent
from understudy.plugin import Plugin, Registry, default_registry
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.types import Faces

BASE: dict[str, Any] = {
    "size": 64,
    "min_face_px": 30,
    "workers": 1,
    "embedder": "none",
    "masks": "extended",
}


def told(film: Path, tmp_path: Path, registry: Registry | None = None, **options: Any) -> str:
    chosen, registry = ExtractOptions(**{**BASE, **options}), registry or default_registry()
    with pytest.raises(NoFaces) as error:
        extract(ExtractInputs(film, tmp_path / "faces"), chosen, registry, Silent())
    return str(error.value)


def found(film: Path, tmp_path: Path, **options: Any) -> int:
    chosen = ExtractOptions(**{**BASE, "new": True, **options})
    inputs = ExtractInputs(film, tmp_path / "faces")
    return extract(inputs, chosen, default_registry(), Silent()).frames_with_faces


def far(pictures: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Somebody a quarter as large, in a room without anybody else."""
    small = np.stack([p[::3, ::3] for p in pictures])
    return [np.pad(p, ((60, 60), (80, 80), (0, 0)), "edge") for p in small]


def test_a_film_upside_down(people, film, tmp_path):
    pytest.importorskip("dlib")
    pictures = [np.rot90(people.a[0], 2).copy()] * 6
    path = film(tmp_path / "turned.mp4", pictures, sound=False)
    # a detector of upright faces, as most are
    words = told(path, tmp_path, detector="dlib-hog")
    assert "show faces upside down: --rotate 180" in words and "--new" in words
    assert found(path, tmp_path, detector="dlib-hog", rotate="180") == 6


def test_faces_smaller_than_was_asked_for(people, film, tmp_path):
    path = film(tmp_path / "far.mp4", far(people.a[:6]), sound=False)
    words = told(path, tmp_path, min_face_px=60)
    assert "show faces of about" in words and "--min-confidence" not in words
    least = int(words.partition("--min-face-px ")[2].partition(";")[0])
    assert found(path, tmp_path, min_face_px=least) == 6


def test_faces_that_filters_left_out(people, film, tmp_path):
    path = film(tmp_path / "large.mp4", list(people.a[:6]), sound=False)
    words = told(path, tmp_path, max_distance=0.01)
    assert "mediapipe finds and that were left out" in words
    assert "leave out or loosen --max-distance" in words and "--rotate" not in words


class Blind:
    """Sees nothing."""

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[Faces]:
        return [Faces.none() for _ in frames]


def test_faces_that_another_detector_sees(people, film, tmp_path, monkeypatch):
    module: Any = types.ModuleType("tests_blind")
    module.Blind = Blind
    monkeypatch.setitem(sys.modules, module.__name__, module)
    known = default_registry()
    kinds = ("detect", "align", "mask", "embed")
    blind = Plugin("detect", "blind", "tests_blind:Blind", "sees nothing")
    registry = Registry([blind, *(p for kind in kinds for p in known.of_kind(kind))])
    path = film(tmp_path / "seen.mp4", list(people.a[:6]), sound=False)
    words = told(path, tmp_path, registry, detector="blind")
    assert "which blind does not see: --detector mediapipe" in words
    assert found(path, tmp_path, detector="mediapipe") == 6


@pytest.mark.parametrize(
    ("level", "says"),
    [(None, "it may be no film of a person"), (4, "nearly black"), (128, "of one colour")],
)
def test_a_film_of_nobody(people, film, tmp_path, level, says):
    picture = people.nobody if level is None else np.full_like(people.nobody, level)
    if level == 4:
        picture = (people.nobody // 16).astype(np.uint8)
    path = film(tmp_path / "nobody.mp4", [picture] * 6, sound=False)
    words = told(path, tmp_path)
    assert "6 frames were looked at again" in words  # few are all looked at
    assert says in words and "--rotate" not in words and "--min-face-px" not in words
