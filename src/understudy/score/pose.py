"""Does the head look where the plate's head looks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.score import Figure, Group, Numbers, Pair, Score, Table
from understudy.score.agreement import column, mean, read_off
from understudy.score.expression import readers_of

_WORST_DEG = 6.0
"""A face off by as much as this looks stuck on."""
_NAMES = ("yaw", "pitch")


class Pose:
    """Error of yaw and pitch in degrees; see `score.Scorer`."""

    group: Group = "performance"
    weight = 0.2

    def look(self, pair: Pair) -> Numbers:
        """Both angles of both faces; see `score.Scorer.look`."""
        return read_off(pair, _NAMES)

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """By the first reader; see `score.Scorer.judge`."""
        figures = [
            Figure(
                f"{name} by {reader}: error",
                _error(swap, reader, name),
                _error(floor, reader, name),
                _error(ceiling, reader, name),
                "deg",
            )
            for reader in readers_of(swap)
            for name in _NAMES
        ]
        off = [figure.swap for figure in figures[: len(_NAMES)]]
        if not off or not np.isfinite(off).all():
            return Score.unknown("no face was read in both films")
        value = float(np.clip(1 - np.mean(off) / _WORST_DEG, 0, 1))
        words = f"the head is off by {off[0]:.1f} degrees sideways and {off[1]:.1f} up and down"
        return Score(value, tuple(figures), words)


def _error(table: Table, reader: str, name: str) -> float:
    off: NDArray[Any] = np.abs(
        column(table, f"swap:{reader}:{name}") - column(table, f"plate:{reader}:{name}")
    )
    return mean(off)
