"""Faces that were seen and could not be taken: where they are, and why, in few words.

Nothing is lost without a word: a face on which two looks disagree is left out, and so is one on
which no landmarks will lie, such as a full profile; both are named when the film is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from understudy.geometry import Float64
from understudy.geometry.boxes import overlap

NO_LANDMARKS = "no landmarks lie on it"
"""A detector sees a face, but the landmark predictor is not sure of it."""
DISAGREE = "two looks at it disagree"
"""What was followed and what the detector sees are not the same."""
_GAP = 12
_NEAR = 1.5
_AT_MOST = 1000
_COVERED = 0.5


@dataclass(slots=True)
class LeftOut:
    """A face that was left out for some frames.

    Attributes:
        first, last: frame indices.
        frames: how many of them it was seen in.
        x, y: middle of its box when it was last seen, frame pixels.
        size_px: square root of the box's area.
        why: `NO_LANDMARKS` or `DISAGREE`.
    """

    first: int
    last: int
    frames: int
    x: float
    y: float
    size_px: float
    why: str

    def __str__(self) -> str:
        where = (
            f"frame {self.first}"
            if self.first == self.last
            else (f"frames {self.first} to {self.last}")
        )
        return f"{where}: {self.size_px:.0f} px at ({self.x:.0f}, {self.y:.0f}), {self.why}"


@dataclass(slots=True)
class Doubts:
    """Faces of frames that are not final yet, and those that were left out.

    Attributes:
        open: (frame, box, why); the face may still be found from another frame.
        left_out: those that were not.
    """

    open: list[tuple[int, Float64, str]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def add(self, index: int, box_xyxy: Float64, why: str) -> None:
        """A face of a frame is doubtful."""
        self.open.append((index, np.asarray(box_xyxy, np.float64), why))

    def settle(self, index: int, boxes_xyxy: Sequence[Float64]) -> None:
        """A frame is final: what none of its faces covers was left out."""
        for frame, box, why in self.open:
            if frame != index:
                continue
            shared = [overlap(box[None], b[None], of_smaller=True)[0, 0] for b in boxes_xyxy]
            if max(shared, default=0.0) <= _COVERED:
                self._note(index, box, why)
        self.open = [one for one in self.open if one[0] > index]

    def _note(self, index: int, box: Float64, why: str) -> None:
        x, y = ((box[:2] + box[2:]) / 2).tolist()
        size = float(np.sqrt(np.prod(box[2:] - box[:2])))
        for one in reversed(self.left_out):
            near = np.hypot(one.x - x, one.y - y) < _NEAR * max(size, one.size_px)
            if near and 0 <= index - one.last <= _GAP:
                one.frames += index > one.last
                one.last, one.x, one.y, one.size_px = index, x, y, size
                return
        if len(self.left_out) < _AT_MOST:
            self.left_out.append(LeftOut(index, index, 1, x, y, size, why))

    def to_plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "open": [[frame, box.tolist(), why] for frame, box, why in self.open],
            "left_out": [asdict(one) for one in self.left_out],
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Doubts:
        """Back from `to_plain`; nothing in states that were written before.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        if not isinstance(plain, dict):
            raise TypeError("doubts")
        open_ = [
            (int(frame), np.array(box, np.float64).reshape(4), str(why))
            for frame, box, why in plain.get("open", ())
        ]
        return cls(open_, [_left_out(one) for one in plain.get("left_out", ())])


def _left_out(plain: Any) -> LeftOut:
    numbers = [float(plain[name]) for name in ("x", "y", "size_px")]
    if not np.isfinite(numbers).all() or plain["why"] not in (NO_LANDMARKS, DISAGREE):
        raise ValueError("left_out")
    x, y, size = numbers
    first, last, frames = (int(plain[name]) for name in ("first", "last", "frames"))
    return LeftOut(first, last, frames, x, y, size, plain["why"])
