"""Turned frames: a face on its side or head is found, and comes back where it is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from understudy.actors import ACTORS, Performance, render
from understudy.detect.from_file import FileDetector
from understudy.detect.limits import sized
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.detect.options import MtcnnOptions
from understudy.detect.rotate import RotatedDetector, turned_back
from understudy.errors import ValueRefused
from understudy.geometry.boxes import overlap
from understudy.plugin import default_registry
from understudy.types import Faces


@pytest.fixture(scope="module")
def upright() -> np.ndarray:
    return render(ACTORS["actor_a"], Performance(1, 3, Fraction(25)), 0, (320, 180)).pixels


@pytest.mark.parametrize("roll_deg", [90, 180, 270])
def test_a_turned_face_is_found_where_it_is(upright: np.ndarray, roll_deg: int) -> None:
    plain = MtcnnDetector(MtcnnOptions(min_confidence=0.99))
    # Rotating the picture counter-clockwise by -roll turns the face clockwise by roll.
    frame = np.ascontiguousarray(np.rot90(upright, -roll_deg // 90))
    level = plain.detect([upright])[0]
    faces, other = RotatedDetector(plain, [90, 180, 270]).detect([frame, upright])
    assert len(faces) == 1 and len(other) == 1
    assert (faces.extras["roll_deg"][0] - roll_deg) % 360 == 0
    assert other.extras["roll_deg"].tolist() == [0]
    h, w = frame.shape[:2]
    corners = level.boxes_xyxy[0].reshape(2, 2)
    turned = {
        90: np.stack([w - corners[:, 1], corners[:, 0]], 1),
        180: np.array([w, h]) - corners,
        270: np.stack([corners[:, 1], h - corners[:, 0]], 1),
    }[roll_deg]
    assert np.allclose(faces.boxes_xyxy[0], [*turned.min(0), *turned.max(0)])


@pytest.mark.parametrize("angle_deg", [90, 180, 270])
def test_boxes_turn_back_with_the_pixels(angle_deg: int) -> None:
    frame = np.zeros((50, 80), np.uint8)
    frame[10:17, 20:50] = 1
    rows, columns = np.nonzero(np.rot90(frame, angle_deg // 90))
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float64)
    assert turned_back(box, angle_deg, 80, 50).tolist() == [[20, 10, 50, 17]]


def test_an_upside_down_face_that_passes_for_upright_is_turned(
    upright: np.ndarray, build: Callable[..., Any]
) -> None:
    detector = build(default_registry().get("detect", "mediapipe"), min_confidence=0.3)
    frame = np.ascontiguousarray(upright[::-1, ::-1])
    faces = RotatedDetector(detector, [180]).detect([frame])[0]
    assert abs(abs(faces.extras["roll_deg"][0]) - 180) < 15
    height, width = upright.shape[:2]
    back = turned_back(detector.detect([upright])[0].boxes_xyxy, 180, width, height)
    assert overlap(faces.boxes_xyxy[:1], back).max() > 0.9


def test_other_angles_are_refused() -> None:
    with pytest.raises(ValueRefused, match=r"out of 90, 180, 270, got \[45\]"):
        RotatedDetector(MtcnnDetector(), [90, 45])
    with pytest.raises(ValueRefused, match="knows its boxes beforehand"):
        RotatedDetector(FileDetector(), [90])


def test_sizes_are_those_of_the_longer_side() -> None:
    faces = Faces(np.array([[0.0, 0, 10, 30], [0, 0, 40, 20], [0, 0, 5, 5]]), np.ones(3))
    assert sized(faces, 30).boxes_xyxy[:, 2].tolist() == [10, 40]
    assert sized(faces, 0, 30).boxes_xyxy[:, 2].tolist() == [10, 5]
    assert len(sized(Faces.none(), 5, 10)) == 0
