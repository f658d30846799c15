"""MTCNN: the weights are the published ones, and frames of any size are safe."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import cv2
import joblib
import lz4.frame
import numpy as np
import pytest
import torch

from understudy.detect.manifest import ONET, PNET, RNET
from understudy.detect.mtcnn import nets as mtcnn_nets
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.detect.options import MtcnnOptions
from understudy.errors import ValueRefused, WeightsError
from understudy.geometry.boxes import overlap
from understudy.weights import opening


def picture(path: Path) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    return MtcnnDetector()


@pytest.mark.parametrize("size_hw", [(1, 1), (2, 900), (900, 2), (11, 12), (39, 41), (1200, 1300)])
def test_frames_of_any_size_without_a_face(
    detector: MtcnnDetector, size_hw: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), np.uint8)
    assert len(detector.detect([noise])[0]) == 0


@pytest.mark.parametrize("shape, dtype", [((8, 8), "u1"), ((8, 8, 4), "u1"), ((8, 8, 3), "f4")])
def test_other_arrays_are_refused(
    detector: MtcnnDetector, shape: tuple[int, ...], dtype: str
) -> None:
    with pytest.raises(ValueRefused, match="expected \\(h, w, 3\\) uint8"):
        detector.detect([np.zeros(shape, dtype)])


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueRefused, match="min_face_px"):
        MtcnnOptions(min_face_px=3)


def test_an_unpickled_name_outside_the_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return print, ("this code ran",)

    for hidden in (pickle.dumps([Harmful()]), _dumped(np.array([Harmful()], object))):
        packed = lz4.frame.compress(hidden)
        monkeypatch.setattr(opening, "weights_bytes", lambda _, packed=packed: packed)
        with pytest.raises(WeightsError, match="refuses to load"):
            mtcnn_nets.read_arrays(PNET)


def _dumped(value: object) -> bytes:
    stream = io.BytesIO()
    joblib.dump(value, stream)
    return stream.getvalue()


def test_weights_equal_the_published_torch_files(shared: Path) -> None:
    nets = mtcnn_nets.load_nets(PNET, RNET, ONET, torch.device("cpu"))
    for name, net in zip(("pnet", "rnet", "onet"), nets, strict=True):
        file = shared / "weights" / f"mtcnn_{name}.pt"
        published = torch.load(file, weights_only=True, map_location="cpu").values()
        for tensor in net.state_dict().values():
            assert any(torch.equal(tensor, p) for p in published if p.shape == tensor.shape)


def test_real_faces_lie_where_another_cascade_found_them(
    detector: MtcnnDetector, shared: Path
) -> None:
    reference = json.loads((shared / "weights" / "reference_outputs.json").read_text())["images"]
    for file, outputs in reference.items():
        expected = next(v for k, v in outputs.items() if k.startswith("mtcnn"))
        faces = detector.detect([picture(shared / "media" / file)])[0]
        assert len(faces) == len(expected), file
        if expected:
            boxes = np.array([e["box"] for e in expected])
            assert overlap(boxes, faces.boxes_xyxy).max(1).min() > 0.75, file
            assert faces.scores.min() > 0.95, file
