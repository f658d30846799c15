"""One number for how sharp a face was filmed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.geometry import INNER
from understudy.geometry.templates import MEAN_FACE_51
from understudy.imaging.focus import filmed, sharpness


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """Skin with pores and lashes: noise of all scales, as pictures have it."""
    rng = np.random.default_rng(3)
    noise = np.zeros((400, 600, 3), np.float32)
    for sigma in (0.6, 1.5, 4, 12, 40):
        layer = cv2.GaussianBlur(rng.normal(size=noise.shape).astype(np.float32), (0, 0), sigma)
        noise += layer / layer.std() * sigma**0.5
    return np.clip(128 + 12 * noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def landmarks() -> np.ndarray:
    points = np.zeros((68, 2))
    points[INNER] = MEAN_FACE_51 * 160 + (220, 120)
    return points


def test_blur_lowers_it_and_light_does_not(frame, landmarks) -> None:
    sharp = sharpness(frame, landmarks)
    blurred = [sharpness(cv2.GaussianBlur(frame, (0, 0), s), landmarks) for s in (1, 2, 4, 8)]
    assert sorted([sharp, *blurred], reverse=True) == [sharp, *blurred]
    assert blurred[2] < 0.5 * sharp
    darker = (frame.astype(np.float32) * 0.5 + 10).astype(np.uint8)
    assert sharpness(darker, landmarks) == pytest.approx(sharp, rel=0.1)


def test_a_face_that_was_small_counts_as_blurred(frame, landmarks) -> None:
    small = cv2.resize(frame, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    assert sharpness(small, landmarks / 8) < 0.6 * sharpness(frame, landmarks)


@pytest.mark.parametrize("move", [(-1000, 0), (0, 1000), (-280, -200), (300, 200)])
def test_a_face_at_the_edge_or_beyond_has_a_number(frame, landmarks, move) -> None:
    found = sharpness(frame, landmarks + move)
    assert np.isfinite(found)
    assert (found == 0) == (1000 in np.abs(move))
    assert sharpness(np.zeros_like(frame), landmarks) == 0


def test_the_colour_is_that_of_the_face(landmarks) -> None:
    frame = np.zeros((400, 600, 3), np.uint8)
    frame[...] = (0, 255, 0)
    frame[100:320, 200:400] = (204, 102, 51)
    told = filmed(frame, landmarks)
    assert told == pytest.approx({"sharpness": 0, "red": 0.8, "green": 0.4, "blue": 0.2})
    assert filmed(frame, landmarks + 5000) == {"sharpness": 0}
