"""Where the edge of a mask goes, and how it fades."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.imaging.edges import Edge, softened

SIDE = 100
SQUARE = np.zeros((SIDE, SIDE), np.float32)
SQUARE[20:80, 20:80] = 1
HARD = Edge(feather=0.0)


def _box(alpha):
    there = alpha > 0.5
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    return [int(v) for v in (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)]


@pytest.mark.parametrize(
    ("how", "box"),
    [
        ({}, [20, 80, 20, 80]),
        ({"erode": 0.05}, [25, 75, 25, 75]),
        ({"erode": -0.05}, [15, 85, 15, 85]),
        ({"top": 0.1}, [30, 80, 20, 80]),
        ({"top": -0.1}, [10, 80, 20, 80]),
        ({"bottom": 0.1}, [20, 70, 20, 80]),
        ({"bottom": -0.1}, [20, 90, 20, 80]),
        ({"left": 0.1, "right": -0.1}, [20, 80, 30, 90]),
        ({"left": -0.1, "right": 0.1}, [20, 80, 10, 70]),
        ({"erode": 0.05, "top": -0.3}, [5, 75, 25, 75]),
    ],
)
def test_each_side_moves_by_itself(how, box):
    from dataclasses import replace

    assert _box(softened(SQUARE, replace(HARD, **how))) == box


@pytest.mark.parametrize("blur", ["gaussian", "box"])
@pytest.mark.parametrize("passes", [1, 4])
def test_edges_fade_inside_and_as_wide_as_asked_for(blur, passes):
    alpha = softened(SQUARE, Edge(feather=0.2, blur=blur, passes=passes))
    assert (alpha <= SQUARE).all()
    row = alpha[50, 20:50]
    width = int((row < 0.98).sum() - (row < 0.02).sum())
    assert 12 <= width <= 24
    assert (np.diff(row) >= -1e-6).all()


def test_a_box_is_a_ramp_and_many_are_a_bell():
    ramp, bell, gauss = (
        softened(SQUARE, Edge(feather=0.24, blur=b, passes=n))[50, 20:50]
        for b, n in (("box", 1), ("box", 8), ("gaussian", 1))
    )
    assert len(set(np.diff(ramp)[(ramp[:-1] > 0.1) & (ramp[1:] < 0.9)].round(4))) == 1
    assert np.abs(bell - gauss).max() < 0.5 * np.abs(ramp - gauss).max()


def test_a_threshold_makes_up_a_soft_masks_mind():
    soft = np.tile(np.linspace(0, 1, SIDE, dtype=np.float32), (SIDE, 1))
    sure = softened(soft, Edge(feather=0.0, threshold=0.4))
    assert (sure[:, soft[0] <= 0.4] == 0).all()
    assert (sure[:, soft[0] >= 0.6] == 1).all()
    assert sure[50, 50] == pytest.approx(0.5, abs=0.05)
