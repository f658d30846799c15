"""dlib's landmarks: near those set by hand, steady under mirroring and scaling."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.align.dlib68 import Dlib68Aligner
from understudy.align.manifest import SHAPE_68
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.geometry import eye_distance
from understudy.types import Faces

FILES = [f"lfpw_{i:04d}" for i in (1, 2, 3, 4, 5, 10)]


@pytest.fixture(scope="module")
def aligner() -> Dlib68Aligner:
    return Dlib68Aligner()


def test_weights_are_marked_as_non_commercial() -> None:
    assert not SHAPE_68.commercial_use


@pytest.mark.parametrize(
    "box", [(-9, -9, -5, -4), (300, 300, 500, 600), (5, 5, 5, 5), (0, 0, 1, 1)]
)
def test_odd_boxes_give_finite_points(aligner: Dlib68Aligner, box: tuple[int, ...]) -> None:
    frame = np.zeros((90, 120, 3), np.uint8)
    found = aligner.align(frame, Faces(np.array([box], float), np.ones(1)))
    assert found.landmarks is not None and np.isfinite(found.landmarks).all()


def test_near_the_points_set_by_hand(aligner: Dlib68Aligner, shared: Path) -> None:
    detector, errors = MtcnnDetector(), []
    for name in FILES:
        image = cv2.imread(str(shared / "media" / "landmarks" / f"{name}.png"))
        frame = np.ascontiguousarray(image[:, :, ::-1])
        truth = _read_pts(shared / "media" / "landmarks" / f"{name}.pts")
        landmarks = aligner.align(frame, detector.detect([frame])[0]).landmarks[0]
        error = np.linalg.norm(landmarks - truth, axis=1)[17:].mean() / eye_distance(truth)
        errors.append(error)
    assert np.mean(errors) < 0.02 and max(errors) < 0.03


def test_half_the_pixels_give_half_the_coordinates(aligner: Dlib68Aligner, shared: Path) -> None:
    image = cv2.imread(str(shared / "media" / "landmarks" / "lfpw_0002.png"))
    box = MtcnnDetector().detect([np.ascontiguousarray(image[:, :, ::-1])])[0].boxes_xyxy
    height, width = image.shape[:2]
    image = image[: height // 2 * 2, : width // 2 * 2, ::-1]
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    whole = aligner.align(image, Faces(box, np.ones(1))).landmarks[0]
    halved = aligner.align(half, Faces(box / 2, np.ones(1))).landmarks[0]
    moved = np.linalg.norm(2 * halved - whole, axis=1) / eye_distance(whole)
    assert np.median(moved) < 0.01


def _read_pts(path: Path) -> np.ndarray:
    """300-W points: 1-based pixel indices, so the centre of the first pixel is (1, 1)."""
    numbers = path.read_text().split("{")[1].split("}")[0].split()
    return np.array(numbers, float).reshape(68, 2) - 0.5
