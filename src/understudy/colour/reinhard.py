"""Colour transfer by first and second moments in LAB.

Source: E. Reinhard, M. Ashikhmin, B. Gooch, P. Shirley, "Color transfer between images", IEEE
Computer Graphics and Applications 21(5), 2001; here in CIELAB (D65) and in float throughout.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.colour.lab import ByMeasure, from_lab, moments, to_lab, weights_of

GAINS = (0.5, 1.0)
"""How the spread may change. It is lowered where the original is flatter, never raised: that
would stretch noise and what the model got wrong. On the demo's true swap, raising it up to twice
cost 0.6 dB."""


class Reinhard(ByMeasure):
    """Per LAB channel: the mean of the face that is replaced, and its spread where smaller."""

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """(12,) mean and spread of the swapped face, then of the original, in the mask."""
        weight = weights_of(mask)
        if weight is None:
            return None
        return np.concatenate(
            [*moments(to_lab(swapped), weight), *moments(to_lab(original), weight)]
        )

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`; the mask has no influence any more."""
        mean, _, want_mean, _ = measured.reshape(4, 3)
        gain = self._gain(measured)
        offset = want_mean - gain * mean
        return from_lab(cv2.transform(to_lab(swapped), np.column_stack([np.diag(gain), offset])))

    def _gain(self, measured: NDArray[Any]) -> NDArray[np.float64]:
        """(3,) by how much each channel is stretched around its mean."""
        _, spread, _, want_spread = measured.reshape(4, 3)
        gain: NDArray[np.float64] = np.clip(want_spread / np.maximum(spread, 1e-3), *GAINS)
        return gain


class Skin(Reinhard):
    """The mean of the face that is replaced, its contrast, and how colourful its skin is.

    Where the plate has pale lips and no freckles, `Reinhard` takes its lack of variety for a
    camera's: the new face's freckles, lips and green irises turn grey. How colourful a camera shows
    skin is told by the mean of it, so both planes of colour are scaled by that alone.
    """

    def _gain(self, measured: NDArray[Any]) -> NDArray[np.float64]:
        mean, spread, want_mean, want_spread = measured.reshape(4, 3)
        have = np.array([spread[0], np.hypot(*mean[1:])])
        want = np.array([want_spread[0], np.hypot(*want_mean[1:])])
        gain: NDArray[np.float64] = np.clip(want / np.maximum(have, 1e-3), *GAINS)[[0, 1, 1]]
        return gain


class Average(ByMeasure):
    """The mean of the face that is replaced; contrast and saturation stay the model's."""

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """(3,) how far the mean moves, in LAB."""
        weight = weights_of(mask)
        if weight is None:
            return None
        return moments(to_lab(original), weight)[0] - moments(to_lab(swapped), weight)[0]

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`; the mask has no influence any more."""
        return from_lab(cv2.add(to_lab(swapped), np.append(measured, 0.0)))
