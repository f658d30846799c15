"""Which faces of a film training does not see, so that a score of them says something.

A face is left out together with its neighbours in time, as far as the film's length allows: 40 ms
later a face is nearly the same picture, and a score of it nearly one of the training material.
Half of them are spread evenly, half are chosen for what swaps fail at. The very rarest moments
stay in training: who blinks once in a film must be seen blinking, or no model of them can blink.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.stages.train.moments.read import FaceKey, Moments
from understudy.stages.train.moments.traits import LIDS, MOUTH, PITCH, YAW

SHARE, MOST = 0.05, 0.1
"""Share of a person's faces in the film that is left out: where there are few, up to `MOST` with
no neighbours; where that would not do either, nothing."""
_LONGEST = 25
"""Faces of a stretch, about a second; more teaches nothing about the one in its middle."""
_RARE = ((LIDS, 1, 3), (MOUTH, -1, 3), (YAW, 1, 2), (YAW, -1, 2), (PITCH, 1, 1), (PITCH, -1, 1))
"""Trait, from its low (1) or its high end (-1), and how many of twelve are taken there."""
_RANKS = (0.01, 0.02, 0.04)
"""How rare they are, as a share of all faces: what is rarer may be an error of the landmarks, and
is not taken away from training."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A few faces in a row, by their rows.

    Attributes:
        scored: the one that is swapped and scored.
        left_out: those that training does not see; none where the film is too short for that.
    """

    scored: int
    left_out: range


def stretches(traits: NDArray[np.floating], count: int) -> list[Stretch]:
    """Choose faces of one person in one film; the same for the same faces.

    Args:
        traits: (n, 4) of the faces in the order of the film, see `traits.traits`.
        count: how many to score at most; of fewer faces than twice that, every second one.

    Returns:
        In the order of the film.
    """
    n = len(traits)
    count = min(count, (n + 1) // 2)
    if not count:
        return []
    length = int(np.clip(SHARE * n / count, 1, _LONGEST))
    taken = np.zeros(n, bool)
    chosen: list[int] = []

    def take(candidates: Sequence[int]) -> None:
        for row in candidates:
            around = _around(row, length, n)
            if not taken[around.start : around.stop].any():
                taken[around.start : around.stop] = True
                chosen.append(row)
                return

    for column, sign, places in _RARE:
        order = np.argsort(sign * np.asarray(traits[:, column], np.float64), kind="stable")
        for rank in _RANKS[: round(places * count / 24)]:
            take(order[int(np.ceil(rank * n)) :].tolist())
    evenly = count - len(chosen)
    for k in range(evenly):
        first = int((k + 0.5) * n / evenly)
        take([*range(first, n), *range(first)])
    held = length * len(chosen) <= MOST * n
    return [Stretch(row, _around(row, length, n) if held else range(0)) for row in sorted(chosen)]


def without(
    shares: Sequence[NDArray[np.float64]] | None,
    moments: Mapping[str, Moments],
    left_out: Collection[FaceKey],
) -> Sequence[NDArray[np.float64]] | None:
    """How often faces are shown, with some not shown at all.

    Args:
        shares: by person, see `Sampler.weights`.
        moments: of the same persons, in their order.
        left_out: films' fingerprints and faces' ids.
    """
    out = [np.array([key in left_out for key in m.keys]) for m in moments.values()]
    if not any(rows.any() for rows in out):
        return shares
    before = shares or [np.full(len(rows), 1 / len(rows)) for rows in out]
    found = []
    for share, rows in zip(before, out, strict=True):
        rest = np.where(rows, 0.0, share)
        # a person of whom nothing else is left is better learnt than measured
        found.append(rest / rest.sum() if rest.any() else share)
    return found


def _around(row: int, length: int, n: int) -> range:
    first = min(max(0, row - length // 2), n - length)
    return range(first, first + length)
