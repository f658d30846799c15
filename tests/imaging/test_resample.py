"""The resampler against what it must equal, and between integers and the unit interval."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry import Space, Warp
from understudy.imaging.depth import eight_bit, from_unit, largest, to_unit
from understudy.imaging.resample import crop_image, fit_image, resize, warp_image

RNG = np.random.default_rng(3)
FRAME = Space("frame", 240, 180)
PIXELS = RNG.integers(0, 256, (180, 240, 3), dtype=np.uint8)


def typed(pixels: np.ndarray, dtype: type) -> np.ndarray:
    return from_unit(to_unit(pixels), dtype) if dtype != np.float32 else to_unit(pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("n", [2, 3, 4, 6, 12])
def test_shrinking_by_whole_numbers_is_the_mean_of_whole_pixels(dtype: type, n: int) -> None:
    pixels = typed(PIXELS, dtype)
    small = Space("small", 240 // n, 180 // n)
    found = warp_image(pixels, Warp.resize(FRAME, small))
    assert found.dtype == dtype
    mean = pixels.reshape(180 // n, n, 240 // n, n, 3).mean((1, 3), dtype=np.float64)
    step = 1e-5 if dtype == np.float32 else 1.01  # two roundings, where there are two steps
    assert np.abs(found[2:-2, 2:-2] - mean[2:-2, 2:-2]).max() <= step
    assert np.array_equal(found, resize(pixels, small.size_wh)) or n > 6


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic"])
def test_growing_by_two_equals_opencv_exactly(dtype: type, interpolation: str) -> None:
    pixels = typed(PIXELS, dtype)
    large = Space("large", 480, 360)
    found = warp_image(pixels, Warp.resize(FRAME, large), interpolation, "edge")
    flag = getattr(cv2, f"INTER_{interpolation.upper()}")
    want = cv2.resize(pixels, large.size_wh, interpolation=flag)
    assert np.array_equal(resize(pixels, large.size_wh, interpolation), want)
    off = np.abs(found.astype(np.float64) - want).max()
    # OpenCV's cubics do not round to the same place in `resize` and `warpAffine`.
    last = 1e-6 if dtype == np.float32 else 1
    top = 1.0 if dtype == np.float32 else largest(dtype)
    assert off <= (
        0 if interpolation == "nearest" else last if interpolation == "linear" else top / 170
    )


@pytest.mark.parametrize("share", [0.9, 0.6, 0.45, 0.23, 0.11, 0.04])
def test_details_finer_than_a_pixel_become_grey_and_do_not_beat(share: float) -> None:
    lines = np.zeros((600, 600), np.float32)
    lines[:, ::2] = 1.0
    src = Space("lines", 600, 600)
    side = round(600 * share)
    turned = np.array([[np.cos(0.02), -np.sin(0.02)], [np.sin(0.02), np.cos(0.02)]]) * share
    shift = np.array([side / 2, side / 2]) - turned @ (300, 300)
    warp = Warp(np.column_stack([turned, shift]), src, Space("small", side, side))
    inner = slice(side // 8, -side // 8)
    wave = warp_image(lines, warp)[inner, inner].std()
    if share < 2 / 3:
        assert wave < 0.08
        assert warp_image(lines, warp, antialias=False)[inner, inner].std() > 0.15
    else:
        assert np.array_equal(warp_image(lines, warp), warp_image(lines, warp, antialias=False))


def test_what_lies_beyond_the_picture() -> None:
    bright = np.full((20, 20), 0.75, np.float32)
    for scale in (1.0, 0.25):
        matrix = np.array([[scale, 0, 6], [0, scale, 6]])
        warp = Warp(matrix, Space("src", 20, 20), Space("dst", 32, 32))
        assert warp_image(bright, warp)[2, 2] == 0
        assert warp_image(bright, warp, border="edge")[2, 2] == 0.75
        assert crop_image(bright, warp)[30, 30] == pytest.approx(0.75, abs=1e-6)


@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 10), (np.uint16, 16)])
def test_every_integer_comes_back_from_the_unit_interval(dtype: type, bits: int) -> None:
    every = np.arange(2**bits).astype(dtype)
    unit = to_unit(every, bits)
    assert unit.dtype == np.float32 and unit[0] == 0.0 and unit[-1] == 1.0
    assert np.array_equal(from_unit(unit, dtype, bits), every)
    np.testing.assert_allclose(unit, every / (2.0**bits - 1), rtol=1e-6)
    assert from_unit(np.array([-0.5, 1.5]), dtype, bits).tolist() == [0, 2**bits - 1]


def test_eight_bits_of_sixteen_and_of_floats_agree() -> None:
    deep = np.arange(65536).astype(np.uint16)
    assert np.array_equal(eight_bit(to_unit(deep)), eight_bit(deep))
    floats = np.array([0.25, 0.75], np.float32)
    assert to_unit(floats) is floats
    for wrong in (lambda: to_unit(deep.astype(np.int32)), lambda: to_unit(deep, 17)):
        with pytest.raises(ValueRefused, match="uint8 or uint16"):
            wrong()
    with pytest.raises(ValueRefused, match="uint8 or uint16"):
        from_unit(floats, np.float32)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_fitted_picture_keeps_what_the_coarser_grid_can_hold_and_nothing_above(n: int) -> None:
    coarse, fine = Space("coarse", 120, 24), Space("fine", 120 * n, 24 * n)
    x = np.arange(fine.width) + 0.5

    def fitted(cycles_per_coarse_pixel: float) -> np.ndarray:
        wave = np.sin(2 * np.pi * cycles_per_coarse_pixel * x / n).astype(np.float32)
        rows = np.repeat(wave[None], fine.height, 0)
        return fit_image(np.dstack([rows] * 3), Warp.resize(fine, coarse))[6:-6, 8:-8]

    at = np.arange(coarse.width)[8:-8] + 0.5
    for kept in (0.1, 0.3, 0.45):
        want = np.sin(2 * np.pi * kept * at)
        assert np.abs(fitted(kept)[..., 0] - want).max() < 0.06, kept
    for lost in (0.9, 0.95, 1.0):  # at twice the pixels no more than 1.0 can be drawn
        assert np.abs(fitted(lost)).max() < 0.06, lost
