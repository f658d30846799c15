"""One picture and its exact place in time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Space
from understudy.types.check import shown

if TYPE_CHECKING:
    from understudy.types.cutout import Cutout

_DTYPES = (np.uint8, np.uint16, np.float32)


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Exact ordinal and exact time; no float frame rate ever stands in for it.

    Attributes:
        index: 0-based ordinal among the decoded frames of the source.
        pts: presentation time in units of `time_base`.
        time_base: seconds per unit.
    """

    index: int
    pts: int
    time_base: Fraction

    def __post_init__(self) -> None:
        if self.index < 0 or self.time_base <= 0:
            raise ValueRefused(
                f"Timestamp: expected index >= 0 and time_base > 0, "
                f"got {self.index}, {self.time_base}"
            )

    @property
    def seconds(self) -> Fraction:
        """Exact presentation time in seconds."""
        return self.pts * self.time_base


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded picture, upright (rotation metadata applied).

    Attributes:
        at: its place in time.
        pixels: (h, w, 3) RGB; uint8, or uint16/float32 when the source has more than 8 bits.
        source: what it came from, for messages (a file or folder name).
        alpha: (h, w) float32 0..1, how far a layer covers what lies below; None for all of it.
        cutouts: new faces that are kept apart from the pixels, the lowest first.
    """

    at: Timestamp
    pixels: NDArray[Any]
    source: str
    alpha: NDArray[Any] | None = None
    cutouts: tuple[Cutout, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype not in _DTYPES:
            raise ValueRefused(
                f"Frame {self.at.index} of {self.source}: expected (h, w, 3) of uint8, uint16 or "
                f"float32, got {self.pixels.shape} {self.pixels.dtype}"
            )
        layer = self.alpha
        fits = layer is None or layer.shape == self.pixels.shape[:2]
        if layer is not None and not (fits and layer.dtype == np.float32):
            raise ValueRefused(
                f"Frame {self.at.index} of {self.source}: expected alpha {self.pixels.shape[:2]} "
                f"float32, got {layer.shape} {layer.dtype}"
            )

    def __repr__(self) -> str:
        return f"Frame({self.at.index} of {self.source!r}, {shown(self.pixels)})"

    @property
    def space(self) -> Space:
        """The frame's pixel grid."""
        height, width = self.pixels.shape[:2]
        return frame_space(width, height)


def frame_space(width: int, height: int) -> Space:
    """The pixel grid of every frame of this size."""
    return Space("frame", width, height)
