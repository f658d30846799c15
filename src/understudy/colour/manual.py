"""A balance set by hand, for the last bit that no measure sees."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.colour.lab import from_lab, to_lab
from understudy.colour.options import ManualOptions

_GREY = 50.0
_GAMMA = 2.2
"""Near enough to every transfer of Rec.709 pictures for a balance that is judged by eye."""


class Manual:
    """Exposure, temperature, saturation and contrast; usually behind another matcher."""

    def __init__(self, options: ManualOptions | None = None) -> None:
        self._options = options or ManualOptions()

    def match(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[Any]:
        """As `ColourMatcher.match`; `original` and `mask` have no influence."""
        o = self._options
        if o == ManualOptions():
            return swapped
        lit = np.clip(swapped * np.float32(2.0 ** (o.exposure / _GAMMA)), 0.0, 1.0)
        gain = np.array([o.contrast, o.saturation, o.saturation])
        offset = np.array([_GREY * (1 - o.contrast), o.magenta, o.temperature])
        return from_lab(cv2.transform(to_lab(lit), np.column_stack([np.diag(gain), offset])))

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64]:
        """(0,) nothing is measured."""
        return np.zeros(0)

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`."""
        return self.match(swapped, swapped, mask)
