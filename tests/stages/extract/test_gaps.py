"""What an extraction could not be sure of is said: frames without a face, doubtful landmarks."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from numpy.typing import NDArray

from understudy.detect.mediapipe.detector import MediapipeDetector
from understudy.flow import Silent
from understudy.plugin import Plugin, Registry, default_registry
from understudy.stages.extract.gaps import gaps_of, unsure
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.types import Faces

OPTIONS: dict[str, Any] = {
    "size": 64,
    "min_face_px": 30,
    "workers": 1,
    "embedder": "none",
    "masks": "extended",
    "every_frame": True,
}


def words_of(progress: Silent, code: str) -> str:
    (event,) = [e for e in progress.events if e.code == code]
    return event.text


class Halting(MediapipeDetector):
    """Sees no face in pictures that are marked in a corner, as if it were turned too far there."""

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        found = super().detect(frames)
        marked = [frame[:6, :6].mean() > 240 for frame in frames]
        return [Faces.none() if lost else f for lost, f in zip(marked, found, strict=True)]


@pytest.fixture
def halting(monkeypatch) -> Registry:
    module: Any = types.ModuleType("tests_halting")
    module.Halting = Halting
    monkeypatch.setitem(sys.modules, module.__name__, module)
    known = default_registry()
    kinds = ("detect", "align", "mask", "embed")
    plugin = Plugin("detect", "halting", "tests_halting:Halting", "misses some")
    return Registry([plugin, *(p for kind in kinds for p in known.of_kind(kind))])


def test_frames_that_another_detector_sees_a_face_in(people, film, tmp_path, halting):
    pictures = [p.copy() for p in people.a[:12]]
    for picture in pictures[3:8]:
        picture[:10, :10] = 255
    path = film(tmp_path / "turned.mp4", pictures, sound=False)
    progress = Silent()
    options = ExtractOptions(**OPTIONS, detector="halting")
    extract(ExtractInputs(path, tmp_path / "faces"), options, halting, progress)
    words = words_of(progress, "frames-without-faces")
    assert "5 frames in shots with faces, but without one, stay as filmed: 3-7" in words
    assert "show a face to mediapipe" in words and "--detector mediapipe --new" in words


def test_frames_that_nobody_sees_a_face_in(people, film, tmp_path):
    pictures = [*people.a[:3], *[people.nobody] * 5, *people.a[3:6], *[people.nobody] * 4]
    path = film(tmp_path / "away.mp4", pictures, sound=False)
    progress = Silent()
    options = ExtractOptions(**OPTIONS)
    extract(ExtractInputs(path, tmp_path / "faces"), options, default_registry(), progress)
    words = words_of(progress, "frames-without-faces")
    assert "5 frames" in words and "3-7" in words and "--detector" not in words


def test_gaps_lie_within_a_shot():
    assert gaps_of(range(10), [2, 3, 7], []) == [4, 5, 6]
    assert gaps_of(range(10), [2, 3, 7], [0, 5]) == []
    assert gaps_of(range(10), [2, 4, 5, 8], [0, 5]) == [3, 6, 7]
    assert gaps_of(range(0, 10, 2), [2, 8], [0]) == [4, 6]
    assert gaps_of(range(4), [], [0]) == []


def test_doubtful_landmarks_are_named(make):
    sure, doubtful = make.face(0, 0), make.face(1, 0)
    sure = replace(sure, quality={"presence": 0.9})
    doubtful = replace(doubtful, quality={"presence": 0.3})
    assert unsure([[sure], [doubtful], [replace(sure, quality={})]]) == [doubtful.id]
