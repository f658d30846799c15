"""Losses as per-pixel maps, so that the mask weighs them before the mean is taken.

Convention: images are (n, 3, h, w) float32 0..1, weights (n, 1, h, w) >= 0, maps (n, 1, h, w).
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

SSIM_WINDOW, SSIM_SIGMA, SSIM_K1, SSIM_K2 = 11, 1.5, 0.01, 0.03


def masked_means(loss_map: Tensor, weight: Tensor) -> Tensor:
    """Each image's weighted mean, (n,): every image counts the same, however large its mask is."""
    total = (loss_map * weight).sum(dim=(1, 2, 3))
    return total / weight.sum(dim=(1, 2, 3)).clamp_min(1e-6)


def paste(inside: Tensor, outside: Tensor, mask: Tensor) -> Tensor:
    """`inside` where the mask is 1, `outside` where it is 0.

    Windowed losses compare this with the target, so that windows which cross the mask's edge see
    neither untrained pixels nor an edge that no picture has.
    """
    return outside + mask * (inside - outside)


def mae_map(predicted: Tensor, target: Tensor) -> Tensor:
    """Absolute error, mean over the channels."""
    return (predicted - target).abs().mean(1, keepdim=True)


def gradient_map(predicted: Tensor, target: Tensor) -> Tensor:
    """Absolute error of the horizontal and vertical differences: asks for edges."""
    error = predicted - target
    across = F.pad((error[..., :, 1:] - error[..., :, :-1]).abs(), (0, 1))
    down = F.pad((error[..., 1:, :] - error[..., :-1, :]).abs(), (0, 0, 0, 1))
    return (across + down).mean(1, keepdim=True)


def pyramid_map(predicted: Tensor, target: Tensor, levels: int = 4) -> Tensor:
    """Absolute error of each octave of detail by itself, finer ones counting less.

    A plain error is blind to what a blur takes away: most of it lies in the broad shades. An octave
    of detail is what a picture loses when it is made half as large.

    Source: P. J. Burt, E. H. Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983; as a
    loss P. Bojanowski et al., "Optimizing the Latent Space of Generative Networks", 2018. There an
    octave counts four times the next finer one, here the root of two, for the finest is wanted.
    """
    # linear, so the octaves of the error are the errors of the octaves
    error = predicted - target
    found = torch.zeros_like(error[:, :1])
    for level in range(levels):
        smaller = F.avg_pool2d(error, 2)
        octave = error - F.interpolate(smaller, error.shape[-2:], mode="bilinear")
        size = F.interpolate(octave.abs().mean(1, keepdim=True), found.shape[-2:], mode="nearest")
        found = found + size * 2 ** (level / 2)
        error = smaller
    return found


def dssim_map(predicted: Tensor, target: Tensor, stride: int = 1) -> Tensor:
    """Structural dissimilarity (1 - SSIM) / 2, mean over the channels.

    Args:
        predicted: (n, 3, h, w).
        target: the same shape; no gradient flows into it.
        stride: window centres lie on every stride-th pixel from the first. Windows still see all
            pixels, and a stride of 2 costs a third.

    Returns:
        (n, 1, ceil(h / stride), ceil(w / stride)); weigh it by `weight[..., ::stride, ::stride]`.

    Source: Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility
    to Structural Similarity", IEEE TIP 13(4), 2004; Gaussian window 11, sigma 1.5.
    """
    # Centring first keeps the variances exact in float32.
    p, t = predicted - 0.5, target.detach() - 0.5
    mean_t, square_t = _blur(torch.cat((t, t * t), dim=1), stride).chunk(2, dim=1)
    mean_p, square_p, product = _blur(torch.cat((p, p * p, p * t), dim=1), stride).chunk(3, dim=1)
    variance_p = square_p - mean_p * mean_p
    variance_t = square_t - mean_t * mean_t
    covariance = product - mean_p * mean_t
    mean_p, mean_t = mean_p + 0.5, mean_t + 0.5
    c1, c2 = SSIM_K1**2, SSIM_K2**2
    ssim = ((2 * mean_p * mean_t + c1) * (2 * covariance + c2)) / (
        (mean_p * mean_p + mean_t * mean_t + c1) * (variance_p + variance_t + c2)
    )
    return ((1 - ssim) / 2).mean(1, keepdim=True)


def _blur(x: Tensor, stride: int) -> Tensor:
    """Gaussian blur with reflected edges at every stride-th pixel, as products with a matrix.

    For pictures of a hundred pixels this is faster than a depthwise convolution on CPU and GPU.
    """
    height, width = x.shape[-2:]
    rows = _blur_matrix(height, x.device, x.dtype)[::stride]
    columns = _blur_matrix(width, x.device, x.dtype)[::stride]
    return rows @ (x @ columns.T)


@lru_cache(maxsize=32)
@torch.inference_mode(False)  # what is cached here must serve training too
def _blur_matrix(size: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    half = SSIM_WINDOW // 2
    offsets = torch.arange(-half, half + 1, dtype=torch.float64)
    kernel = torch.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    kernel /= kernel.sum()
    matrix = torch.zeros(size, size, dtype=torch.float64)
    for row in range(size):
        for weight, offset in zip(kernel, offsets.long(), strict=True):
            column = row + int(offset)
            column = -column if column < 0 else column
            column = 2 * (size - 1) - column if column >= size else column
            matrix[row, column] += weight
    return matrix.to(device, dtype)
