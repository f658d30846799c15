"""Does it tremble: how far a frame lies from the middle between its neighbours, motion taken out.

The face's own motion is out by the crops, which follow the plate's face; film grain is out by a
blur. What is left is compared with the plate's own.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.score import Figure, Group, Numbers, Pair, Score, Sight, Table
from understudy.score.agreement import column, mean
from understudy.score.regions import check_pair, luma, weighted

_SIGMA = 1.5
_WORST = 2.5
_QUIET = 0.15
"""Levels of 255: what rounding and encoding alone make of a still."""


class Flicker:
    """Second difference in time inside the matte; see `score.Scorer`."""

    group: Group = "picture"
    weight = 0.1

    def look(self, pair: Pair) -> Numbers:
        """Of both faces, in levels of 255; see `score.Scorer.look`."""
        check_pair(pair)
        inside = (pair.matte > 0.5).astype(np.float32)
        return {"plate": _tremble(pair.plate, inside), "swap": _tremble(pair.swap, inside)}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """The ratio of means; see `score.Scorer.judge`."""
        plate, found = mean(column(swap, "plate")), mean(column(swap, "swap"))
        if not np.isfinite(plate) or not np.isfinite(found):
            return Score.unknown("no three frames in a row show the face")
        share = max(found, _QUIET) / max(plate, _QUIET)
        value = float(np.clip(1 - (share - 1) / (_WORST - 1), 0, 1))
        figures = (Figure("share of the plate's own", share, 1.0),)
        return Score(value, figures, f"trembles {share:.2f} times as much as the plate")


def _tremble(sight: Sight, inside: NDArray[np.float32]) -> float:
    if sight.beside is None:
        return float("nan")
    before, now, after = (_smooth(c) for c in (sight.beside[0], sight.crop, sight.beside[1]))
    return weighted(np.abs(before - 2 * now + after), inside)


def _smooth(crop: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(luma(crop), (0, 0), _SIGMA), np.float32)
