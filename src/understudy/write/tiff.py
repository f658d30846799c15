"""TIFFs: for compositing and retouching programs that want no PNG."""

from __future__ import annotations

from understudy.imaging.tiff import encode_tiff
from understudy.media import MediaInfo
from understudy.media.colour.light import is_hdr
from understudy.types import Frame
from understudy.write import MARK
from understudy.write.images import FLOAT, ImagesWriter, with_alpha
from understudy.write.options import TiffOptions, depth_of


class TiffWriter(ImagesWriter):
    """8 or 16 bits, or floats of 32, in a folder or one alone.

    Args:
        source: the frames' names follow it; one of more than 8 bits gives 16.
        options: depth, and whether it is one picture.
    """

    def __init__(self, source: MediaInfo, options: TiffOptions | None = None) -> None:
        o = options or TiffOptions()
        bits = FLOAT
        if o.sample != "float":
            bits = 8 if depth_of(o.sample, source.bits, most=16) == 8 else 16
        super().__init__(source, ".tif", bits, alone=o.alone)
        if is_hdr(source):
            self.not_kept += ("a TIFF does not say that its code values are PQ or HLG",)

    def encoded(self, frame: Frame) -> bytes:
        """A TIFF that says of itself what it is."""
        return encode_tiff(with_alpha(frame, self.bits), MARK)
