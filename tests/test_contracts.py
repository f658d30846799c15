"""Every registered detector, aligner, masker and embedder keeps to its kind's contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from understudy.actors import Shot, portraits
from understudy.media.stills import natural_key, read_image
from understudy.plugin import KINDS, Plugin, default_registry
from understudy.testing.contracts import CHECKS
from understudy.types import Alignment, Faces, Frame, Timestamp
from understudy.types.frame import frame_space

SIZE_WH = (320, 180)
Build = Callable[..., Any]


def of_kind(kind: str) -> list[Plugin]:
    return default_registry().of_kind(kind)


def name(plugin: Plugin) -> str:
    return plugin.name


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    return portraits(2, size_wh=SIZE_WH)


@pytest.fixture(scope="module")
def detected(shots: list[Shot]) -> Faces:
    return default_registry().create("detect", "mtcnn").detect([shots[0].pixels])[0]


@pytest.fixture(scope="module")
def alignment(shots: list[Shot]) -> Alignment:
    return Alignment.fit(shots[0].landmarks, frame_space(*SIZE_WH))


@pytest.mark.parametrize("plugin", of_kind("detect"), ids=name)
def test_detectors(plugin: Plugin, shots: list[Shot], build: Build) -> None:
    if plugin.name == "file":
        pytest.skip("looks at no pixels; see tests/detect/test_from_file.py")
    CHECKS["detect"](build(plugin), [shot.pixels for shot in shots])


@pytest.mark.parametrize("plugin", of_kind("align"), ids=name)
def test_aligners(plugin: Plugin, shots: list[Shot], detected: Faces, build: Build) -> None:
    CHECKS["align"](build(plugin), shots[0].pixels, detected)


@pytest.mark.parametrize("plugin", of_kind("align"), ids=name)
def test_aligners_find_the_rendered_points(
    plugin: Plugin, shots: list[Shot], detected: Faces, build: Build
) -> None:
    truth = shots[0].landmarks
    landmarks = build(plugin).align(shots[0].pixels, detected).landmarks[0]
    error = np.linalg.norm(landmarks - truth, axis=1)[17:].mean()
    assert error < 0.06 * np.linalg.norm(truth[45] - truth[36])


@pytest.mark.parametrize("plugin", of_kind("mask"), ids=name)
def test_maskers(plugin: Plugin, shots: list[Shot], alignment: Alignment, build: Build) -> None:
    CHECKS["mask"](build(plugin), shots[0].pixels, alignment)


@pytest.mark.parametrize("plugin", of_kind("embed"), ids=name)
def test_embedders(plugin: Plugin, shots: list[Shot], alignment: Alignment, build: Build) -> None:
    CHECKS["embed"](build(plugin), shots[0].pixels, [alignment])


@pytest.mark.parametrize("plugin", of_kind("enhance"), ids=name)
def test_enhancers(plugin: Plugin, build: Build) -> None:
    if plugin.name == "onnx":
        pytest.skip("has no file of its own; see tests/enhance/test_onnx.py")
    CHECKS["enhance"](build(plugin))


@pytest.mark.parametrize("plugin", of_kind("colour"), ids=name)
def test_colour_matchers(plugin: Plugin, build: Build) -> None:
    CHECKS["colour"](build(plugin))


@pytest.mark.parametrize("plugin", of_kind("write"), ids=name)
def test_writers(plugin: Plugin, tmp_path: Path) -> None:
    # DNxHR begins at 256x120
    size_wh = (256, 120) if plugin.name == "dnxhr" else (64, 48)
    read = {"exr": read_exrs, "patch": read_patches, "webp": read_webp}.get(plugin.name)
    CHECKS["write"](plugin.load(), tmp_path, size_wh=size_wh, read=read)


def read_exrs(folder: Path) -> list[Frame]:
    """OpenEXR in linear light, back as 8 bits of Rec. 709."""
    found = []
    for number, path in enumerate(sorted(folder.glob("*.exr"), key=lambda p: natural_key(p.name))):
        with av.open(str(path)) as file:
            light = next(file.decode(video=0)).to_ndarray(format="gbrpf32le")
        encoded = np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)
        pixels = np.clip(255 * encoded, 0, 255).round().astype(np.uint8)
        found.append(Frame(Timestamp(number, number, Fraction(1, 25)), pixels, path.name))
    return found


def read_webp(path: Path) -> list[Frame]:
    """Animated WebP, which FFmpeg does not read, by OpenCV."""
    done, found = cv2.imreadanimation(str(path))
    assert done
    starts = np.concatenate([[0], np.cumsum(found.durations)]).tolist()
    return [
        Frame(Timestamp(n, starts[n], Fraction(1, 1000)), bgr[..., 2::-1].copy(), path.name)
        for n, bgr in enumerate(found.frames)
    ]


def read_patches(folder: Path) -> list[Frame]:
    """Faces that are as large as their frames."""
    found = []
    for path in sorted(folder.glob("*.json"), key=lambda p: natural_key(p.name)):
        plain = json.loads(path.read_text())
        (face,) = plain["faces"]
        assert face["frame_from_patch"] == np.eye(3).tolist()
        at = Timestamp(plain["frame"], plain["pts"], Fraction(plain["time_base"]))
        found.append(Frame(at, read_image(folder / face["picture"]), path.name))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_records_of_weights_are_whole(kind: str) -> None:
    for plugin in of_kind(kind):
        for weights in plugin.weights:
            known = len(weights.sha256) == 64 and (weights.size > 0 or weights.url != "")
            assert known or (weights.sha256 == "" and weights.url), "neither known nor fetchable"
            assert weights.license and weights.origin
            if weights.package:
                assert weights.path and weights.wheel is None
            elif weights.wheel is not None:
                assert weights.path and len(weights.wheel.sha256) == 64
