"""How pictures are coded: which encoder, what it stores, what holds it to the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from understudy.media.info import MediaInfo

SegmentKind = Literal["mp4", "mov", "nut"]
"""Containers that keep any time base exactly; Matroska counts in milliseconds."""
HVC1 = "hvc1"
"""The only name under which Apple's players show H.265."""


@dataclass(frozen=True)
class Coding:
    """One way of coding pictures.

    Attributes:
        encoder: FFmpeg's name, such as "libx265".
        pixel_format: as it is stored, FFmpeg's name, such as "yuv420p10le".
        options: of the encoder; with them, same frames must give the same bytes on every machine.
        segment: what segments lie in.
        tag: four letters for players that go by them (`HVC1`), or "" for the usual ones.
        depth: frames by which decoding runs ahead of showing, where the encoder's own decoding
            times cannot be relied on; None takes those.
    """

    encoder: str
    pixel_format: str
    options: Mapping[str, str]
    segment: SegmentKind = "mp4"
    tag: str = ""
    depth: int | None = None

    @cached_property
    def bits(self) -> int:
        """Of one sample."""
        from av.video.format import VideoFormat

        return max(c.bits for c in VideoFormat(self.pixel_format).components)

    @property
    def is_rgb(self) -> bool:
        """Whether what is stored is RGB, which no matrix converts."""
        return self.pixel_format.startswith(("gbr", "bgr"))

    @property
    def has_alpha(self) -> bool:
        """Whether it stores how far a layer covers."""
        return self.pixel_format.startswith(("yuva", "gbrap", "bgra"))


def h264(info: MediaInfo, crf: int = 16, preset: str = "fast") -> Coding:
    """H.264 of 8 bits.

    4:2:0 holds one colour sample for 2x2 pixels, so it cannot say an odd size: a source with an odd
    side is written in 4:4:4, which every software player shows but few television sets do.

    Args:
        info: the source, for its size.
        crf: x264's constant rate factor; smaller is better and larger, 0 without loss in YUV.
        preset: x264's preset; slower ones make smaller files.
    """
    # The number of threads changes what x264 decides. So do its vector units in the macroblock
    # tree, where AVX-512 also reads past the end of small frames: the same frames gave up to 14
    # different files before `cpu-independent` was set.
    same = {"threads": "4", "x264-params": "cpu-independent=1"}
    options = {"preset": preset, "crf": str(crf), **same}
    return Coding("libx264", "yuv444p" if is_odd(info) else "yuv420p", options)


def is_odd(info: MediaInfo) -> bool:
    """Whether a side has no whole number of pairs of pixels."""
    return bool(info.width % 2 or info.height % 2)


def subsampling(pixel_format: str) -> str:
    """How often colour is stored: "4:2:0", "4:2:2", "4:4:4", or "4:1:1" for anything coarser."""
    from av.video.format import VideoFormat

    found = VideoFormat(pixel_format)
    wide, high = found.chroma_width(4), found.chroma_height(4)
    if found.is_rgb or (wide, high) == (4, 4):
        return "4:4:4"
    return {(2, 2): "4:2:0", (2, 4): "4:2:2"}.get((wide, high), "4:1:1")
