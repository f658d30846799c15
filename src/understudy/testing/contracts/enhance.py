"""What every enhancer keeps to."""

from __future__ import annotations

import numpy as np

from understudy.enhance import Enhancer


def check_enhancer(enhancer: Enhancer) -> None:
    """Squares at least as large, in range, about as light, each by itself.

    Args:
        enhancer: under test.
    """
    side = enhancer.face_px or 24
    assert isinstance(enhancer.fingerprint, str) and enhancer.fingerprint, "no fingerprint"
    rows, columns = np.mgrid[:side, :side].astype(np.float32) / side
    one = np.stack([0.4 + 0.3 * rows, 0.5 - 0.2 * columns, 0.3 + 0.1 * rows * columns], -1)
    pair = np.stack([one, one[:, ::-1]])
    kept = pair.copy()
    out = enhancer.enhance(pair)
    assert np.array_equal(pair, kept), "what was given must not be changed"
    count, height, width, channels = out.shape
    assert (count, channels) == (2, 3) and height == width, f"no squares: {out.shape}"
    assert height >= side, f"made smaller: {side} to {height}"
    assert out.dtype == np.float32, f"expected float32, got {out.dtype}"
    assert np.isfinite(out).all(), "not finite"
    assert out.min() >= 0 and out.max() <= 1, f"out of 0..1: {out.min()} to {out.max()}"
    assert np.array_equal(enhancer.enhance(pair), out), "two runs differ"
    assert np.array_equal(enhancer.enhance(pair[1:])[0], out[1]), "it hangs on its neighbours"
    off = np.abs(out.mean((1, 2)) - pair.mean((1, 2))).max()
    assert off < 0.15, f"the mean colour moved by {off:.2f}"
