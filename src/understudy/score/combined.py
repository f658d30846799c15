"""One figure of many: three questions, and the worst answer counts most.

Within a question parts are averaged by their weights; what was not measured drops out. The three
answers are multiplied and their cube root taken: a film in which nothing was swapped is a perfect
picture of a perfect performance and the wrong person, and a good score of it would be a lie.
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
        total = sum(weight for _, weight in mine)
        found[group] = sum(v * w for v, w in mine) / total if total else float("nan")
    return found


def combined(answered: Mapping[Group, float]) -> float:
    """0..100: the geometric mean of the answers, or not a number where one is missing."""
    values = np.array([answered[group] for group in get_args(Group)])
    return float(100 * np.cbrt(values.prod()))
