"""What all detectors do with real pictures; what dlib's network in PyTorch owes to dlib."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from understudy.detect.dlib.cnn import DlibCnnDetector, MmodNet
from understudy.detect.dlib.hog import DlibHogDetector
from understudy.detect.manifest import MMOD
from understudy.detect.options import DlibOptions
from understudy.errors import ValueRefused, WeightsError
from understudy.geometry.boxes import overlap, suppress
from understudy.plugin import default_registry
from understudy.weights.files import weights_bytes, weights_path

from .pictures import picture

Build = Callable[..., Any]
NAMES = [p.name for p in default_registry().of_kind("detect") if p.name != "file"]


@pytest.mark.parametrize("name", NAMES)
def test_grass_has_no_face(name: str, shared: Path, build: Build) -> None:
    grass = picture(shared / "media" / "stills" / "noface_grass.jpg")
    assert len(build(default_registry().get("detect", name)).detect([grass])[0]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_frames_of_any_size_and_no_other_arrays(name: str, build: Build) -> None:
    detector = build(default_registry().get("detect", name))
    for height, width in ((1, 1), (2, 300), (300, 2), (33, 65)):
        grey = np.full((height, width, 3), 128, np.uint8)
        assert len(detector.detect([grey])[0]) == 0
    for wrong in (np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32)):
        with pytest.raises(ValueRefused, match="expected \\(h, w, 3\\) uint8"):
            detector.detect([wrong])


@pytest.mark.parametrize(
    "name, key, reach_px", [("yunet", "yunet", 1350), ("retinaface", "retinaface", 640)]
)
def test_boxes_lie_where_independent_code_put_them(
    name: str, key: str, reach_px: int, shared: Path, build: Build
) -> None:
    detector = build(default_registry().get("detect", name), max_detection_px=reach_px)
    reference = json.loads((shared / "weights" / "reference_outputs.json").read_text())["images"]
    for file, outputs in reference.items():
        expected = next(v for k, v in outputs.items() if k.startswith(key))
        faces = detector.detect([picture(shared / "media" / file)])[0]
        assert len(faces) == len(expected), file
        if expected:
            boxes = np.array([e["box"] for e in expected])
            assert overlap(boxes, faces.boxes_xyxy).max(1).min() > 0.9, file
            assert np.abs(np.sort([e["score"] for e in expected])[::-1] - faces.scores).max() < 0.02


def test_the_network_in_pytorch_is_dlib_s(shared: Path) -> None:
    theirs = dlib.cnn_face_detection_model_v1(str(weights_path(MMOD)))
    ours = DlibCnnDetector()
    portrait = picture(shared / "media" / "stills" / "nasa_astronaut.png")
    for side in (240, 330):  # found at two scales
        small = cv2.resize(portrait[:320, 64:384], (side, side), interpolation=cv2.INTER_AREA)
        expected = list(theirs(small, 0))
        boxes, margins = ours.windows(small)
        found = suppress(boxes[margins > 0], margins[margins > 0], 0.338)
        assert len(expected) == len(found) == 1
        rect, best = expected[0].rect, margins[margins > 0][found[0]]
        assert abs(best - expected[0].confidence) < 1e-4
        whole = [rect.left(), rect.top(), rect.right(), rect.bottom()]
        assert np.abs(boxes[margins > 0][found[0]] - whole).max() <= 0.501


def test_a_cut_dlib_file_is_refused() -> None:
    data = weights_bytes(MMOD)
    for stop in (0, 400, 6000, len(data) - 4000):
        with pytest.raises(WeightsError, match="dlib network"):
            MmodNet.from_bytes(data[:stop])


def test_dlib_s_own_detector_answers_through_ours(shared: Path) -> None:
    still = picture(shared / "media" / "stills" / "nasa_astronaut.png")
    rects, margins, _ = dlib.get_frontal_face_detector().run(
        cv2.cvtColor(still, cv2.COLOR_RGB2GRAY), 0, 0.0
    )
    faces = DlibHogDetector(DlibOptions(min_face_px=80)).detect([still])[0]
    assert len(faces) == len(rects) == 1
    assert np.allclose(faces.scores, 1 / (1 + np.exp(-np.array(margins))))
    centre = (faces.boxes_xyxy[0, :2] + faces.boxes_xyxy[0, 2:]) / 2
    assert abs(centre[0] - (rects[0].left() + rects[0].right() + 1) / 2) < 1e-9
    assert rects[0].top() < centre[1] < rects[0].bottom()
    small = DlibHogDetector(DlibOptions(min_face_px=200)).detect([still])[0]
    assert len(small) == 0, "faces below min_face_px are not looked for"
