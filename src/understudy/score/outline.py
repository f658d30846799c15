"""Does the new face end where the old one did: overlap of the outlines found in both pictures."""

from __future__ import annotations

import numpy as np

from understudy.score import Figure, Group, Numbers, Pair, Score, Table
from understudy.score.agreement import column, mean
from understudy.score.regions import check_pair, face_region

_WORST = 0.75
"""Overlap of a face with one that is shifted by a seventh of its width."""


class Outline:
    """Intersection over union of the faces' outlines; see `score.Scorer`."""

    group: Group = "picture"
    weight = 0.1

    def look(self, pair: Pair) -> Numbers:
        """The overlap; see `score.Scorer.look`."""
        size = check_pair(pair)
        a, b = (face_region(s.outline, size) > 0 for s in (pair.plate, pair.swap))
        either = float((a | b).sum())
        return {"overlap": float((a & b).sum()) / either if either else float("nan")}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """The mean over faces; see `score.Scorer.judge`."""
        overlap = mean(column(swap, "overlap"))
        if not np.isfinite(overlap):
            return Score.unknown("no face was seen in both films")
        value = float(np.clip((overlap - _WORST) / (1 - _WORST), 0, 1))
        same, best = mean(column(floor, "overlap")), mean(column(ceiling, "overlap"))
        figures = (Figure("overlap", overlap, same, best),)
        return Score(value, figures, f"{overlap:.0%} of the plate's outline is kept")
