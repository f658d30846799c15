"""Losses against their definitions, written out slowly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from understudy.nn.losses import dssim_map, gradient_map, mae_map, masked_means, paste


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    target = torch.rand(2, 3, 24, 20, generator=generator)
    return (target + 0.1 * torch.randn(target.shape, generator=generator)).clamp(0, 1), target


def _slow_dssim(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    def blur(x: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(x, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT_101)

    mp, mt = blur(p), blur(t)
    vp, vt, c = blur(p * p) - mp**2, blur(t * t) - mt**2, blur(p * t) - mp * mt
    c1, c2 = 0.01**2, 0.03**2
    ssim = (2 * mp * mt + c1) * (2 * c + c2) / ((mp**2 + mt**2 + c1) * (vp + vt + c2))
    return (1 - ssim) / 2


def test_dssim_is_the_formula_of_the_paper(pair):
    p, t = pair
    got = dssim_map(p, t).numpy()
    for i in range(len(p)):
        slow = np.mean(
            [_slow_dssim(p[i, c].double().numpy(), t[i, c].double().numpy()) for c in range(3)],
            axis=0,
        )
        np.testing.assert_allclose(got[i, 0], slow, atol=1e-4)


def test_dssim_with_a_stride_is_the_same_at_fewer_places(pair):
    p, t = pair
    every = dssim_map(p, t)
    torch.testing.assert_close(dssim_map(p, t, 2), every[..., ::2, ::2], atol=1e-5, rtol=0)


def test_equal_images_have_no_loss(pair):
    _, t = pair
    for loss in (dssim_map, mae_map, gradient_map):
        assert float(loss(t, t).abs().max()) < 1e-6


def test_pixels_outside_the_mask_do_not_matter(pair):
    p, t = pair
    weight = torch.zeros(2, 1, 24, 20)
    weight[..., 8:16, 6:14] = 1
    other = torch.where(weight > 0, p, torch.rand_like(p))
    for loss in (dssim_map, mae_map, gradient_map):
        a = masked_means(loss(paste(p, t, weight), t), weight)
        b = masked_means(loss(paste(other, t, weight), t), weight)
        assert torch.equal(a, b) and (a > 0).all()


def test_every_image_counts_the_same_however_large_its_mask():
    loss = torch.ones(2, 1, 8, 8) * torch.tensor([1.0, 3.0])[:, None, None, None]
    weight = torch.zeros(2, 1, 8, 8)
    weight[0] = 1
    weight[1, :, 0, 0] = 1
    assert float(masked_means(loss, weight).mean()) == pytest.approx(2.0)


def test_the_cached_blur_serves_training_after_inference(pair):
    p, t = pair[0][..., :17], pair[1][..., :17]  # a size that no other test uses
    with torch.inference_mode():
        dssim_map(p, t)
    p.requires_grad_()
    dssim_map(p, t).mean().backward()
    assert p.grad is not None
