from __future__ import annotations

import cv2
import numpy as np

from understudy.colour.reinhard import Reinhard, Skin

RNG = np.random.default_rng(5)


def _face(mean: float, spread: float = 0.8) -> np.ndarray:
    noise = cv2.GaussianBlur(RNG.random((64, 64, 3), dtype=np.float32), (0, 0), 2)
    return np.clip(mean + (noise - 0.5) * spread, 0, 1).astype(np.float32)


def test_moments_inside_the_mask_become_those_of_the_original():
    mask = np.zeros((64, 64), np.float32)
    mask[16:48, 16:48] = 1
    swapped, original = _face(0.6, 0.9), _face(0.4, 0.6)
    swapped[:, :10] = 1.0  # beyond the mask: must have no influence
    out = Reinhard().match(swapped, original, mask)
    inside = mask > 0
    got = cv2.cvtColor(out, cv2.COLOR_RGB2LAB)[inside]
    want = cv2.cvtColor(original, cv2.COLOR_RGB2LAB)[inside]
    assert np.abs(got.mean(0) - want.mean(0)).max() < 0.5
    assert np.abs(got.std(0) - want.std(0)).max() < 0.5


def test_without_a_mask_nothing_changes():
    swapped, original = _face(0.5), _face(0.5)
    assert Reinhard().match(swapped, original, np.zeros((64, 64), np.float32)) is swapped


def test_a_flat_face_is_moved_but_not_stretched():
    swapped, original = _face(0.5, 0.05), _face(0.3, 0.9)
    out = Reinhard().match(swapped, original, np.ones((64, 64), np.float32))
    assert abs(out.mean() - original.mean()) < 0.03
    assert out.std() < 1.2 * swapped.std()


def test_beside_a_plate_without_freckles_freckles_keep_their_hue():
    mask = np.ones((64, 64), np.float32)
    plain = np.tile(np.float32([0.7, 0.5, 0.4]), (64, 64, 1))
    shade = 0.1 * cv2.GaussianBlur(RNG.standard_normal((64, 64)).astype(np.float32), (0, 0), 3)
    plate, freckled = plain + shade[..., None], plain + shade[..., None]
    freckled[::8, ::8] = (0.6, 0.35, 0.2)
    freckled[4::8, 4::8] = (0.3, 0.5, 0.5)  # as irises are

    def colour(picture: np.ndarray) -> np.ndarray:
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
        return lab[4::8, 4::8, 1:].mean((0, 1)) - lab[..., 1:].mean((0, 1))

    before = np.linalg.norm(colour(freckled))
    assert np.linalg.norm(colour(Skin().match(freckled, plate, mask))) > 0.9 * before
    assert np.linalg.norm(colour(Reinhard().match(freckled, plate, mask))) < 0.6 * before


def test_a_camera_that_shows_less_colour_takes_it_from_the_new_face():
    mask = np.ones((64, 64), np.float32)
    vivid = np.clip(np.float32([0.8, 0.45, 0.3]) + 0.2 * (_face(0.5) - 0.5), 0, 1)
    pale = np.clip(np.float32([0.6, 0.5, 0.45]) + 0.2 * (_face(0.5) - 0.5), 0, 1)
    out = Skin().match(vivid, pale, mask)
    spread = [cv2.cvtColor(p, cv2.COLOR_RGB2LAB)[..., 1:].std((0, 1)).mean() for p in (vivid, out)]
    assert spread[1] < 0.7 * spread[0]
