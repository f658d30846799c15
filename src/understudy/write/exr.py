"""OpenEXR: floats in linear light, as compositing programs work in."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.media import MediaInfo
from understudy.media.colour.light import light_of
from understudy.media.colour.tonemap import WHITE_NITS, hlg_scene, pq_nits
from understudy.types import Frame
from understudy.write.images import FLOAT, ImagesWriter, with_alpha
from understudy.write.options import ExrOptions

_HLG_WHITE = 0.75
"""Code value of diffuse white, ITU-R BT.2408-7 table 1."""


class ExrWriter(ImagesWriter):
    """Half or float in a folder; a layer is multiplied by its alpha, as OpenEXR has it.

    Args:
        source: the frames' names follow it.
        options: which numbers, and of what.
    """

    like_source = False

    def __init__(self, source: MediaInfo, options: ExrOptions | None = None) -> None:
        self._options = options or ExrOptions()
        super().__init__(source, ".exr", 16 if self._options.number == "half" else 32)

    def _light(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Linear light of the film's code values; of HDR diffuse white is 1."""
        light = light_of(self._source)
        if light == "pq":
            return np.asarray(pq_nits(values) / np.float32(WHITE_NITS), np.float32)
        if light == "hlg":
            return np.asarray(hlg_scene(values) / hlg_scene(np.array(_HLG_WHITE)), np.float32)
        return linear_from_709(values)

    def encoded(self, frame: Frame) -> bytes:
        """A file of scan lines, compressed by ZIP in blocks of 16."""
        pixels = with_alpha(frame, FLOAT)
        rgb, alpha = pixels[..., :3], pixels[..., 3:]
        if self._options.curve == "linear":
            rgb = self._light(rgb)
        if frame.alpha is not None:
            rgb = rgb * alpha
        return _encoded(np.concatenate([rgb, alpha], -1), self._options.number)


def linear_from_709(values: NDArray[Any]) -> NDArray[np.float32]:
    """Light of code values by the inverse of Rec. ITU-R BT.709's curve, both 0..1."""
    values = np.asarray(values, np.float32)
    low, high = values / np.float32(4.5), ((values + 0.099) / 1.099) ** np.float32(1 / 0.45)
    return np.asarray(np.where(values < 0.081, low, high), np.float32)


def _encoded(pixels: NDArray[Any], number: str) -> bytes:
    import av

    height, width, samples = pixels.shape
    context: Any = av.CodecContext.create("exr", "w")
    context.width, context.height = width, height
    context.pix_fmt = "gbrpf32le" if samples == 3 else "gbrapf32le"
    context.time_base = Fraction(1, 25)
    context.thread_count = 1
    context.options = {"compression": "zip16", "format": number}
    picture = av.VideoFrame.from_ndarray(
        np.ascontiguousarray(pixels, np.float32), format=context.pix_fmt
    )
    return b"".join(bytes(p) for p in [*context.encode(picture), *context.encode(None)])
