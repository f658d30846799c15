"""One figure of many: three questions, and the worst answer counts most.

Parts are brought together by harmonic means, within a question by their weights: a face that is
red is not half believable because it is sharp. What was not measured drops out. The answers are
brought together likewise: a film in which nothing was swapped is a perfect picture of a perfect
performance and the wrong person, and a good score of it would be a lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np

from understudy.score import Group, Score, Scorer

QUESTIONS: Mapping[Group, str] = {
    "person": "is it the donor",
    "performance": "does it do what the plate does",
    "picture": "does it look filmed",
}


def answers(scores: Mapping[str, Score], scorers: Mapping[str, Scorer]) -> dict[Group, float]:
    """Each question's answer, 0..1, or not a number where no part of it was measured."""
    found: dict[Group, float] = {}
    for group in get_args(Group):
        mine = [
            (scores[name].value, scorer.weight)
            for name, scorer in scorers.items()
            if scorer.group == group and np.isfinite(scores[name].value)
        ]
        found[group] = _harmonic([(max(v, _LEAST), w) for v, w in mine])
        if len(mine) == 1:
            found[group] = mine[0][0]
    return found


def combined(answered: Mapping[Group, float]) -> float:
    """0..100: the harmonic mean of the answers, or not a number where one is missing."""
    return 100 * _harmonic([(answered[group], 1.0) for group in get_args(Group)])


_LEAST = 0.1
"""What a part that fails altogether counts as, so that the others of its question still show."""


def _harmonic(values: list[tuple[float, float]]) -> float:
    """Harmonic mean of values with weights; 0 where one is, not a number where there is none."""
    if not values or not np.isfinite([v for v, _ in values]).all():
        return float("nan")
    if min(v for v, _ in values) <= 0:
        return 0.0
    return sum(w for _, w in values) / sum(w / v for v, w in values)
