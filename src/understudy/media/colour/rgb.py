"""RGB from stored samples and back, with matrix and range always said.

swscale takes BT.601 where nothing is said, which moves luma by up to 33 levels in HD. Both ways
go through here, with the source's effective matrix and range, so that a frame decoded, untouched
and encoded again has the colour it had.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from understudy.errors import MediaError, ValueRefused
from understudy.imaging.depth import from_unit
from understudy.media.colour.cube import Cube
from understudy.media.colour.light import AssumeColour, check_readable, light_of
from understudy.media.colour.lut import LutTone
from understudy.media.colour.tonemap import ToneMap
from understudy.media.info import MediaInfo, Range

# H.273 matrix codes to swscale's. 10 (constant luminance) is read as 9, as players do.
_SWS_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_SWS_RANGE = {"limited": ColorRange.MPEG, "full": ColorRange.JPEG}
# The default flags lose up to three levels; full chroma in both directions loses at most one in
# limited range. BITEXACT keeps machines with other vector units to the same numbers.
_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)


def check_matrix(info: MediaInfo) -> None:
    """Refuse a matrix that cannot be converted rightly.

    Raises:
        MediaError: with its H.273 code.
    """
    if info.effective_matrix not in _SWS_MATRIX:
        raise MediaError(
            f"{info.path}: its colour matrix (H.273 code {info.effective_matrix}) cannot be "
            "converted; convert the video to BT.709 first"
        )


class ToRgb:
    """Decoded frames of one source to RGB; HDR, and log with a table, become Rec.709.

    Args:
        info: the source, for its effective matrix and range, and its curve.
        native: keep more than 8 bits as uint16 where the source has them.
        assume_colour: "rec709" leaves code values as they are whatever the tags say of light.

    Raises:
        MediaError: the matrix cannot be converted, or the source is log footage.
    """

    def __init__(
        self, info: MediaInfo, native: bool = False, assume_colour: AssumeColour = "tags"
    ) -> None:
        check_matrix(info)
        check_readable(info, assume_colour)
        light = light_of(info) if assume_colour == "tags" else "sdr"
        self._tone: ToneMap | LutTone | None = None
        self._dtype = np.uint16 if native and info.bits > 8 else np.uint8
        if light in ("pq", "hlg"):
            self._tone = ToneMap(light, info.colour.primaries)
        elif isinstance(assume_colour, Cube):
            self._tone = LutTone(assume_colour)
        # swscale has vector code for 8-bit planes alone: the same numbers in a third of the time.
        # RGB sources of few bits come out of it differently, so they stay packed.
        deep = self._tone is not None or (native and info.bits > 8)
        packed = "rgb48le" if deep else "rgb24"
        self._format = packed if info.is_rgb or packed != "rgb24" else "gbrp"
        self._range = _SWS_RANGE[info.effective_range]
        self._matrix = 0 if info.is_rgb else _SWS_MATRIX[info.effective_matrix]
        self._scaler = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> NDArray[Any]:
        """(h, w, 3) RGB of a decoded frame as stored, uint8 or uint16."""
        converted = self._scaler.reformat(
            frame,
            format=self._format,
            src_colorspace=self._matrix,
            dst_colorspace=self._matrix,
            src_color_range=self._range,
            dst_color_range=ColorRange.JPEG,
            interpolation=_EXACT,
            threads=1,
        )
        if self._format == "gbrp":
            return _interleaved(converted)
        if self._tone is None:
            return converted.to_ndarray()
        return self._tone(converted.to_ndarray(), self._dtype)


class FromRgb:
    """RGB arrays to the frames an encoder takes.

    Args:
        pixel_format: as FFmpeg calls it, YUV or planar RGB, such as "yuv420p10le".
        matrix: H.273 code, one of 1, 4, 5, 6, 7, 9, 10.
        range_: of the stored samples.
    """

    def __init__(self, pixel_format: str, matrix: int, range_: Range) -> None:
        self._format = pixel_format
        self._matrix = _SWS_MATRIX[matrix]
        self._range = _SWS_RANGE[range_]
        self._scaler = VideoReformatter()

    def __call__(self, rgb: NDArray[Any], alpha: NDArray[Any] | None = None) -> VideoFrame:
        """A new frame in the encoder's format, without a pts.

        Args:
            rgb: (h, w, 3) RGB, uint8 or uint16.
            alpha: (h, w) float32 0..1, for formats that store it; None covers all.

        Raises:
            ValueRefused: another dtype.
        """
        if rgb.dtype not in (np.uint8, np.uint16):
            raise ValueRefused(f"encoding: expected uint8 or uint16 RGB, got {rgb.dtype}")
        source = "rgb24" if rgb.dtype == np.uint8 else "rgb48le"
        if alpha is not None:
            source = "rgba" if rgb.dtype == np.uint8 else "rgba64le"
            rgb = np.dstack([rgb, from_unit(alpha, rgb.dtype)])
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format=source)
        return self._scaler.reformat(
            frame,
            format=self._format,
            src_colorspace=self._matrix,
            dst_colorspace=self._matrix,
            src_color_range=ColorRange.JPEG,
            dst_color_range=self._range,
            interpolation=_EXACT,
            threads=1,
        )


def _interleaved(planes_gbr: VideoFrame) -> NDArray[np.uint8]:
    import cv2

    green, blue, red = (
        np.frombuffer(memoryview(p), np.uint8).reshape(p.height, -1)[:, : p.width]
        for p in planes_gbr.planes
    )
    merged: NDArray[Any] = cv2.merge((red, green, blue))
    return merged
