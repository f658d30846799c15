from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.geometry import Space, Warp
from understudy.imaging.composite import Patch, feathered, laid, overlaid, paste
from understudy.imaging.resample import crop_image, warp_image
from understudy.types import Mask

FRAME = Space("frame", 160, 120)
RNG = np.random.default_rng(3)
PIXELS = RNG.integers(0, 256, (120, 160, 3), dtype=np.uint8)


def _to_square(name: str, size: int, left: float, top: float, side: float, angle: float = 0.0):
    c, s = np.cos(angle) * size / side, np.sin(angle) * size / side
    centre = np.array([left + side / 2, top + side / 2])
    linear = np.array([[c, s], [-s, c]])
    shift = size / 2 - linear @ centre
    return Warp(np.column_stack([linear, shift]), FRAME, Space(name, size, size))


def _disc(size: int) -> np.ndarray:
    disc = np.zeros((size, size), np.uint8)
    cv2.circle(disc, (size // 2, size // 2), size // 3, 255, -1)
    return (disc / 255).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2])
@pytest.mark.parametrize("place", [(40, 30), (-30, -20), (110, 80)])
def test_nothing_changes_outside_the_feathered_mask(place, angle):
    crop = _to_square("crop", 64, *place, 70, angle)
    mask = Mask("disc", _disc(128), _to_square("mask", 128, *place, 80, angle))
    patch = feathered(mask, crop, FRAME, 0.1, 0.0)
    out = paste(PIXELS, np.ones((64, 64, 3), np.float32), crop, patch)
    alpha = np.zeros(PIXELS.shape[:2], np.float32)
    patch.window(alpha)[:] = patch.alpha
    assert (out[alpha == 0] == PIXELS[alpha == 0]).all()
    assert (out[alpha > 0.5] != PIXELS[alpha > 0.5]).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_paste_keeps_the_frames_depth(dtype):
    one = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    levels = RNG.random((120, 160, 3)) * one
    pixels = levels.astype(dtype)
    if dtype == np.float32:
        pixels[5:20, 70:90] = 3.0  # light above white
    crop = _to_square("crop", 64, 45, 5, 70, 0.3)
    patch = feathered(Mask("disc", _disc(64), crop), crop, FRAME, 0.1, 0.0)
    grey = np.float32(0.1234567)
    out = paste(pixels, np.full((64, 64, 3), grey), crop, patch)
    alpha = np.zeros(pixels.shape[:2], np.float32)
    patch.window(alpha)[:] = patch.alpha
    assert out.dtype == dtype and (out[alpha == 0] == pixels[alpha == 0]).all()
    edge = alpha > 0
    assert (alpha > 0.999).sum() > 500
    mixed = pixels + alpha[..., None] * (grey * one - pixels.astype(float))
    assert np.abs(out - mixed)[edge].max() <= (1e-5 if dtype == np.float32 else 0.52)


def test_feathering_never_grows_the_mask():
    crop = _to_square("crop", 64, 30, 10, 100)
    grid = _to_square("mask", 128, 40, 20, 80)
    hard = warp_image(_disc(128), Warp(np.eye(3), FRAME, FRAME) @ grid.inverse())
    patch = feathered(Mask("disc", _disc(128), grid), crop, FRAME, 0.12, 0.02)
    soft = np.zeros((120, 160), np.float32)
    patch.window(soft)[:] = patch.alpha
    assert (soft <= hard + 1e-5).all()
    assert soft.max() == pytest.approx(1.0)
    assert ((soft > 0.05) & (soft < 0.95)).sum() > 200


def test_alpha_is_zero_where_the_crop_has_no_pixels():
    crop = _to_square("crop", 64, 60, 40, 40)
    whole = Mask("all", np.ones((128, 128), np.float32), _to_square("mask", 128, 30, 10, 100))
    patch = feathered(whole, crop, FRAME, 0.1, 0.0)
    alpha = np.zeros((120, 160), np.float32)
    patch.window(alpha)[:] = patch.alpha
    assert alpha[:, :59].max() == 0 and alpha[:39].max() == 0
    assert alpha[60, 80] == pytest.approx(1.0)


def test_pasting_the_same_crop_gives_back_the_frame():
    smooth = cv2.GaussianBlur(PIXELS, (0, 0), 4)
    crop = _to_square("crop", 128, 40, 20, 64, 0.3)
    mask = Mask("disc", _disc(128), crop)
    cut = crop_image(smooth, crop).astype(np.float32) / 255
    out = paste(smooth, cut, crop, feathered(mask, crop, FRAME, 0.1, 0.0))
    assert np.abs(out.astype(int) - smooth).max() <= 2


def test_shrinking_equals_area_resize():
    small = Space("small", 40, 30)
    warped = warp_image(PIXELS, Warp.resize(FRAME, small))
    area = cv2.resize(PIXELS, (40, 30), interpolation=cv2.INTER_AREA)
    assert np.abs(warped.astype(int) - area).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_laid_over_a_frame_changes_only_what_it_covers(dtype):
    largest = np.iinfo(dtype).max
    pixels = np.full((120, 160, 3), largest // 4, dtype)
    alpha = np.zeros((10, 12), np.float32)
    alpha[2:5, 3:8], alpha[6, 6] = 1.0, 0.5
    face = np.full((10, 12, 3), 2.0, np.float32)  # brighter than white is white
    out = laid(pixels, face, Patch(30, 20, alpha))
    assert out.dtype == dtype and (pixels == largest // 4).all(), "the frame itself stays"
    covered = np.zeros((120, 160), np.float32)
    covered[20:30, 30:42] = alpha
    assert (out[covered == 0] == largest // 4).all() and (out[covered == 1] == largest).all()
    assert abs(int(out[26, 36, 0]) - (largest // 4 + largest) / 2) <= 1
    none = Patch(0, 0, np.zeros((0, 0), np.float32))
    assert (laid(pixels, np.zeros((0, 0, 3), np.float32), none) == pixels).all()


def test_one_patch_over_another_keeps_the_first_ones_window():
    first = Patch(10, 20, np.full((8, 6), 0.5, np.float32))
    first.alpha[0] = 0.0
    other = Patch(13, 18, np.full((8, 20), 0.8, np.float32))
    both = overlaid(first, other, keep=True)
    assert (both.left, both.top, both.alpha.shape) == (10, 20, (8, 6))
    np.testing.assert_allclose(both.alpha[1:6, 3:], 0.4)
    assert both.alpha.sum() == pytest.approx(0.4 * 5 * 3), "nothing beside what both cover"
    free = overlaid(first, other, keep=False)
    np.testing.assert_allclose(free.alpha[1:6, 3:], 0.8)
    assert free.alpha.sum() == pytest.approx(0.8 * 5 * 3), "nothing where the first is 0"


@pytest.mark.parametrize("place", [(100, 100), (-50, 20), (10, 28), (16, 20)])
def test_patches_that_do_not_meet_leave_nothing(place):
    first = Patch(10, 20, np.ones((8, 6), np.float32))
    assert not overlaid(first, Patch(*place, np.ones((8, 6), np.float32)), keep=False).alpha.any()
