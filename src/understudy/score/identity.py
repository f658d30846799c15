"""Whose face is it: how far from the plate's person to the donor an independent network sees it.

Vectors are compared by their cosine. It stands between two marks, the plate's own faces and the
donor's, so that networks of any kind give one scale: 0 is "still the plate", 1 is "the donor".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.score import Figure, Group, Numbers, Pair, Score, Table

_CLOSE = 0.05
"""Marks nearer than this: the network does not tell the two persons apart."""

NEARER = "faces nearer to the donor"
"""Name of the figure that counts faces, each by itself: more like the donor than the plate."""


class Identity:
    """To the donor, and away from the plate; see `score.Scorer`."""

    group: Group = "person"
    weight = 1.0

    def look(self, pair: Pair) -> Numbers:
        """The vectors of both faces; see `score.Scorer.look`."""
        return {"swap": _vector(pair.swap.identity), "plate": _vector(pair.plate.identity)}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """The mean of both ways; see `score.Scorer.judge`."""
        plates, swaps = _known(swap, "plate"), _known(swap, "swap")
        donors, reduced = _known(ceiling, "plate"), _known(ceiling, "swap")
        if not len(plates) or not len(swaps):
            return Score.unknown("no identity network can be had here")
        if len(donors) < 2:
            return Score.unknown("no pictures of the donor are at hand")
        at = _Marks(plates, donors)
        each = [
            at.cosines(swaps),
            at.cosines(plates, own="plate"),
            at.cosines(reduced, own="donor"),
        ]
        there, back, ceil = (cosines.mean(0) for cosines in each)
        whole = at.cosines(donors, own="donor").mean(0)
        nearer = [100 * float((cosines[:, 0] > cosines[:, 1]).mean()) for cosines in each]
        figures = (
            Figure("cosine to the donor", there[0], back[0], ceil[0]),
            Figure("cosine to the plate", there[1], back[1], ceil[1]),
            Figure(NEARER, nearer[0], nearer[1], nearer[2], "%"),
        )
        if whole[0] - back[0] < _CLOSE:
            words = "not measured: the network does not tell these two persons apart"
            return Score(float("nan"), figures, words)
        toward = (there[0] - back[0]) / (whole[0] - back[0])
        away = (back[1] - there[1]) / max(back[1] - whole[1], _CLOSE)
        value = float(np.clip((np.clip(toward, 0, 1) + np.clip(away, 0, 1)) / 2, 0, 1))
        words = (
            f"{np.clip(toward, 0, 1):.0%} of the way to the donor (cosine {there[0]:.2f}; "
            f"unswapped {back[0]:.2f}, at best {ceil[0]:.2f}), {np.clip(away, 0, 1):.0%} of the "
            f"way from the plate ({there[1]:.2f}; unswapped {back[1]:.2f})"
        )
        return Score(value, figures, words)


class _Marks:
    """Mean vectors of both persons."""

    def __init__(self, plates: NDArray[Any], donors: NDArray[Any]) -> None:
        self._sums = {"donor": donors.sum(0), "plate": plates.sum(0)}
        self._members = {"donor": donors, "plate": plates}

    def cosines(self, vectors: NDArray[Any], own: str = "") -> NDArray[Any]:
        """(n, 2) the cosine of each face to the donor and to the plate.

        The faces of one person, row by row those of its mark, are compared with the mean of the
        others: a face is always near to a mean that it is part of.
        """
        found = []
        for who in ("donor", "plate"):
            mean = np.broadcast_to(self._sums[who], vectors.shape)
            if who == own and len(self._members[who]) == len(vectors) > 1:
                mean = mean - self._members[who]
            length = np.linalg.norm(mean, axis=1) * np.linalg.norm(vectors, axis=1)
            found.append((mean * vectors).sum(1) / np.maximum(length, 1e-12))
        return np.stack(found, 1)


def _vector(values: NDArray[Any] | None) -> NDArray[Any]:
    """A face without a vector gets one that says so, whatever the length of the others."""
    return np.full(1, np.nan) if values is None else np.asarray(values, np.float64)


def _known(table: Table, name: str) -> NDArray[Any]:
    vectors = table.get(name, np.zeros((0, 1)))
    found: NDArray[Any] = vectors[np.isfinite(vectors).all(1)]
    return found
