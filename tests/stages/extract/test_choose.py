"""What `auto` takes, and what is said where it can take nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from understudy.errors import WeightsError
from understudy.flow import Silent
from understudy.plugin import Plugin, Registry, Weights, default_registry
from understudy.stages.extract.choose import resolved
from understudy.stages.extract.options import ExtractOptions


def _absent(name: str, **more: str) -> Weights:
    return Weights(name, "0" * 64, 1, "MIT", True, "a test", **more)


def _registry(detector: Plugin, last: Plugin) -> Registry:
    known = default_registry()
    return Registry([detector, last, *known.of_kind("align")])


DETECTOR = Plugin("detect", "mediapipe", "a:B", "", weights=(_absent("net", url="http://x/net"),))
LAST = Plugin(
    "detect",
    "mtcnn",
    "a:B",
    "",
    weights=(_absent("old.lz4", package="no_such_package", path="old.lz4"),),
    extra="legacy",
    requires=("no_such_package",),
)


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ExtractOptions:
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path))
    return ExtractOptions(aligner="dlib68")


def test_without_any_detector_both_reasons_are_given(options: ExtractOptions) -> None:
    with pytest.raises(WeightsError) as caught:
        resolved(options, _registry(DETECTOR, LAST), None, Silent())
    said = str(caught.value)
    assert "mediapipe cannot be used: not fetched: net: UNDERSTUDY_OFFLINE is set" in said
    assert "last resort: detect plug-in 'mtcnn' needs no_such_package, not installed" in said
    assert "pip install 'understudy[legacy]'" in said


def test_a_last_resort_whose_package_is_missing_is_no_resort(options: ExtractOptions) -> None:
    missing = replace(LAST, weights=(), requires=(), target="no_such_package.parts:Detector")
    with pytest.raises(WeightsError, match=r"last resort: .*pip install 'understudy\[legacy\]'"):
        resolved(options, _registry(DETECTOR, missing), None, Silent())


def test_the_last_resort_is_taken_and_said(options: ExtractOptions) -> None:
    progress = Silent()
    usable = replace(LAST, weights=(), requires=(), target="pathlib:Path")
    assert resolved(options, _registry(DETECTOR, usable), None, progress).detector == "mtcnn"
    assert progress.warned == ["last-resort"]
