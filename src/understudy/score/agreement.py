"""How one curve follows another.

Source: the concordance is L. I.-K. Lin, "A concordance correlation coefficient to evaluate
reproducibility", Biometrics 45(1), 1989, without its term for the means: two persons may differ in
how far their eyes are open, but not in when, and by what share, they close them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.score import Pair

FEWEST = 5
"""Fewer faces say nothing of a curve."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a curve follows another one; not numbers where it cannot be told.

    Attributes:
        r: correlation.
        share: how much of the other one's range it goes along with: the slope of the regression.
        concordance: -1..1, 1 only where it goes along at once and in full.
        error: mean distance, after each curve's median was taken away.
        moves: whether the other one moves at all.
        n: points compared.
    """

    r: float
    share: float
    concordance: float
    error: float
    moves: bool
    n: int


def read_off(pair: Pair, names: Iterable[str]) -> dict[str, float]:
    """What every reader reads off both faces, as "side:reader:name".

    Args:
        pair: a face before and after.
        names: of numbers that readings have.
    """
    chosen = tuple(names)
    return {
        f"{side}:{reader}:{name}": float(getattr(reading, name))
        for side, sight in (("plate", pair.plate), ("swap", pair.swap))
        for reader, reading in sight.readings.items()
        for name in chosen
    }


def agreement(follows: NDArray[Any], leads: NDArray[Any], still: float) -> Agreement:
    """Compare two curves point by point, where both are known.

    Args:
        follows: (n,) of the output.
        leads: (n,) of the plate.
        still: a curve whose standard deviation is smaller does not move: noise of the reader.
    """
    known = np.isfinite(follows) & np.isfinite(leads)
    a, b = np.asarray(follows, np.float64)[known], np.asarray(leads, np.float64)[known]
    if len(a) < FEWEST:
        nan = float("nan")
        return Agreement(nan, nan, nan, nan, False, len(a))
    error = float(np.abs((a - np.median(a)) - (b - np.median(b))).mean())
    va, vb, cov = a.var(), b.var(), float(((a - a.mean()) * (b - b.mean())).mean())
    r = cov / float(np.sqrt(va * vb)) if va > 0 and vb > 0 else 0.0
    share = cov / float(vb) if vb > 0 else 0.0
    both = float(va + vb)
    concordance = 2 * cov / both if both > 0 else 1.0
    return Agreement(r, share, concordance, error, bool(np.sqrt(vb) >= still), len(a))


def mean(values: NDArray[Any]) -> float:
    """Mean of what is known, or not a number."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else float("nan")


def column(table: Any, name: str) -> NDArray[Any]:
    """A column of a table, empty where the table is."""
    return np.asarray(table.get(name, np.zeros(0)), np.float64)
