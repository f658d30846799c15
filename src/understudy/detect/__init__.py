"""Face detectors: from frames to boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

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
            beyond the frame), landmarks None.
        """
