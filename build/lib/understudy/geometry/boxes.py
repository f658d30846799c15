"""Axis-aligned boxes as (n, 4) arrays of x0, y0, x1, y1 in frame pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.geometry.space import Float64


def area(boxes_xyxy: NDArray[np.floating]) -> Float64:
    """(n,) areas in square pixels; boxes turned inside out count as 0."""
    sides = np.maximum(np.asarray(boxes_xyxy, np.float64)[:, 2:] - boxes_xyxy[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def overlap(
    boxes_xyxy: NDArray[np.floating], other_xyxy: NDArray[np.floating], *, of_smaller: bool = False
) -> Float64:
    """(n, m) intersection over union, or over the smaller of the two boxes."""
    a = np.asarray(boxes_xyxy, np.float64)
    b = np.asarray(other_xyxy, np.float64)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=2)
    area_a, area_b = area(a)[:, None], area(b)[None]
    whole = np.minimum(area_a, area_b) if of_smaller else area_a + area_b - both
    return both / np.maximum(whole, 1e-12)


def suppress(
    boxes_xyxy: NDArray[np.floating],
    scores: NDArray[np.floating],
    threshold: float,
    *,
    of_smaller: bool = False,
) -> NDArray[np.intp]:
    """Greedy non-maximum suppression.

    Returns:
        Indices of the boxes kept, best score first. Ties keep the order given.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    kept: list[int] = []
    while len(order):
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        shared = overlap(boxes_xyxy[best][None], boxes_xyxy[rest], of_smaller=of_smaller)[0]
        order = rest[shared <= threshold]
    return np.array(kept, np.intp)
