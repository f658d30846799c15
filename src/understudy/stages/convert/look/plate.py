"""The new face as the plate's camera would have seen it: as sharp, as smeared, as grainy."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.imaging.plate import (
    grained,
    missing_grain,
    sharpened,
    softened_to,
    streaked,
    texture_of,
)
from understudy.stages.convert.options import ConvertOptions
from understudy.types import Face


class PlateLook:
    """Gives faces the look of their plate, as the options say.

    Attributes:
        measures: whether the plate is looked at, so that neighbours in time count.
        moves: whether the way of a face matters.
    """

    def __init__(self, options: ConvertOptions) -> None:
        self._options = options
        self.measures = options.grain > 0 or options.softness > 0
        self.moves = options.motion_blur > 0
        self._idle = not (self.measures or self.moves or options.sharpen != "none")

    def measure(self, plate: NDArray[Any], within: NDArray[Any]) -> NDArray[np.float64]:
        """(7,) the texture of what a frame shows in a face's place; see `plate.texture_of`."""
        return texture_of(plate, within)

    def apply(
        self,
        face: NDArray[Any],
        within: NDArray[Any],
        texture: NDArray[Any] | None,
        way_px: NDArray[Any] | None,
        whose: Face,
    ) -> NDArray[Any]:
        """A face with the look of its plate.

        Args:
            face: (h, w, 3) float32 RGB 0..1 at the frame's resolution.
            within: (h, w) float32 0..1, how far it covers the frame.
            texture: of the plate around this time, from `measure`; None where nothing is measured.
            way_px: (2,) how far the face moves from frame to frame, or None.
            whose: gives the grain its seed.
        """
        o = self._options
        if self._idle or face.size == 0:
            return face
        face = np.clip(face, 0, 1)
        face = sharpened(face, o.sharpen, o.sharpen_amount, o.sharpen_radius)
        if o.softness > 0 and texture is not None:
            soft, _ = softened_to(face, within, float(texture[-1]))
            face = face + np.float32(o.softness) * (soft - face)
        if self.moves and way_px is not None:
            face = streaked(face, o.motion_blur * way_px)
        if o.grain > 0 and texture is not None:
            missing = o.grain * missing_grain(texture, texture_of(face, within))
            face = grained(face, missing, (whose.at.index, zlib.crc32(whose.id.encode())))
        return face
