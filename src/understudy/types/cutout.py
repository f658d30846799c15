"""A new face apart from its frame, as compositors take it into their own program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.types.faces import Face


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A new face on the frame's own pixels, over the rectangle that it covers.

    Attributes:
        face: whose place it takes.
        to: id of the person who is shown.
        left, top: the frame's pixel that the first pixel of the cut-out lies on.
        rgb: (h, w, 3) float32 0..1, not multiplied by alpha.
        alpha: (h, w) float32 0..1, how far it covers the frame.
    """

    face: Face
    to: str
    left: int
    top: int
    rgb: NDArray[Any]
    alpha: NDArray[Any]

    def __post_init__(self) -> None:
        kinds = self.rgb.dtype == np.float32 and self.alpha.dtype == np.float32
        if not kinds or self.rgb.shape != (*self.alpha.shape, 3) or not self.alpha.size:
            raise ValueRefused(
                f"Cutout of face {self.face.id}: expected (h, w, 3) and (h, w) float32 of at least "
                f"a pixel, got {self.rgb.shape} {self.rgb.dtype} and {self.alpha.shape} "
                f"{self.alpha.dtype}"
            )
