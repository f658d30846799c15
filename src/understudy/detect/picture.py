"""What every detector does before it looks: refuse other arrays, scale large frames down.

Convention: boxes are x0, y0, x1, y1, pixel i covers [i, i+1).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Float64


def shrunk(frame: NDArray[Any], longest_px: int) -> tuple[NDArray[Any], Float64]:
    """The picture that detection sees: the frame, scaled down where it is larger than asked for.

    Args:
        frame: (h, w, 3) uint8 RGB.
        longest_px: longer side of the picture at most.

    Returns:
        The picture, and (4,) frame pixels per picture pixel for x0, y0, x1, y1.

    Raises:
        ValueRefused: the frame is something else.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ValueRefused(f"detect: expected (h, w, 3) uint8 RGB, got {frame.shape} {frame.dtype}")
    height, width = frame.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    if scale == 1.0:
        return frame, np.ones(4)
    to_width, to_height = max(1, round(width * scale)), max(1, round(height * scale))
    picture = cv2.resize(frame, (to_width, to_height), interpolation=cv2.INTER_AREA)
    return picture, np.array([width / to_width, height / to_height] * 2)
