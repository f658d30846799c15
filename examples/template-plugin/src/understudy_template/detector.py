"""A detector that any reader can follow: skin has a colour of its own, and a face is upright.

Source: D. Chai, K. N. Ngan, "Face segmentation using skin-color map in videophone applications",
IEEE Transactions on Circuits and Systems for Video Technology 9(4), 1999: skin of all tones lies
in a small rectangle of the two colour differences, Cr and Cb, and differs in brightness only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.imaging.resample import resize
from understudy.types import Faces
from understudy_template.options import SkinOptions

_LOOKED_AT_PX = 160
_DARKEST, _BRIGHTEST = (40, 136, 80), (255, 175, 130)
"""Y, Cr and Cb of skin, from and to."""
_TALLER = (1.0, 2.4)
"""Height of a patch in widths: a face with its neck, neither a lamp nor an arm."""
_BOX_HEIGHT = 1.2
"""Height of the box in widths of the patch: from the middle of the forehead to the chin."""


class SkinDetector:
    """Finds the largest patch of skin; `understudy.detect.Detector` says what goes in and out."""

    def __init__(self, options: SkinOptions | None = None) -> None:
        self._options = options or SkinOptions()

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """One face a frame at most, boxes in frame pixels."""
        return [self._in_one(frame) for frame in frames]

    def _in_one(self, frame: NDArray[Any]) -> Faces:
        height, width = frame.shape[:2]
        scale = min(1.0, _LOOKED_AT_PX / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = resize(frame, size)
        skin = cv2.inRange(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb), _DARKEST, _BRIGHTEST)
        skin = cv2.morphologyEx(skin, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        _, _, found, centres = cv2.connectedComponentsWithStats(skin)
        best = Faces.none()
        largest = self._options.min_share * size[0] * size[1]
        for (_, _, wide, tall, area), (x, y) in zip(found[1:], centres[1:], strict=True):
            if area >= largest and _TALLER[0] <= tall / wide <= _TALLER[1]:
                largest = area
                half = np.array([wide, _BOX_HEIGHT * wide]) / 2
                middle = np.array([x, y]) + 0.5  # OpenCV counts pixel centres as whole numbers
                box = np.concatenate([middle - half, middle + half])
                box *= np.tile([width / size[0], height / size[1]], 2)
                best = Faces(box[None], np.array([area / (wide * tall)]))
        return best
