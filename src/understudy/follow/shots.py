"""Where one shot ends and the next begins: nothing is followed across a cut.

PySceneDetect's content detector compares each frame with the one before, so all it must remember
is one small picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector

from understudy.imaging.depth import eight_bit

_THUMBNAIL_PX = 192
# PySceneDetect wants a rate to name its frames by; only their order matters here.
_ANY_RATE = 25.0


class Shots:
    """Looks at frames in order and says at which a shot begins."""

    def __init__(self, threshold: float) -> None:
        self._detector = ContentDetector(threshold=threshold, min_scene_len=1)
        self._looked = 0

    def begins(self, pixels: NDArray[Any]) -> bool:
        """Whether this frame, (h, w, 3) RGB, is the first of a shot; the very first is."""
        # Every n-th pixel is enough to see a cut by, and costs nothing.
        step = max(1, max(pixels.shape[:2]) // _THUMBNAIL_PX)
        thumbnail = np.ascontiguousarray(eight_bit(pixels[::step, ::step, ::-1]))
        code = FrameTimecode(self._looked, fps=_ANY_RATE)
        self._looked += 1
        cut = bool(self._detector.process_frame(code, thumbnail))
        return cut or self._looked == 1
