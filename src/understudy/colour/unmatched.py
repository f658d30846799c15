"""No colour matching, for footage whose colours the model already learnt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Unmatched:
    """Returns the model's output untouched."""

    def match(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[Any]:
        """As `ColourMatcher.match`; `original` and `mask` have no influence."""
        return swapped

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64]:
        """(0,) nothing is measured."""
        return np.zeros(0)

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`."""
        return swapped
