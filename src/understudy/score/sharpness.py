"""Is it as sharp as the donor's own pictures are at the size that the plate shows.

Energy of the finest octave that the crop holds, as a share of the face's contrast, so that light
and exposure do not count. Faces of the donor are brought to the plate's size before they are cut.

Source: the variance of the Laplacian as a measure of focus is J. L. Pech-Pacheco et al., "Diatom
autofocusing in brightfield microscopy", ICPR 2000.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.score import Figure, Group, Numbers, Pair, Score, Table
from understudy.score.agreement import column, mean
from understudy.score.regions import check_pair, inner_region, luma, weighted

_SIGMA = 0.8
_COARSE = 0.03
"""Sigma of what counts as contrast, as a share of the crop's side."""
_TOO_SHARP = 1.3
"""Beyond this it is noise or a halo."""


class Sharpness:
    """Finest detail beside the donor's own; see `score.Scorer`."""

    group: Group = "picture"
    weight = 0.4

    def look(self, pair: Pair) -> Numbers:
        """Detail of both faces; see `score.Scorer.look`."""
        size = check_pair(pair)
        region = inner_region(pair.plate.outline, size) * (pair.matte > 0.5)
        return {"plate": _detail(pair.plate.crop, region), "swap": _detail(pair.swap.crop, region)}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """The ratio of means; see `score.Scorer.judge`."""
        own, whose = mean(column(ceiling, "plate")), "the donor's own"
        if not np.isfinite(own):
            own, whose = mean(column(swap, "plate")), "the plate's (no donor at hand)"
        found = mean(column(swap, "swap"))
        if not np.isfinite(found) or not own > 0:
            return Score.unknown("no face was seen in both films")
        share = found / own
        plate, best = mean(column(floor, "swap")) / own, mean(column(ceiling, "swap")) / own
        value = share if share <= _TOO_SHARP else _TOO_SHARP / share
        figures = (Figure("share of the donor's own", share, plate, best),)
        words = f"{share:.2f} of {whose} sharpness (plate {plate:.2f}"
        words += f"; at best {best:.2f} at this resolution)" if np.isfinite(best) else ")"
        return Score(float(np.clip(value, 0, 1)), figures, words)


def _detail(crop: NDArray[np.uint8], region: NDArray[np.float32]) -> float:
    y = luma(crop)
    fine = cv2.Laplacian(cv2.GaussianBlur(y, (0, 0), _SIGMA), cv2.CV_32F)
    # of the large shapes only: a blurred face must not be excused by its own loss of contrast
    coarse = cv2.GaussianBlur(y, (0, 0), _COARSE * len(crop))
    contrast = float(np.sqrt(weighted((coarse - weighted(coarse, region)) ** 2, region)))
    return float(np.sqrt(weighted(fine * fine, region))) / max(contrast, 1.0)
