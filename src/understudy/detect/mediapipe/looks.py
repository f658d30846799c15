"""Which parts of a picture MediaPipe's detector looks at, and what it is shown of them.

Convention: pixel i covers [i, i+1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Float64
from understudy.imaging.resample import resize

VIEW_PX = 192

_SURE_PX = 16
"""A look is fine enough for faces of this many of the network's pixels."""

_FINER, _SHARED = 1.75, 0.2
"""How much smaller the squares of the next looks are, and how much neighbours share of them.

A face that fits into what neighbours share lies whole in one of them; any larger one has at least
20 network pixels in the look before.
"""


@dataclass(frozen=True, slots=True)
class Square:
    """A part of the picture that is looked at: corner and side in picture pixels.

    `largest` is the side of the largest face it may report; larger ones are left to coarser looks.
    """

    x: float
    y: float
    side: float
    largest: float

    def holds(self, low: Float64, high: Float64) -> NDArray[np.bool_]:
        """(n,) whether boxes of these (n, 2) corners are this square's to report."""
        if self.largest >= self.side:
            return np.ones(len(low), np.bool_)
        fits: NDArray[np.bool_] = (high - low).max(1, initial=0) <= self.largest
        return fits


def squares(width: int, height: int, min_face_px: float) -> list[Square]:
    """The looks at a picture that find faces of `min_face_px` pixels and more."""
    whole = around(width, height, 1.0)
    found, side = [whole], whole.side
    while min_face_px * VIEW_PX / side < _SURE_PX:
        side /= _FINER
        shared = _SHARED * side
        found += [
            Square(x, y, side, shared)
            for y in _starts(height, side, shared)
            for x in _starts(width, side, shared)
        ]
    return found


def around(width: int, height: int, sides: float) -> Square:
    """A square around the middle of the picture, `sides` times as large as its longer side."""
    side = sides * max(width, height)
    return Square((width - side) / 2, (height - side) / 2, side, side)


def _starts(length: int, side: float, shared: float) -> list[float]:
    """Where squares begin that cover a length and share at least so much with each other."""
    count = max(1, int(np.ceil((length - shared) / (side - shared))))
    if count == 1:
        return [(length - side) / 2]
    return [float(v) for v in np.linspace(0, length - side, count)]


def view_of(picture: NDArray[Any], square: Square) -> tuple[NDArray[Any], Float64, Float64]:
    """A square as the network sees it, black beyond the picture.

    Returns:
        (192, 192, 3) uint8, the picture point (2,) of its corner, and picture pixels per view
        pixel (2,).
    """
    height, width = picture.shape[:2]
    x0, y0 = max(0, round(square.x)), max(0, round(square.y))
    x1, y1 = min(width, round(square.x + square.side)), min(height, round(square.y + square.side))
    inside_wh = np.array([x1 - x0, y1 - y0])
    to = np.clip(np.rint(inside_wh * VIEW_PX / square.side), 1, VIEW_PX).astype(int)
    left, top = ((VIEW_PX - to) // 2).tolist()
    view = np.zeros((VIEW_PX, VIEW_PX, 3), np.uint8)
    small = resize(picture[y0:y1, x0:x1], (int(to[0]), int(to[1])))
    view[top : top + to[1], left : left + to[0]] = small
    picture_per_view = inside_wh / to
    return view, np.array([x0, y0]) - np.array([left, top]) * picture_per_view, picture_per_view
