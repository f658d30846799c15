"""Parts of a crop that pictures are compared in."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.score import Pair

_SHIFT = 4


def face_region(outline: NDArray[np.floating], size: int) -> NDArray[np.float32]:
    """(size, size) 1 from the brows to the chin and from ear to ear, else 0.

    Args:
        outline: (68, 2) landmarks in pixels of the crop.
        size: side of the crop.
    """
    filled = np.zeros((size, size), np.uint8)
    hull = cv2.convexHull(np.rint((outline - 0.5) * 2**_SHIFT).astype(np.int32))
    cv2.fillConvexPoly(filled, hull, 1, cv2.LINE_8, _SHIFT)
    return filled.astype(np.float32)


def inner_region(outline: NDArray[np.floating], size: int) -> NDArray[np.float32]:
    """The same without a margin at the outline, where hair and background begin."""
    face = face_region(outline, size)
    margin = max(1, round(size * 0.03))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return np.asarray(cv2.erode(face, kernel, borderValue=0), np.float32)


def luma(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(c, c) float32 0..255."""
    return cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)


def check_pair(pair: Pair) -> int:
    """The side of the pair's crops.

    Raises:
        ValueRefused: crops and matte differ in size.
    """
    shapes = [pair.plate.crop.shape[:2], pair.swap.crop.shape[:2], pair.matte.shape]
    if len(set(shapes)) != 1 or shapes[0][0] != shapes[0][1]:
        raise ValueRefused(f"pair: expected square crops of one size, got {shapes}")
    return int(shapes[0][0])


def weighted(values: NDArray[Any], weight: NDArray[Any]) -> float:
    """Mean with weights, or not a number where all weigh nothing."""
    total = float(weight.sum())
    return float((values * weight).sum() / total) if total > 1e-6 else float("nan")
