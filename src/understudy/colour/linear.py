"""Colour transfer by covariance: the linear map that moves colours least.

Source: F. Pitie, A. Kokaram, "The linear Monge-Kantorovitch linear colour mapping for
example-based colour transfer", CVMP 2007. Unlike moments of each channel it turns hues: a face
whose red goes with its light comes to one whose red goes against it.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.colour.lab import ByMeasure, from_lab, to_lab, weights_of

GAINS = (0.5, 1.15)
"""How far the map may shrink and stretch along any direction: as with `reinhard`, stretching
shows noise; a little of it is what turning a hue needs."""
_NOISE = 0.25
"""Variance that every direction has at least, in LAB squared, so that none is divided by zero."""


class Linear(ByMeasure):
    """Mean and covariance of the face that is replaced, by the Monge-Kantorovich map."""

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """(24,) mean and covariance of the swapped face, then of the original, in LAB."""
        weight = weights_of(mask)
        if weight is None:
            return None
        return np.concatenate([_spread(to_lab(one), weight) for one in (swapped, original)])

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`; the mask has no influence any more."""
        mean, want_mean = measured[:3], measured[12:15]
        have, want = (measured[i : i + 9].reshape(3, 3) + _NOISE * np.eye(3) for i in (3, 15))
        root = _power(have, 0.5)
        unroot = _power(have, -0.5)
        values, vectors = np.linalg.eigh(unroot @ _power(root @ want @ root, 0.5) @ unroot)
        turned = (vectors * np.clip(values, *GAINS)) @ vectors.T
        offset = want_mean - turned @ mean
        return from_lab(cv2.transform(to_lab(swapped), np.column_stack([turned, offset])))


def _spread(lab: NDArray[Any], weight: NDArray[Any]) -> NDArray[np.float64]:
    """(12,) mean and covariance, row by row."""
    flat, w = lab.reshape(-1, 3), weight.reshape(-1)
    mean = (w @ flat).astype(np.float64)
    apart = flat - mean.astype(np.float32)
    covariance = (apart * w[:, None]).T @ apart
    return np.concatenate([mean, covariance.astype(np.float64).reshape(-1)])


def _power(matrix: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Of a symmetric matrix without negative directions."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    found: NDArray[np.float64] = (vectors * np.maximum(values, 1e-6) ** exponent) @ vectors.T
    return found
