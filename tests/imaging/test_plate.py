"""A face gets the grain, softness and smear of its plate, and no more."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.imaging.plate import (
    blurred,
    grained,
    missing_grain,
    sharpened,
    softened_to,
    streaked,
    texture_of,
)

SIZE = 160
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE].astype(np.float32)
ALL = np.ones((SIZE, SIZE), np.float32)
RNG = np.random.default_rng(8)


def _face() -> np.ndarray:
    """Soft shades, and features with sharp edges."""
    shade = 0.5 + 0.15 * np.sin(COLUMNS / 30) * np.cos(ROWS / 40)
    picture = np.stack([shade, 0.8 * shade, 0.7 * shade], -1)
    for at in range(20, SIZE, 40):
        picture[at : at + 10, 20:140] *= 0.4
    return picture.astype(np.float32)


FACE = _face()


@pytest.mark.parametrize("coarse", [False, True])
def test_noise_is_measured_and_given_back_as_it_was(coarse):
    noise = RNG.normal(0, 0.02, FACE.shape).astype(np.float32)
    if coarse:  # as a codec leaves it
        noise = 2 * cv2.GaussianBlur(noise, (0, 0), 0.8)
    plate = np.clip(FACE + noise, 0, 1)
    want, have = texture_of(plate, ALL), texture_of(FACE, ALL)
    made = grained(FACE, missing_grain(want, have), (3, 4))
    got = texture_of(made, ALL)
    assert got[:-1] == pytest.approx(want[:-1], rel=0.35, abs=0.002)
    assert np.array_equal(made, grained(FACE, missing_grain(want, have), (3, 4)))
    assert not np.array_equal(made, grained(FACE, missing_grain(want, have), (4, 4)))
    assert abs((made - FACE).mean()) < 0.002
    again = grained(plate, missing_grain(want, want), (3, 4))
    assert np.array_equal(again, plate), "a face as grainy as its plate gets none"


@pytest.mark.parametrize("sigma", [0.8, 1.5])
def test_a_face_becomes_as_soft_as_its_plate_and_never_sharper(sigma):
    noise = RNG.normal(0, 0.01, FACE.shape)
    plate = np.asarray(blurred(FACE, sigma) + noise, np.float32)
    soft, by = softened_to(FACE, ALL, float(texture_of(plate, ALL)[-1]))
    assert by == pytest.approx(sigma, abs=0.5)
    assert np.abs(soft - blurred(FACE, sigma)).mean() < 0.01
    kept, none = softened_to(blurred(FACE, sigma), ALL, float(texture_of(FACE, ALL)[-1]))
    assert none == 0
    assert np.array_equal(kept, blurred(FACE, sigma))


@pytest.mark.parametrize("how", ["box", "gaussian", "unsharp"])
def test_edges_get_steeper(how):
    soft = blurred(FACE, 1.5)
    assert texture_of(sharpened(soft, how, 1.0, 2.0), ALL)[-1] > 1.1 * texture_of(soft, ALL)[-1]


def test_unsharp_leaves_grain_alone():
    flat = np.full((64, 64, 3), 0.5, np.float32)
    grainy = flat + RNG.uniform(-0.005, 0.005, flat.shape).astype(np.float32)
    assert np.array_equal(sharpened(grainy, "unsharp", 2.0, 2.0), grainy)
    assert sharpened(grainy, "gaussian", 2.0, 2.0).std() > 2 * grainy.std()


def test_a_smear_lies_along_the_way():
    dot = np.zeros((41, 41, 3), np.float32)
    dot[20, 20] = 1
    along = streaked(dot, np.array([12.0, 0.0]))[..., 0]
    assert along.sum() == pytest.approx(1, abs=1e-4)
    assert along[20, 15:26].min() > 0.05
    assert along[[18, 22]].max() < 1e-6
    slanted = streaked(dot, np.array([8.0, 8.0]))[..., 0]
    assert slanted[17, 17] > 0.03
    assert slanted[23, 17] < 1e-6
    assert streaked(dot, np.array([0.5, 0.5])) is dot


def test_of_next_to_nothing_nothing_is_said():
    tiny = np.full((5, 5, 3), 0.5, np.float32)
    assert not texture_of(tiny, np.ones((5, 5), np.float32)).any()
    assert softened_to(tiny, np.ones((5, 5), np.float32), 0.0)[0] is tiny
