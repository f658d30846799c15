"""Which pixels belong to the face, and where the mask lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Warp
from understudy.types.check import shown


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A mask on its own grid; useless without where that grid lies in the frame.

    Attributes:
        kind: the masker's name, such as "components".
        alpha: (h, w) float32, 0 outside to 1 inside.
        grid_from_frame: warp from frame pixels to mask pixels.
    """

    kind: str
    alpha: NDArray[Any]
    grid_from_frame: Warp

    def __post_init__(self) -> None:
        grid = self.grid_from_frame.dst
        if self.alpha.dtype != np.float32 or self.alpha.shape != (grid.height, grid.width):
            raise ValueRefused(
                f"Mask {self.kind!r}: expected ({grid.height}, {grid.width}) float32, "
                f"got {self.alpha.shape} {self.alpha.dtype}"
            )
        low, high = float(self.alpha.min()), float(self.alpha.max())
        if not (low >= 0.0 and high <= 1.0):
            raise ValueRefused(f"Mask {self.kind!r}: expected values 0..1, got {low:g}..{high:g}")

    def __repr__(self) -> str:
        return f"Mask({self.kind!r}, alpha {shown(self.alpha)})"
