"""dlib's network in PyTorch gives dlib's numbers; its file is read with care."""

from __future__ import annotations

from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest

from understudy.align.dlib68 import Dlib68Aligner
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.embed.dlib128.embedder import Dlib128Embedder, face_chip
from understudy.embed.dlib128.resnet import DlibResNet
from understudy.embed.manifest import RESNET_128
from understudy.errors import WeightsError
from understudy.geometry.templates import MEAN_FACE_51
from understudy.types import Alignment
from understudy.types.frame import frame_space
from understudy.weights.files import weights_bytes, weights_path


def test_equal_to_dlib() -> None:
    rng = np.random.default_rng(0)
    frame = cv2.GaussianBlur(rng.integers(0, 256, (240, 320, 3), np.uint8), (0, 0), 4) * 3
    points = np.vstack([np.zeros((17, 2)), MEAN_FACE_51]) * 90 + [110, 70]
    turned = (points - 150) @ np.array([[0.9, 0.4], [-0.4, 0.9]]) + 150
    faces = [Alignment.fit(p, frame_space(320, 240)) for p in (points, turned)]
    theirs = dlib.face_recognition_model_v1(str(weights_path(RESNET_128)))
    expected = [np.array(theirs.compute_face_descriptor(face_chip(frame, f))) for f in faces]
    assert np.abs(Dlib128Embedder().embed(frame, faces) - expected).max() < 2e-6


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
