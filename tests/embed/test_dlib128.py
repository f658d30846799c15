"""dlib's network in PyTorch gives dlib's numbers; its file is read with care."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.align.dlib68 import Dlib68Aligner
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.embed.dlib128.chip import face_chip
from understudy.embed.dlib128.embedder import Dlib128Embedder
from understudy.embed.dlib128.resnet import DlibResNet
from understudy.embed.manifest import RESNET_128
from understudy.errors import WeightsError
from understudy.geometry.templates import MEAN_FACE_51
from understudy.types import Alignment
from understudy.types.frame import frame_space
from understudy.weights.files import weights_bytes, weights_path


def looks() -> list[tuple[np.ndarray, Alignment]]:
    """Faces of many sizes: upright, turned, and cut off by the frame's edge."""
    rng = np.random.default_rng(0)
    frame = cv2.GaussianBlur(rng.integers(0, 256, (700, 900, 3), np.uint8), (0, 0), 4) * 3
    points = np.vstack([np.zeros((17, 2)), MEAN_FACE_51]) - 0.5
    found = []
    for side, degrees, at in (
        (60, 0, (300, 300)),
        (90, 25, (150, 150)),
        (90, -40, (30, 660)),
        (230, 10, (450, 350)),
        (230, 100, (850, 40)),
        (480, -15, (450, 350)),
        (900, 5, (100, 600)),
    ):
        turn = cv2.getRotationMatrix2D((0, 0), degrees, side)[:, :2]
        found.append((frame, Alignment.fit(points @ turn.T + at, frame_space(900, 700))))
    return found


def test_chips_are_those_of_dlib() -> None:
    dlib = pytest.importorskip("dlib")
    for frame, face in looks():
        parts = [dlib.point(int(x), int(y)) for x, y in np.rint(face.landmarks - 0.5)]
        theirs = dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), parts)
        expected = dlib.get_face_chip(frame, theirs, size=150, padding=0.25)
        apart = np.abs(face_chip(frame, face).astype(int) - expected)
        assert apart.max() <= 1 and (apart > 0).mean() < 0.02


def test_a_face_beyond_the_frame_is_black() -> None:
    frame = np.full((90, 120, 3), 200, np.uint8)
    points = np.vstack([np.zeros((17, 2)), MEAN_FACE_51]) * 40 - 500
    assert not face_chip(frame, Alignment.fit(points, frame_space(120, 90))).any()


def test_equal_to_dlib() -> None:
    dlib = pytest.importorskip("dlib")
    theirs = dlib.face_recognition_model_v1(str(weights_path(RESNET_128)))
    for frame, face in looks():
        expected = np.array(theirs.compute_face_descriptor(face_chip(frame, face)))
        assert np.abs(Dlib128Embedder().embed(frame, [face])[0] - expected).max() < 2e-6


def test_a_cut_file_is_refused() -> None:
    data = weights_bytes(RESNET_128)
    for stop in (0, 400, 30_000, len(data) - 40_000):
        with pytest.raises(WeightsError, match="dlib network"):
            DlibResNet.from_bytes(data[:stop])


def test_people_are_told_apart(shared: Path) -> None:
    detector, aligner, embedder = MtcnnDetector(), Dlib68Aligner(), Dlib128Embedder()

    def vector(file: str) -> np.ndarray:
        frame = np.ascontiguousarray(cv2.imread(str(shared / "media" / file))[:, :, ::-1])
        landmarks = aligner.align(frame, detector.detect([frame])[0]).landmarks[0]
        space = frame_space(frame.shape[1], frame.shape[0])
        return embedder.embed(frame, [Alignment.fit(landmarks, space)])[0]

    one = [vector(f"stills/stockA_0{i}.jpg") for i in (1, 3, 6)]
    others = [vector(f"landmarks/lfpw_000{i}.png") for i in (2, 5)]
    within = [np.linalg.norm(a - b) for a in one for b in one]
    between = [np.linalg.norm(a - b) for a in one for b in others]
    assert max(within) < embedder.same_person_below < min(between)
