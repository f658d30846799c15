"""What `auto` takes, and what is said where it can take nothing."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.errors import WeightsError
from understudy.flow import Silent
from understudy.plugin import Plugin, Registry, Weights, Wheel, default_registry
from understudy.stages.extract.choose import resolved
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.source import whose


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


def test_an_archive_that_carries_weights_of_several_is_fetched_once(
    options: ExtractOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """34 MiB for the detector, and the same 34 MiB again for the landmarks."""
    numbers = {name: name.encode() * 50 for name in ("found.tflite", "points.tflite")}
    wheel = _archive(tmp_path / "index", numbers)
    records = {
        name: Weights(
            name,
            hashlib.sha256(data).hexdigest(),
            len(data),
            *("MIT", True, "a test"),
            path=f"heavy/{name}",
            wheel=wheel,
        )
        for name, data in numbers.items()
    }
    registry = Registry(
        [
            Plugin("detect", "mediapipe", "a:B", "", weights=(records["found.tflite"],)),
            Plugin("align", "mediapipe", "a:B", "", weights=(records["points.tflite"],)),
        ]
    )
    monkeypatch.delenv("UNDERSTUDY_OFFLINE")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    progress = Silent()
    decided = resolved(replace(options, aligner="auto"), registry, None, progress)
    assert (decided.detector, decided.aligner) == ("mediapipe", "mediapipe")
    assert len([words for words in progress.said if " out of heavy-models==1.0" in words]) == 1


def _archive(index: Path, members: dict[str, bytes]) -> Wheel:
    index.mkdir()
    path = index / "heavy_models-1.0-cp311-cp311-win_amd64.whl"
    with zipfile.ZipFile(path, "w") as zipped:
        for name, data in members.items():
            zipped.writestr(f"heavy/{name}", data)
        about = "Metadata-Version: 2.1\nName: heavy-models\nVersion: 1.0\n"
        zipped.writestr("heavy_models-1.0.dist-info/METADATA", about)
        zipped.writestr("heavy_models-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Wheel("heavy-models==1.0", "win_amd64", "3.11", digest, len(data))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ("a.mp4", "made from a.mp4 as it was before: the film changed since, or was replaced"),
        ("a.mov", "belongs to a.mov; a.mp4 is another film, though named alike but for its ending"),
        ("b.mp4", r"belongs to another film \(b.mp4\), not to a.mp4"),
    ],
)
def test_whose_alignments_they_are_is_said(known: str, words: str) -> None:
    assert re.fullmatch(words, whose(known, "a.mp4").removeprefix("was "))
