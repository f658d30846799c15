"""Hands before a face stay out of its mask; a bare face keeps all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from understudy.align.dlib68 import Dlib68Aligner
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.mask.hands import Hand, HandFinder, draw_hands
from understudy.mask.landmark import CustomMasker, ExtendedMasker
from understudy.plugin import default_registry
from understudy.types import Alignment
from understudy.types.frame import frame_space

Build = Callable[..., Any]


def flat_hand(x: float, y: float, palm: float) -> Hand:
    """A spread hand that points up: roots on a line, three joints above each."""
    points = np.zeros((21, 3))
    points[0] = (x, y, 0)
    for finger in range(5):
        for joint in range(4):
            across = (finger - 2) * palm / 3
            points[1 + 4 * finger + joint] = (x + across, y - palm * (1 + joint / 3), 0)
    return Hand(points, 1.0)


def test_fingers_are_drawn_as_thick_as_fingers_are() -> None:
    hand = flat_hand(100, 150, 60)
    fine = np.zeros((400, 400), np.uint8)
    draw_hands([hand], fine, lambda xy: xy * 2, 2.0)
    inside = fine > 0
    for point in hand.points[:, :2]:
        x, y = (point * 2).astype(int)
        assert inside[y - 1, x - 1]
    rows, columns = np.nonzero(inside)
    # The palm is 60 px wide, a finger 0.42 of that, and the picture twice as large.
    half = 60 * 0.42 * 2 / 2
    assert abs(columns.min() - (120 - half)) < 3 and abs(columns.max() - (280 + half)) < 3
    assert abs(rows.min() - (60 - half)) < 3


def test_custom_begins_as_extended() -> None:
    from understudy.geometry.templates import MEAN_FACE_51

    points = np.vstack([MEAN_FACE_51[:17], MEAN_FACE_51]) * 60 + 60
    face = Alignment.fit(points, frame_space(200, 200))
    frame = np.zeros((200, 200, 3), np.uint8)
    custom, extended = CustomMasker().mask(frame, face), ExtendedMasker().mask(frame, face)
    assert custom.kind == "custom" and np.array_equal(custom.alpha, extended.alpha)


@pytest.mark.parametrize("outline", ["extended", "mesh"])
@pytest.mark.parametrize("file", ["stills/stockA_03.jpg", "landmarks/fan_aflw-test.jpg"])
def test_a_bare_face_keeps_its_whole_area(
    shared: Path, build: Build, outline: str, file: str
) -> None:
    """The second one looks up, and the network for hands takes it for one."""
    registry = default_registry()
    frame, face = _still(shared / "media" / file)
    mask = build(registry.get("mask", "occlusion"), outline=outline).mask(frame, face)
    plain = build(registry.get("mask", outline)).mask(frame, face)
    assert mask.kind == "occlusion" and np.array_equal(mask.alpha, plain.alpha)


def test_hands_before_a_face_are_left_out(shared: Path, build: Build) -> None:
    masker = build(default_registry().get("mask", "occlusion"))
    path = next((shared / "media/video").glob("intel_signer3_book*"))
    frame = _frame(path, 26)
    face = _aligned(frame)
    hands = HandFinder()(
        frame, np.array([*face.landmarks.mean(0), 6 / face.unit_from_frame.scale, 0])
    )
    assert hands
    mask = masker.mask(frame, face)
    plain = ExtendedMasker().mask(frame, face)
    tips = mask.grid_from_frame.points(np.concatenate([h.points[[12, 16], :2] for h in hands]))
    inside = [p for p in tips if (p > 1).all() and (p < 127).all() and plain.alpha[_at(p)] == 1]
    assert inside and all(mask.alpha[_at(p)] < 0.1 for p in inside)
    nose = mask.grid_from_frame.points(face.landmarks[28])
    assert mask.alpha[_at(nose)] == 1.0


def _at(point: np.ndarray) -> tuple[int, int]:
    return int(point[1]), int(point[0])


def _still(path: Path) -> tuple[np.ndarray, Alignment]:
    frame = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
    return frame, _aligned(frame)


def _aligned(frame: np.ndarray) -> Alignment:
    faces = MtcnnDetector().detect([frame])[0][:1]
    landmarks = Dlib68Aligner().align(frame, faces).landmarks
    return Alignment.fit(landmarks[0], frame_space(frame.shape[1], frame.shape[0]))


def _frame(path: Path, index: int) -> np.ndarray:
    from understudy.media import frames, probe

    return next(f.pixels for f in frames(probe(path)) if f.at.index == index)
