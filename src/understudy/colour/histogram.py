"""Histogram matching of each LAB channel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.colour.lab import ByMeasure, from_lab, to_lab, weights_of

_BINS = 256
_RANGES = ((0.0, 100.0), (-64.0, 64.0), (-64.0, 64.0))
"""Of L, a and b; skin, lips and eyes lie inside, what lies beyond is moved like the nearest."""
_SOFT_BINS = 3.0
"""A gap in one histogram would be a jump in the colours."""


class Histogram(ByMeasure):
    """Per LAB channel: as many dark and light, pale and vivid pixels as the face that is replaced.

    It takes more of the plate than its light: where the plate has a beard, the new face darkens.
    """

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """(1536,) three histograms of the swapped face, three of the original; each adds to 1."""
        weight = weights_of(mask)
        if weight is None:
            return None
        pair = to_lab(swapped), to_lab(original)
        return np.concatenate(
            [_counted(lab[..., c], weight, *_RANGES[c]) for lab in pair for c in range(3)]
        )

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`; the mask has no influence any more."""
        lab = to_lab(swapped)
        have, want = measured.reshape(2, 3, _BINS)
        moved = []
        for c, (low, high) in enumerate(_RANGES):
            edges = np.linspace(low, high, _BINS + 1)
            to = np.interp(_cumulated(have[c]), _cumulated(want[c]), edges)
            plane = lab[..., c]
            # beyond the range what lies there moves as its end does
            inside = np.clip(plane, low, high)
            moved.append((np.interp(inside, edges, to) + plane - inside).astype(np.float32))
        return from_lab(cv2.merge(moved))


def _counted(
    plane: NDArray[Any], weight: NDArray[Any], low: float, high: float
) -> NDArray[np.float64]:
    inside = np.clip((plane - low) * (_BINS / (high - low)), 0, _BINS - 1).astype(np.intp)
    return np.bincount(inside.reshape(-1), weight.reshape(-1), _BINS).astype(np.float64)


def _cumulated(histogram: NDArray[np.float64]) -> NDArray[np.float64]:
    """(257,) shares below each edge, rising strictly."""
    row = np.ascontiguousarray(histogram[None])
    soft = cv2.GaussianBlur(row, (0, 0), _SOFT_BINS, borderType=cv2.BORDER_REFLECT)[0]
    soft = soft + 1e-7
    total: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(soft)]) / soft.sum()
    return total
