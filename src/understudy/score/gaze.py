"""Do the eyes look where the plate's eyes look; only faces with open eyes tell."""

from __future__ import annotations

import numpy as np

from understudy.score import Figure, Group, Numbers, Pair, Score, Table
from understudy.score.agreement import Agreement, agreement, column, read_off
from understudy.score.expression import readers_of

_STILL = {"gaze_x": 0.02, "gaze_y": 0.02}
_COUNTS = {"gaze_x": 0.7, "gaze_y": 0.3}
_WORST = 0.15
"""An iris that rests in the plate and is off by so much of the eye's width squints."""
_OPEN = 0.6


class Gaze:
    """Place of the irises between the eye corners; see `score.Scorer`."""

    group: Group = "performance"
    weight = 0.1

    def look(self, pair: Pair) -> Numbers:
        """The irises of both faces; see `score.Scorer.look`."""
        return read_off(pair, ("eyes", *_STILL))

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """By the first reader that sees irises; see `score.Scorer.judge`."""
        for reader in readers_of(swap):
            across, up = (_follow(swap, reader, name) for name in _STILL)
            if not np.isfinite(across.error):
                continue
            best, same = (_follow(t, reader, "gaze_x") for t in (ceiling, floor))
            figures = (
                Figure("sideways: r", across.r, same.r, best.r),
                Figure("sideways: error", across.error, same.error, best.error, "eye widths"),
                Figure("up and down: r", up.r),
            )
            value = _COUNTS["gaze_x"] * _value(across) + _COUNTS["gaze_y"] * _value(up)
            words = f"irises are off by {across.error:.1%} of the eye's width sideways"
            if across.moves:
                words += f" (r {across.r:.2f})"
            return Score(value, figures, words)
        return Score.unknown("no reader here sees irises")


def _follow(table: Table, reader: str, name: str) -> Agreement:
    after, before = (column(table, f"{side}:{reader}:{name}") for side in ("swap", "plate"))
    eyes = column(table, f"plate:{reader}:eyes")
    if len(eyes):
        wide = eyes > _OPEN * np.nanquantile(eyes, 0.75) if np.isfinite(eyes).any() else eyes > 0
        after, before = after[wide], before[wide]
    return agreement(after, before, _STILL[name])


def _value(a: Agreement) -> float:
    return max(a.concordance, 0.0) if a.moves else float(np.clip(1 - a.error / _WORST, 0, 1))
