"""Chips lie where ArcFace wants them; its networks give the published numbers and tell people."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from understudy.align.dlib68 import Dlib68Aligner
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.embed.chips import arcface_chips, chip_from_frame, of_length_one
from understudy.embed.iresnet import IResNet
from understudy.errors import WeightsError
from understudy.geometry import five_points
from understudy.geometry.templates import MEAN_FACE_51
from understudy.nn.published import filled
from understudy.plugin import default_registry
from understudy.types import Alignment
from understudy.types.frame import frame_space

Build = Callable[..., Any]


def face(scale: float, shift: tuple[float, float]) -> Alignment:
    points = np.vstack([np.zeros((17, 2)), MEAN_FACE_51]) * scale + shift
    return Alignment.fit(points, frame_space(320, 240))


def test_the_five_points_come_to_their_places() -> None:
    alignment = face(90.0, (110.0, 70.0))
    placed = chip_from_frame(alignment).points(five_points(alignment.landmarks))
    template = (
        np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]]) + 0.5
    )
    assert np.abs(placed - template).max() < 3.0
    assert np.abs((placed - template).mean(0)).max() < 0.1


def test_a_chip_is_the_same_wherever_the_face_lies() -> None:
    rng = np.random.default_rng(0)
    frame = cv2.GaussianBlur(rng.integers(0, 256, (240, 320, 3), np.uint8), (0, 0), 4)
    here, there = face(90.0, (110.0, 70.0)), face(90.0, (130.0, 82.0))
    moved = np.roll(frame, (12, 20), (0, 1))
    a, b = arcface_chips(frame, [here])[0], arcface_chips(moved, [there])[0]
    assert np.abs(a.astype(int) - b).max() <= 1


def test_distance_tells_the_cosine() -> None:
    a, b = of_length_one(np.array([[3.0, 0.0], [5.0, 5.0]]))
    assert 1 - np.linalg.norm(a - b) ** 2 / 2 == pytest.approx(np.sqrt(0.5), abs=1e-6)


@pytest.mark.parametrize("depth", [18, 50])
def test_iresnet_equals_the_published_module(shared: Path, depth: int) -> None:
    golden = _golden()
    folder = shared / "weights/golden"
    data = io.BytesIO()
    torch.save(golden.made_up_weights(folder / f"arcface_iresnet{depth}.keys.json"), data)
    net = filled(IResNet(depth), data.getvalue(), "made up").eval()
    with torch.inference_mode():
        found = net(golden.uniform((2, 3, 112, 112), 0) * 2 - 1).numpy()
    expected = np.load(folder / f"arcface_iresnet{depth}.golden.npz")["out"]
    assert np.abs(found - expected).max() < 1e-4


def test_files_that_do_not_fit_are_refused() -> None:
    data = io.BytesIO()
    torch.save({"conv1.weight": torch.zeros(1)}, data)
    with pytest.raises(WeightsError, match="does not hold the network IResNet: it is without"):
        filled(IResNet(18), data.getvalue(), "other.pth")
    torch.save([torch.zeros(1)], listed := io.BytesIO())
    for wrong in (b"", b"not a file of tensors", data.getvalue()[:200], listed.getvalue()):
        with pytest.raises(WeightsError, match=r"x\.pth"):
            filled(IResNet(18), wrong, "x.pth")


def test_mobilefacenet_gives_the_reference_vectors(shared: Path, build: Build) -> None:
    plugin = default_registry().get("embed", "mobilefacenet")
    embedder = build(plugin)
    references = json.loads((shared / "weights/reference_outputs.json").read_text())["images"]
    detector, aligner = MtcnnDetector(), Dlib68Aligner()
    found = []
    for name in ("stills/stockA_01.jpg", "stills/stockA_03.jpg", "landmarks/lfpw_0004.png"):
        frame = np.ascontiguousarray(cv2.imread(str(shared / "media" / name))[:, :, ::-1])
        faces = aligner.align(frame, detector.detect([frame])[0])
        space = frame_space(frame.shape[1], frame.shape[0])
        vector = embedder.embed(frame, [Alignment.fit(faces.landmarks[0], space)])[0]
        (expected,) = (v for k, v in references[name].items() if k.startswith("mobilefacenet"))
        # The reference took its five points from another detector.
        assert vector @ np.array(expected) > 0.93, name
        found.append(vector)
    one, same, other = found
    assert np.linalg.norm(one - same) < embedder.same_person_below
    assert np.linalg.norm(one - other) > embedder.same_person_below


def _golden() -> Any:
    spec = importlib.util.spec_from_file_location("golden", Path(__file__).parents[1] / "golden.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
