"""Animated WebP: true colours and milliseconds; every browser shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.files import read_file
from understudy.media import MediaInfo
from understudy.write import MARK
from understudy.write.animation import AnimationWriter, Shown, opened
from understudy.write.options import WebpOptions

_SIDE_PX = 16383
_DURATION = slice(12, 15)
"""Of a frame's chunk, milliseconds as 24 bits; WebP Container Specification, "Animation"."""
_MAX_BYTES = 4 << 30
_HAS_ALPHA, _HAS_XMP = 0x10, 0x04


class WebpWriter(AnimationWriter):
    """Frames of true colours, with loss or without, and with alpha where they are layers.

    Args:
        source: see `AnimationWriter`.
        options: quality, and how often it plays.
    """

    keeps_alpha = True

    def __init__(self, source: MediaInfo, options: WebpOptions | None = None) -> None:
        super().__init__(source, ".webp", _SIDE_PX)
        self._options = options or WebpOptions()
        if not self._options.lossless:
            self.not_kept += ("colour is stored 4:2:0",)

    def encode(self, shown: Sequence[Shown], part: Path) -> None:
        """Encode one frame after the other."""
        import av

        o = self._options
        quality = {"lossless": str(int(o.lossless)), "quality": str(o.quality)}
        # FFmpeg writes the count where it lies in an animation, also where there is only a picture
        loop = str(o.plays if len(shown) > 1 else 0)
        with opened(part, "webp", {"loop": loop}) as file:
            stream: Any = file.add_stream("libwebp_anim", rate=1000, options=quality)
            stream.width, stream.height = self._source.width, self._source.height
            stream.pix_fmt, stream.codec_context.time_base = "bgra", self._unit
            for one in shown:
                bgra = np.ascontiguousarray(one.rgba()[..., [2, 1, 0, 3]])
                picture = av.VideoFrame.from_ndarray(bgra, "bgra")
                picture.pts, picture.time_base = one.start, self._unit
                file.mux(stream.encode(picture))
            file.mux(stream.encode(None))
        _told(part, shown[-1].end - shown[-1].start, self._source, MARK)


def _told(path: Path, last_ms: int, source: MediaInfo, text: str) -> None:
    """Say how long the last frame stays, which the encoder guesses, and what the file is."""
    data = bytearray(read_file(path, _MAX_BYTES))
    chunks = {name: at for name, at, _ in _chunks(data)}
    if (at := chunks.get(b"ANMF")) is not None:  # the last one
        data[at + _DURATION.start : at + _DURATION.stop] = last_ms.to_bytes(3, "little")
    if (at := chunks.get(b"VP8X")) is None:
        # a single frame; alpha is in its own words there
        sides = [(n - 1).to_bytes(3, "little") for n in (source.width, source.height)]
        flags = _HAS_ALPHA if b"VP8L" in chunks else 0
        data[12:12] = _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + b"".join(sides))
        at = 20
    data[at] |= _HAS_XMP
    data += _chunk(b"XMP ", _xmp(text))
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    path.write_bytes(data)


def _chunks(data: bytes | bytearray) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of what lies in a RIFF file."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield bytes(data[at : at + 4]), at + 8, size
        at += 8 + size + size % 2


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)


def _xmp(text: str) -> bytes:
    """A description in XMP, ISO 16684-1."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt>'
        "</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
