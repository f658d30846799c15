from __future__ import annotations

import cv2
import numpy as np

from understudy.colour.reinhard import Reinhard

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
