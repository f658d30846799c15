from __future__ import annotations

import numpy as np
import pytest

from understudy.follow.smooth import joined, smooth_track, split
from understudy.geometry.templates import MEAN_FACE_51

JAW = np.stack([np.linspace(-0.1, 1.1, 17), 0.5 + 0.6 * np.sin(np.linspace(0, np.pi, 17))], 1)
SIZE = 100.0
STILL = np.tile(np.vstack([JAW, MEAN_FACE_51]) * SIZE + 200, (60, 1, 1))
LIDS = [37, 38, 43, 44]


def jitter(landmarks: np.ndarray) -> float:
    return float(np.sqrt((np.diff(landmarks, 2, axis=0) ** 2).sum(-1).mean()))


def test_taking_apart_and_joining_changes_nothing():
    turn = np.array([[np.cos(2), -np.sin(2)], [np.sin(2), np.cos(2)]])
    points = STILL[0] @ turn.T * 0.3 + 7
    parts = split(points)
    head = parts.head
    assert np.allclose(joined(head, parts.shape), points, atol=1e-9)
    assert parts.size == pytest.approx(0.3 * SIZE, rel=1e-9)


@pytest.mark.parametrize("noise", [0.002, 0.005, 0.01])
def test_tremble_goes_whether_points_tremble_alone_or_together(noise: float):
    rng = np.random.default_rng(1)
    alone = STILL + rng.normal(0, noise * SIZE, STILL.shape)
    together = alone + rng.normal(0, 0.7 * noise * SIZE, (60, 1, 2))
    assert jitter(smooth_track(alone)) < 0.25 * jitter(alone)
    assert jitter(smooth_track(together)) < 0.4 * jitter(together)


@pytest.mark.parametrize("profile", [(1, 1, 1), (0.5, 1, 0.5), (0.4, 1, 0.6)])
def test_a_blink_of_three_frames_stays(profile: tuple[float, ...]):
    truth = STILL.copy()
    for k, share in enumerate(profile):
        truth[30 + k][LIDS, 1] += share * 0.06 * SIZE
    noisy = truth + np.random.default_rng(2).normal(0, 0.004 * SIZE, truth.shape)
    rest, closing = STILL[0, LIDS, 1].mean(), smooth_track(noisy)[29:34][:, LIDS, 1].mean(1)
    assert (closing - rest).max() >= 0.9 * 0.06 * SIZE


@pytest.mark.parametrize(("reach", "period"), [(10, 20), (20, 12), (5, 6), (3, 4)])
def test_a_shaking_head_is_followed_exactly(reach: float, period: float):
    truth = STILL.copy()
    truth[:, :, 0] += reach * np.sin(2 * np.pi * np.arange(60) / period)[:, None]
    noisy = truth + np.random.default_rng(3).normal(0, 0.003 * SIZE, truth.shape)
    smooth = smooth_track(noisy)
    assert np.abs((smooth - truth).mean(1)).max() < 0.003 * SIZE
    assert np.abs(smooth - truth).mean() < np.abs(noisy - truth).mean()


def test_missing_frames_stay_missing_and_short_tracks_pass():
    holes = STILL.copy()
    holes[10:13] = np.nan
    smooth = smooth_track(holes)
    assert np.isnan(smooth[10:13]).all() and np.isfinite(np.delete(smooth, [10, 11, 12], 0)).all()
    assert np.allclose(smooth_track(STILL[:1]), STILL[:1])
    assert np.allclose(smooth_track(STILL[:2]), STILL[:2])
