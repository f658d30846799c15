"""Least-squares similarity between point sets.

Source: S. Umeyama, "Least-squares estimation of transformation parameters between two point
patterns", IEEE TPAMI 13(4), 1991.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry.space import Float64


def umeyama(src_xy: NDArray[np.floating], dst_xy: NDArray[np.floating]) -> Float64:
    """The similarity (rotation, one scale, shift; never a mirror) that best maps src to dst.

    Args:
        src_xy: (n, 2) points, n >= 2, not all in one place.
        dst_xy: (n, 2) points.

    Returns:
        (3, 3) float64 matrix acting on column vectors (x, y, 1).

    Raises:
        ValueRefused: shapes differ, or the source points coincide.
    """
    src = np.asarray(src_xy, np.float64)
    dst = np.asarray(dst_xy, np.float64)
    if src.shape != dst.shape or src.ndim != 2 or src.shape[1] != 2 or len(src) < 2:
        raise ValueRefused(f"umeyama: expected two (n>=2, 2) arrays, got {src.shape}, {dst.shape}")
    src_mean, dst_mean = src.mean(0), dst.mean(0)
    src_0, dst_0 = src - src_mean, dst - dst_mean
    variance = (src_0**2).sum() / len(src)
    if not np.isfinite(variance) or variance < 1e-12:
        raise ValueRefused("umeyama: the source points coincide or are not finite")
    u, d, vt = np.linalg.svd(dst_0.T @ src_0 / len(src))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    rotation = (u * sign) @ vt
    scale = (d * sign).sum() / variance
    matrix = np.eye(3)
    matrix[:2, :2] = scale * rotation
    matrix[:2, 2] = dst_mean - scale * rotation @ src_mean
    return matrix
