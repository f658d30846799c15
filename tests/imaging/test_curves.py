"""Charts show what they are given, and leave gaps open."""

from __future__ import annotations

import numpy as np

from understudy.imaging.curves import COLOURS, chart


def columns_of(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Where a curve was drawn, below the captions."""
    return np.flatnonzero((picture[44:230] == colour).all(-1).any(0))


def test_curves_run_from_edge_to_edge_and_break_where_nothing_is_known():
    seconds = np.linspace(0, 10, 50).tolist()
    plate = np.sin(seconds).tolist()
    swap = [v if k < 20 or k > 30 else float("nan") for k, v in enumerate(np.cos(seconds).tolist())]
    picture = chart(seconds, {"mouth": {"plate": plate, "swap": swap}})
    whole, broken = (columns_of(picture, c) for c in COLOURS)
    assert np.ptp(whole) > 1000 and np.diff(whole).max() < 60
    assert np.diff(broken).max() > 150, "the gap is open"


def test_a_higher_value_is_drawn_higher_and_panels_stand_below_each_other():
    low, high = ([value] * 9 for value in (0.0, 1.0))
    picture = chart(list(range(9)), {"eyes": {"plate": high, "swap": low}, "yaw": {}})
    up, down = (np.flatnonzero((picture[44:230] == c).all(-1).any(1)).mean() for c in COLOURS)
    assert up < down
    assert picture.shape[0] == 2 * chart([0.0], {"eyes": {}}).shape[0] - 16
