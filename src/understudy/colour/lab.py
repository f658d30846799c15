"""What matchers share: CIELAB, weighted moments, and matching by what was measured.

OpenCV and BLAS throughout: NumPy broadcasts over three channels ten times as slowly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_WEIGHT_PX = 16.0
"""A mask of fewer pixels has no statistics."""


class ByMeasure(ABC):
    """A `colour.SteadyMatcher` whose `match` is `apply` after `measure`."""

    def match(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[Any]:
        """As `ColourMatcher.match`.

        A mask of fewer than 16 pixels has no statistics: the crop is returned as it is.
        """
        measured = self.measure(swapped, original, mask)
        return swapped if measured is None else self.apply(swapped, mask, measured)

    @abstractmethod
    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """As `SteadyMatcher.measure`."""

    @abstractmethod
    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`."""


def to_lab(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """(h, w, 3) float32 RGB 0..1 as CIELAB: L 0..100, a and b about -127..127."""
    found: Any = cv2.cvtColor(np.ascontiguousarray(rgb, np.float32), cv2.COLOR_RGB2LAB)
    return np.asarray(found, np.float32)


def from_lab(lab: NDArray[Any]) -> NDArray[np.float32]:
    """The opposite of `to_lab`, cut to 0..1."""
    rgb: Any = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    found: NDArray[np.float32] = np.clip(rgb, 0.0, 1.0, out=rgb)
    return found


def weights_of(mask: NDArray[Any]) -> NDArray[np.float32] | None:
    """The mask as weights that add up to one; None where it is too small."""
    if float(mask.sum()) < MIN_WEIGHT_PX:
        return None
    return (mask / mask.sum(dtype=np.float64)).astype(np.float32)


def moments(
    planes: NDArray[Any], weight: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3,) mean and spread; weights add up to one."""
    mean = _sum(planes, weight)
    apart = cv2.subtract(planes, np.append(mean, 0.0))
    return mean, np.sqrt(_sum(cv2.multiply(apart, apart), weight))


def _sum(planes: NDArray[Any], weight: NDArray[Any]) -> NDArray[np.float64]:
    """(3,) weighted sums of (h, w, 3): rows in single precision, over rows in double."""
    found: NDArray[np.float64] = np.matmul(weight[:, None], planes)[:, 0].sum(0, dtype=np.float64)
    return found
