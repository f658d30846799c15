"""How near two pictures are inside a mask: PSNR and SSIM.

Source of SSIM: Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment:
from error visibility to structural similarity", IEEE TIP 13(4), 2004; Gaussian window of 11 px
and sigma 1.5 on luma, k1 = 0.01, k2 = 0.03.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused


def psnr(a: NDArray[Any], b: NDArray[Any], mask: NDArray[Any]) -> float:
    """Peak signal to noise ratio in dB over (h, w, 3) uint8 RGB, weighted by (h, w) mask 0..1."""
    _same(a, b, mask)
    error = ((a.astype(np.float64) - b) ** 2).mean(-1)
    mse = float((error * mask).sum() / mask.sum())
    return float("inf") if mse == 0 else float(10 * np.log10(255.0**2 / mse))


def ssim(a: NDArray[Any], b: NDArray[Any], mask: NDArray[Any]) -> float:
    """Structural similarity, -1..1, of the luma of uint8 RGB, averaged with the mask's weights."""
    _same(a, b, mask)
    x, y = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (a, b))
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    cov = _blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = ((2 * mean_x * mean_y + c1) * (2 * cov + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return float((similar * mask).sum() / mask.sum())


def _blur(values: NDArray[Any]) -> NDArray[Any]:
    return cv2.GaussianBlur(values, (11, 11), 1.5)


def _same(a: NDArray[Any], b: NDArray[Any], mask: NDArray[Any]) -> None:
    if a.shape != b.shape or mask.shape != a.shape[:2]:
        raise ValueRefused(f"expected equal sizes, got {a.shape}, {b.shape}, mask {mask.shape}")
    if mask.sum() <= 0:
        raise ValueRefused("the mask is empty: there is nothing to compare")
