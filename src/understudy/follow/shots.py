"""Where one shot ends and the next begins: nothing is followed across a cut.

PySceneDetect's content detector compares each frame with the one before, so all it must remember
is one small picture. A camera that is swung round changes every pixel as a cut does; there the new
frame holds a large part of the one before in another place, which after a cut it does not.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector

from understudy.imaging.depth import eight_bit

_THUMBNAIL_PX = 192
# PySceneDetect wants a rate to name its frames by; only their order matters here.
_ANY_RATE = 25.0
_STRIP = 0.4
"""Share of the width that two frames of one pan must have in common."""
_SAME_STRIP = 0.85
"""Correlation of that strip. Of 660 pairs of frames of different films one in a hundred came above
.78; in pans by up to 5/8 of the width a frame it was .94 to 1, at their blurred beginning .78."""
_MOVED_PX = 4
"""Of the small picture. What did not move and changed all the same is no pan."""
_FLAT = 3.0


class Shots:
    """Looks at frames in order and says at which a shot begins."""

    def __init__(self, threshold: float) -> None:
        self._detector = ContentDetector(threshold=threshold, min_scene_len=1)
        self._looked = 0
        self._before: NDArray[np.float32] | None = None

    def begins(self, pixels: NDArray[Any]) -> bool:
        """Whether this frame, (h, w, 3) RGB, is the first of a shot; the very first is."""
        # Every n-th pixel is enough to see a cut by, and costs nothing.
        step = max(1, max(pixels.shape[:2]) // _THUMBNAIL_PX)
        thumbnail = np.ascontiguousarray(eight_bit(pixels[::step, ::step, ::-1]))
        code = FrameTimecode(self._looked, fps=_ANY_RATE)
        self._looked += 1
        cut = bool(self._detector.process_frame(code, thumbnail))
        before, self._before = self._before, _smooth_grey(thumbnail)
        if cut and before is not None:
            cut = not _panned(before, self._before)
        return cut or self._looked == 1


def _smooth_grey(bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(h, w) float32; smoothed, since a frame in a pan is blurred more than the one before it."""
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5), np.float32)


def _panned(before: NDArray[np.float32], now: NDArray[np.float32]) -> bool:
    """Whether a strip of this frame lies elsewhere in the one before: the camera moved, no cut."""
    if before.shape != now.shape:
        return False
    height, width = now.shape
    top, strip = round(0.1 * height), round(_STRIP * width)
    for left in (0, (width - strip) // 2, width - strip):
        part = now[top : height - top, left : left + strip]
        if part.std() < _FLAT:  # anything correlates with a wall
            continue
        found = cv2.matchTemplate(before, part, cv2.TM_CCOEFF_NORMED)
        _, likeness, _, (x, y) = cv2.minMaxLoc(found)
        if likeness >= _SAME_STRIP and max(abs(x - left), abs(y - top)) >= _MOVED_PX:
            return True
    return False
