"""Face detectors: from frames to boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.types import Faces


class Detector(Protocol):
    """Finds faces. Batched, no I/O, no progress; each frame's result is independent of the rest."""

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces.

        Args:
            frames: (h, w, 3) uint8 RGB arrays, sizes may differ.

        Returns:
            One `Faces` per frame, best score first, boxes in frame pixels (they may reach
            beyond the frame), landmarks None. Boxes go from the middle of the forehead to the
            chin, as MTCNN draws them: aligners count on it. Where a detector knows a face's
            roll, `extras["roll_deg"]` (n,) holds it: the angle from the frame's x axis to the
            line from the person's right eye to the left, clockwise as seen; 180 is upside down.
        """


@runtime_checkable
class LocatedDetector(Protocol):
    """A detector that must know which frames it is given, as one that reads boxes from a file."""

    def detect_at(self, frames: Sequence[NDArray[Any]], indices: Sequence[int]) -> list[Faces]:
        """`Detector.detect` for the frames with these ordinals, counted from 0."""


def detect_all(
    detector: Detector, frames: Sequence[NDArray[Any]], indices: Sequence[int]
) -> list[Faces]:
    """Find the faces of these frames, with any detector; stages call this one.

    Args:
        detector: any.
        frames: (h, w, 3) uint8 RGB arrays.
        indices: their ordinals in the source, counted from 0.
    """
    if isinstance(detector, LocatedDetector):
        return detector.detect_at(frames, indices)
    return detector.detect(frames)
