"""Is the face lit as the plate's face was: colours with everything small blurred away.

Source: distances are CIE 1976 in L*a*b* (ISO/CIE 11664-4); 2.3 is a just noticeable one (M. Mahy,
L. Van Eycken, A. Oosterlinck, 1994).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.imaging.depth import to_unit
from understudy.score import Figure, Group, Numbers, Pair, Score, Table
from understudy.score.agreement import column, mean
from understudy.score.regions import check_pair, inner_region, weighted

_BLUR = 0.06
"""Sigma as a share of the crop's side: eyes and lips vanish, a shadow on one cheek stays."""
_FREE, _WORST = 2.3, 14.0


class Light:
    """Low-frequency colour beside the plate's; see `score.Scorer`."""

    group: Group = "picture"
    weight = 0.2

    def look(self, pair: Pair) -> Numbers:
        """Mean distance inside the face; see `score.Scorer.look`."""
        size = check_pair(pair)
        region = inner_region(pair.plate.outline, size) * (pair.matte > 0.5)
        plate, swap = (_blurred(s.crop, region) for s in (pair.plate, pair.swap))
        return {"apart": weighted(np.linalg.norm(plate - swap, axis=-1), region)}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """The mean over faces; see `score.Scorer.judge`."""
        apart = mean(column(swap, "apart"))
        if not np.isfinite(apart):
            return Score.unknown("no face was seen in both films")
        value = float(np.clip(1 - (apart - _FREE) / (_WORST - _FREE), 0, 1))
        same, best = mean(column(floor, "apart")), mean(column(ceiling, "apart"))
        figures = (Figure("colour apart", apart, same, best, "CIE76"),)
        return Score(value, figures, f"light and skin are {apart:.1f} from the plate's (CIE76)")


def _blurred(crop: NDArray[np.uint8], region: NDArray[np.float32]) -> NDArray[np.float32]:
    """(c, c, 3) L*a*b*, each place the mean of what the region holds around it."""
    lab = cv2.cvtColor(to_unit(crop), cv2.COLOR_RGB2LAB)
    sigma = _BLUR * len(crop)
    sums = cv2.GaussianBlur(lab * region[..., None], (0, 0), sigma)
    counts = cv2.GaussianBlur(region, (0, 0), sigma)
    return np.asarray(sums / np.maximum(counts, 1e-4)[..., None], np.float32)
