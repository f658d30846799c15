"""Landmark predictors: from boxes to 68 points."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from understudy.types import Faces


class Aligner(Protocol):
    """Finds the 68 landmarks of detected faces in one frame."""

    def align(self, frame: NDArray[Any], faces: Faces) -> Faces:
        """Fill in landmarks.

        Args:
            frame: (h, w, 3) uint8 RGB.
            faces: detections in that frame.

        Returns:
            The same faces with landmarks (n, 68, 2) in frame pixels; pixel i covers [i, i+1),
            so predictors that count pixel centres as integers add 0.5.
        """
