"""H.265 of 8 or 10 bits: HDR and graded footage for delivery."""

from __future__ import annotations

from understudy.media import MediaInfo
from understudy.media.coding import HVC1, Coding, is_odd
from understudy.write.film import FilmWriter
from understudy.write.options import H265Options, depth_of

_SAME_BYTES = "info=0:frame-threads=2:pools=4"
"""Frames in work at once and rows in parallel change what x265 decides; its note to the reader
would name the machine's instructions. Vector units do not matter: all give the same bytes."""

_DEPTH = 2
"""x265's pictures wait for two others at most; of the last frames of a short segment it does not
say when they are decoded, but leaves there what was in memory."""


class H265Writer(FilmWriter):
    """For television sets, phones and editing; HDR comes in it.

    Args:
        source: the output matches it; a source of more than 8 bits gives 10.
        options: quality, depth, colour and container.

    Raises:
        MediaError: the container cannot hold the source's sound.
    """

    def __init__(self, source: MediaInfo, options: H265Options | None = None) -> None:
        o = options or H265Options()
        # no encoder of HEVC stores an odd size with fewer colours than pixels
        chroma = "444" if is_odd(source) else o.chroma
        deep = "10le" if depth_of(o.bits, source.bits, most=10) > 8 else ""
        hdr = "" if source.mastering is None else source.mastering.x265
        params = f"log-level=error:{_SAME_BYTES}{hdr}"
        coding = Coding(
            "libx265",
            f"yuv{chroma}p{deep}",
            {"preset": o.preset, "crf": str(o.crf), "x265-params": params},
            tag=HVC1,
            depth=_DEPTH,
        )
        super().__init__(source, coding, o.container)
