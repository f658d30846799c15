"""The contact sheet: faces at full size, and those moments among them that tell swaps apart.

Shut eyes, a wide mouth, turned heads are what models fail at and what a row picked blindly hardly
ever shows. Rows are chosen while the film goes by, so nothing is held but the best few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.imaging.resample import resize
from understudy.imaging.sheets import contact_sheet
from understudy.score.reading import Reading
from understudy.stages.evaluate.donors import Shown
from understudy.stages.evaluate.looking import Found

_CELL_PX = (192, 512)
"""Least and largest side of a cell; between them faces are shown pixel by pixel."""
_AROUND = 1.7
"""Side of what a cell shows, in sides of the mean face's unit square."""
_APART = 4
"""Rows of one kind are so many frames apart."""
_QUARTER_DEG = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A moment that may be shown.

    Attributes:
        frame: its number.
        plate: what was read off the plate.
        pictures: source, swap, and the true swap where there is one, cut around the face.
    """

    frame: int
    plate: Reading
    pictures: tuple[NDArray[np.uint8], ...]


class Gallery:
    """Keeps the moments that a sheet shows, one part's.

    Args:
        typical: numbers of frames that are shown whatever they hold.
    """

    def __init__(self, typical: Sequence[int]) -> None:
        self._typical = set(typical)
        self._best: dict[str, list[tuple[float, int, Row | None]]] = {}

    def offer(self, frame: int, plate: Found, swap: Found, pictures: Sequence[Any]) -> None:
        """A looked-at face; kept while nothing says more."""
        row: Row | None = None
        for name, value in _worth(frame, plate.first, swap.first, self._typical).items():
            offered = sorted([*self._best.get(name, []), (value, frame, None)], key=_first_most)
            kept: list[tuple[float, int, Row | None]] = []
            for one in offered:
                if all(abs(one[1] - other[1]) >= _APART for other in kept):
                    kept.append(one)
            kept = kept[: _MOST[name]]
            if any(one[2] is None for one in kept):
                # cut only now: most faces are no better than what is there
                row = row or Row(frame, plate.first, tuple(_cut(p, plate) for p in pictures))
            self._best[name] = [(v, f, r or row) for v, f, r in kept]

    def rows(self, count: int) -> list[tuple[str, Row]]:
        """What to show, the most telling first, no frame twice."""
        chosen: dict[int, tuple[str, Row]] = {}
        for rank in range(max(_MOST.values())):
            for name in _MOST:
                of_name = self._best.get(name, [])
                if rank < len(of_name) and len(chosen) < count:
                    _, frame, row = of_name[rank]
                    if row is not None:
                        chosen.setdefault(frame, (name, row))
        return [chosen[frame] for frame in sorted(chosen)]


_MOST = {
    "narrowest eyes": 2,
    "widest mouth": 2,
    "farthest turned": 2,
    "three-quarter": 1,
    "other side": 2,
    "least alike": 2,
    "typical": 8,
}
"""Kinds of rows, the most telling first, and how many of each are kept."""


def _first_most(kept: tuple[float, int, Row | None]) -> tuple[float, int]:
    return -kept[0], kept[1]


def _worth(frame: int, plate: Reading, swap: Reading, typical: set[int]) -> dict[str, float]:
    """How much a face says for each kind of row."""
    found = {
        "narrowest eyes": -plate.eyes,
        "widest mouth": plate.mouth,
        "farthest turned": plate.yaw,
        "other side": -plate.yaw,
        "three-quarter": -abs(abs(plate.yaw) - _QUARTER_DEG),
        "least alike": abs(plate.mouth - swap.mouth) + abs(plate.eyes - swap.eyes),
    }
    if frame in typical:
        found["typical"] = float(-frame)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def drawn_sheet(
    parts: Mapping[str, tuple[Sequence[tuple[str, Row]], Sequence[Shown]]],
    third: str,
    foot: Sequence[str] = (),
) -> NDArray[np.uint8]:
    """The sheet of one output.

    Args:
        parts: by part of the casting, the rows to show and the donor's pictures.
        third: caption of the third column: "true swap" takes the rows' own third picture,
            "donor" the picture of the donor that does most nearly the same.
        foot: lines about what it shows, below it.
    """
    rows, labels = [], []
    for name, (chosen, donors) in parts.items():
        for kind, row in chosen:
            pictures = list(row.pictures)
            if third == "donor":
                pictures.append(_nearest(row.plate, donors, pictures[0].shape))
            rows.append(pictures)
            also = f", {name}" if len(parts) > 1 else ""
            labels.append(f"{row.frame}: {kind}, yaw {row.plate.yaw:.0f}{also}")
    side = max((max(p.shape[:2]) for row in rows for p in row[:1]), default=_CELL_PX[0])
    side = int(np.clip(side, *_CELL_PX))
    return contact_sheet(["source", "swap", third], rows, labels, (side, side), (1,), foot)


def _nearest(plate: Reading, donors: Sequence[Shown], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The donor doing what the plate does, as nearly as there is a picture of it."""
    if not donors:
        return np.zeros(shape, np.uint8)

    def away(shown: Shown) -> float:
        r = shown.found.first
        return (
            abs(r.yaw - plate.yaw) / 20
            + abs(r.mouth - plate.mouth) / 0.3
            + (abs(r.eyes - plate.eyes) / 0.2)
        )

    best = min(donors, key=away)
    return _cut(best.pixels, best.found)


def _cut(pixels: NDArray[np.uint8], found: Found) -> NDArray[np.uint8]:
    """The face with a margin, pixel by pixel unless it is very large."""
    points = found.alignment.landmarks
    middle, half = (points.min(0) + points.max(0)) / 2, found.unit_px * _AROUND / 2
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(middle - half), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(middle + half), (left + 1, top + 1), (width, height)).astype(
        int
    )
    cut = pixels[top:bottom, left:right]
    share = _CELL_PX[1] / max(cut.shape[:2])
    if share < 1:
        size = max(1, round(cut.shape[1] * share)), max(1, round(cut.shape[0] * share))
        return np.asarray(resize(cut, size), np.uint8)
    return cut.copy()
