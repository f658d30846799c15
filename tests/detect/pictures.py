"""Real pictures, as frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def picture(path: Path) -> np.ndarray:
    """(h, w, 3) uint8 RGB."""
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
