"""Augmentation: what each switch does, and that it depends on (seed, step) only."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from understudy.nn.augment import (
    Switches,
    cut,
    draw,
    generator_for,
    lab_to_rgb,
    recolour,
    rgb_to_lab,
)

OFF = Switches(0, 0, 0, colour=False)


def _pictures(n: int = 4, size: int = 26) -> torch.Tensor:
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(2))


def test_with_all_off_the_inner_picture_comes_out_as_it_is():
    pictures = _pictures()
    drawn = draw(4, OFF, generator_for(1, 2))
    for warped in (False, True):
        got = cut(pictures, drawn, 20, 20 / 26, warped=warped)
        torch.testing.assert_close(got, pictures[..., 3:23, 3:23], atol=1e-5, rtol=0)
    assert torch.equal(recolour(pictures, drawn), pictures)


def test_flip_mirrors_input_and_target_of_about_half():
    pictures = _pictures(64)
    drawn = draw(64, Switches(0, 0, 0.5, colour=False), generator_for(3))
    got = cut(pictures, drawn, 20, 20 / 26, warped=False)
    inner = pictures[..., 3:23, 3:23]
    mirrored = (got - inner.flip(-1)).abs().amax((1, 2, 3)) < 1e-4
    same = (got - inner).abs().amax((1, 2, 3)) < 1e-4
    assert (mirrored ^ same).all()
    assert 16 < int(mirrored.sum()) < 48
    assert torch.equal(got, cut(pictures, drawn, 20, 20 / 26, warped=True))


def test_warp_bends_the_input_only():
    pictures, switches = _pictures(), Switches(1, 0, 0, colour=False)
    drawn = draw(4, switches, generator_for(3))
    inner = pictures[..., 3:23, 3:23]
    torch.testing.assert_close(cut(pictures, drawn, 20, 20 / 26, warped=False), inner)
    assert float((cut(pictures, drawn, 20, 20 / 26, warped=True) - inner).abs().mean()) > 0.02


def test_transform_is_a_rotation_zoom_and_shift_within_bounds():
    drawn = draw(500, Switches(0, 1, 0, colour=False), generator_for(4))
    linear, shift = drawn.affine[:, :, :2], drawn.affine[:, :, 2]
    zoom = torch.linalg.det(linear).rsqrt()
    angle = torch.rad2deg(torch.atan2(linear[:, 1, 0], linear[:, 0, 0]))
    assert 0.95 <= float(zoom.min()) < 0.96 < 1.04 < float(zoom.max()) <= 1.05
    assert 9 < float(angle.abs().max()) <= 10.001
    assert 0.09 < float(shift.abs().max()) <= 0.1  # 5 % of a side that is 2 long


def test_draws_depend_on_seed_and_step_and_nothing_else():
    torch.manual_seed(1)
    first = draw(3, Switches(), generator_for(5, 2, 7))
    torch.manual_seed(2)
    torch.rand(5)
    again = draw(3, Switches(), generator_for(5, 2, 7))
    assert torch.equal(first.affine, again.affine) and torch.equal(first.warp, again.warp)
    for key in ((5, 2, 8), (5, 7, 2), (6, 2, 7)):
        assert not torch.equal(first.warp, draw(3, Switches(), generator_for(*key)).warp)


def test_lab_is_opencvs_and_goes_back():
    images = _pictures()
    lab = rgb_to_lab(images)
    for i in range(len(images)):
        reference = cv2.cvtColor(
            np.ascontiguousarray(images[i].permute(1, 2, 0).numpy()), cv2.COLOR_RGB2LAB
        )
        np.testing.assert_allclose(
            lab[i].permute(1, 2, 0).numpy(), reference, atol=0.5
        )  # OpenCV interpolates
    torch.testing.assert_close(lab_to_rgb(lab), images, atol=1e-5, rtol=0)


def test_recolour_moves_lightness_by_at_most_the_share():
    grey = torch.full((64, 3, 4, 4), 0.5)
    drawn = draw(64, Switches(0, 0, 0), generator_for(6))
    before, after = rgb_to_lab(grey)[:, 0].mean(), rgb_to_lab(recolour(grey, drawn))[:, 0]
    assert 16 < len(drawn.coloured) < 48
    # chroma at the gamut's edge is clipped, which may move lightness a little
    assert float(after.max()) <= float(before + 0.3 * (100 - before)) + 1
    assert float(after.min()) >= float(0.7 * before) - 1
    untouched = torch.ones(64, dtype=torch.bool)
    untouched[drawn.coloured] = False
    torch.testing.assert_close(recolour(grey, drawn)[untouched], grey[untouched])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_cuda_augments_as_the_cpu_does():
    pictures = _pictures()
    drawn = draw(4, Switches(), generator_for(1, 2))
    here = recolour(cut(pictures, drawn, 20, 20 / 26, warped=True), drawn)
    device = torch.device("cuda")
    there = drawn.to(device)
    got = recolour(cut(pictures.to(device), there, 20, 20 / 26, warped=True), there)
    torch.testing.assert_close(got.cpu(), here, atol=2e-4, rtol=0)
