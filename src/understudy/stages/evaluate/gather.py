"""What was looked at, face by face, as tables for the parts of the score."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from understudy.plugin import Registry
from understudy.score import Numbers, Pair, Score, Scorer, Sight, Table

Scorers = Mapping[str, Scorer]


def scorers_of(registry: Registry) -> dict[str, Scorer]:
    """All parts of the score that are installed, by name."""
    return {plugin.name: plugin.build() for plugin in registry.of_kind("score")}


class Rows:
    """Numbers of many faces, kept as they come: four bytes each."""

    def __init__(self) -> None:
        self._columns: dict[str, array[float]] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}

    def add(self, numbers: Numbers) -> None:
        """One face more."""
        for name, value in numbers.items():
            self._shapes.setdefault(name, np.shape(value))
            self._columns.setdefault(name, array("f")).extend(np.ravel(value).tolist())

    def table(self) -> Table:
        """Columns, each a face a row."""
        return {
            name: np.array(column, np.float64).reshape(-1, *self._shapes[name])
            for name, column in self._columns.items()
        }


class Gathered:
    """All that was looked at of one part of the casting, or of one donor.

    Attributes:
        frames: numbers of the frames looked at.
        seconds: their times.
        lost: faces that were found in the plate and not in the output.
    """

    def __init__(self, scorers: Scorers) -> None:
        self._scorers = scorers
        self._after = {name: Rows() for name in scorers}
        self._before = {name: Rows() for name in scorers}
        self.frames, self.seconds, self.lost = array("q"), array("d"), 0

    @property
    def parts(self) -> Collection[str]:
        """The parts of the score that were looked at."""
        return self._scorers.keys()

    def add(
        self, pair: Pair, index: int = 0, seconds: float = 0.0, again: Sight | None = None
    ) -> None:
        """Look at one pair, and at its plate beside itself.

        Args:
            pair: of plate and output.
            index: of the frame.
            seconds: its time.
            again: the plate read a second time, as the floor; None takes what was read of it.
        """
        self.frames.append(index)
        self.seconds.append(seconds)
        unswapped = Pair(pair.plate, pair.plate if again is None else again, pair.matte)
        for name, scorer in self._scorers.items():
            self._after[name].add(scorer.look(pair))
            self._before[name].add(scorer.look(unswapped))

    def after(self, name: str) -> Table:
        """What a part of the score kept of the pairs."""
        return self._after[name].table()

    def before(self, name: str) -> Table:
        """What a part of the score kept of the plates."""
        return self._before[name].table()

    def judged(self, donor: Gathered | None) -> tuple[dict[str, Score], dict[str, Score]]:
        """Each part's score of the output, and of the plate as if it were the output."""
        swapped, unswapped = {}, {}
        for name, scorer in self._scorers.items():
            after, before = self.after(name), self.before(name)
            ceiling = {} if donor is None else donor.after(name)
            swapped[name] = scorer.judge(after, before, ceiling)
            unswapped[name] = scorer.judge(before, before, ceiling)
        return swapped, unswapped


def curves_of(gathered: Gathered, names: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Curves of plate and output over time, by name.

    Args:
        gathered: of one part of the casting.
        names: of each curve, the part of the score and the number's name that hold it.
    """
    found: dict[str, Any] = {}
    for curve, (part, number) in names.items():
        if part not in gathered.parts:
            continue  # a broken plug-in is passed over, and its curve with it
        table = gathered.after(part)
        plate, swap = (next(_named(table, side, number), None) for side in ("plate", "swap"))
        if plate is not None and swap is not None:
            found[curve] = {"plate": plate.tolist(), "swap": swap.tolist()}
    return found


def _named(table: Table, side: str, number: str) -> Any:
    """Columns of that side and number, of the first reader first."""
    for name, values in table.items():
        if name.startswith(f"{side}:") and name.endswith(f":{number}"):
            yield values
