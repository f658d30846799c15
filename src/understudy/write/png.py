"""PNGs: without loss, one file a frame, for compositing programs."""

from __future__ import annotations

from understudy.imaging.png import encode_png
from understudy.media import MediaInfo
from understudy.media.colour.light import is_hdr
from understudy.types import Frame
from understudy.write import MARK
from understudy.write.images import TIMES, ImagesWriter, segment_path, with_alpha
from understudy.write.options import PngOptions, depth_of

__all__ = ["TIMES", "PngWriter", "segment_path"]


class PngWriter(ImagesWriter):
    """8 or 16 bits, in a folder or one alone.

    Args:
        source: the frames' names follow it; one of more than 8 bits gives 16.
        options: depth, and whether it is one picture.
    """

    def __init__(self, source: MediaInfo, options: PngOptions | None = None) -> None:
        o = options or PngOptions()
        bits = 8 if depth_of(o.picture_bits, source.bits, most=16) == 8 else 16
        super().__init__(source, ".png", bits, alone=o.alone)
        colour = source.colour
        self._light = (colour.primaries or 9, colour.transfer or 0) if is_hdr(source) else None

    def encoded(self, frame: Frame) -> bytes:
        """A PNG that says of itself what it is."""
        return encode_png(with_alpha(frame, self.bits), MARK, self._light)
