"""What an HDR film says of the screen it was graded on, and how an output says it again.

Sources: SMPTE ST 2086 (mastering display), CTA-861.3 (light levels), ISO/IEC 14496-12 12.1.5 to
12.1.7 (the boxes `mdcv` and `clli` of MP4 and QuickTime).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

_XY, _NITS = 50_000, 10_000
_RATIONALS = struct.Struct("=22i")
_LEVELS = struct.Struct("=2I")
_MOST_MOOV = 64 << 20
_ENTRY_HEAD = 86
"""Of a picture's sample entry, before the boxes inside it."""
_PATH = (b"trak", b"mdia", b"minf", b"stbl", b"stsd")


@dataclass(frozen=True, slots=True)
class Mastering:
    """The screen a film was graded on, and how bright the film is.

    Attributes:
        xy: of red, green, blue and white, in 1/50000; empty where nothing is said.
        luminance: most and least, in 1/10000 cd/m2; empty where nothing is said.
        levels: MaxCLL and MaxFALL in cd/m2, or empty.
    """

    xy: tuple[int, ...] = ()
    luminance: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()

    @property
    def x265(self) -> str:
        """As x265 takes it among its parameters, with a colon before each; "" where it is none."""
        words = ""
        if self.xy and self.luminance:
            red, green, blue, white = (f"({x},{y})" for x, y in _pairs(self.xy))
            light = "({},{})".format(*self.luminance)
            words = f":master-display=G{green}B{blue}R{red}WP{white}L{light}"
        if self.levels:
            words += ":max-cll={},{}".format(*self.levels)
        return words

    @property
    def svt_av1(self) -> str:
        """As SVT-AV1 takes it, without a colon before the first."""
        words = []
        if self.xy and self.luminance:
            red, green, blue, white = (f"({x / _XY:.5f},{y / _XY:.5f})" for x, y in _pairs(self.xy))
            light = "({:.4f},{:.4f})".format(*(n / _NITS for n in self.luminance))
            words.append(f"mastering-display=G{green}B{blue}R{red}WP{white}L{light}")
        if self.levels:
            words.append("content-light={},{}".format(*self.levels))
        return ":".join(words)

    @property
    def boxes(self) -> bytes:
        """`mdcv` and `clli`, as far as there is something to say."""
        made = b""
        if self.xy and self.luminance:
            red, green, blue, white = _pairs(self.xy)
            numbers = (*green, *blue, *red, *white, *self.luminance)
            made += _box(b"mdcv", struct.pack(">8H2I", *numbers))
        if self.levels:
            made += _box(b"clli", struct.pack(">2H", *(min(n, 65535) for n in self.levels)))
        return made


def mastering_of(frame: Any) -> Mastering | None:
    """What a decoded frame says, from the stream or its container; None where it says nothing."""
    found = {data.type.name: bytes(data) for data in frame.side_data}
    display = found.get("MASTERING_DISPLAY_METADATA", b"")
    levels = found.get("CONTENT_LIGHT_LEVEL", b"")
    xy: tuple[int, ...] = ()
    luminance: tuple[int, ...] = ()
    if len(display) >= _RATIONALS.size:
        numbers = _RATIONALS.unpack_from(display)
        ratios = list(_pairs(numbers[:20]))
        if all(below > 0 and above >= 0 for above, below in ratios):
            values = [Fraction(*pair) for pair in ratios]
            if numbers[20]:
                xy = tuple(min(65535, round(_XY * v)) for v in values[:8])
            if numbers[21]:
                luminance = tuple(min((1 << 32) - 1, round(_NITS * v)) for v in values[9:7:-1])
    light: tuple[int, ...] = ()
    if len(levels) >= _LEVELS.size:
        light = _LEVELS.unpack_from(levels)
    said = Mastering(xy, luminance, light if any(light) else ())
    return said if said != Mastering() else None


def say_mastering(path: Path, said: Mastering) -> None:
    """Put the boxes into a segment, from where joining carries them over.

    PyAV gives an encoder's stream no such data, and ProRes has no other place for it.

    Args:
        path: MP4 or QuickTime with its index behind its pictures, so that none of them moves.
        said: what is said.

    Raises:
        ValueError: it is no such file.
    """
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        at, size = next(
            ((at, size) for kind, at, size in _row(file, end) if kind == b"moov"), (0, 0)
        )
        if not size or at + size != end or size > _MOST_MOOV:
            raise ValueError(f"{path.name} has no index at its end")
        file.seek(at)
        moov = bytearray(file.read(size))
        _insert(moov, said.boxes)
        file.seek(at)
        file.write(moov)


def _insert(moov: bytearray, boxes: bytes) -> None:
    """Put boxes at the end of the first sample entry, and lengthen everything around it."""
    around, start, end = [0], 8, len(moov)
    for wanted in _PATH:
        at = start
        while at < end and bytes(moov[at + 4 : at + 8]) != wanted:
            at += max(8, int.from_bytes(moov[at : at + 4], "big"))
        if at >= end:
            raise ValueError(f"no {wanted.decode()} in its index")
        around.append(at)
        start, end = at + 8, at + int.from_bytes(moov[at : at + 4], "big")
    entry = start + 8  # behind version, flags and the number of entries
    around.append(entry)
    size = int.from_bytes(moov[entry : entry + 4], "big")
    if size < _ENTRY_HEAD or entry + size > end:
        raise ValueError("its sample entry is none of pictures")
    for at in around:
        longer = int.from_bytes(moov[at : at + 4], "big") + len(boxes)
        moov[at : at + 4] = longer.to_bytes(4, "big")
    # QuickTime may end an entry with four zero bytes, behind which nothing is read
    place = entry + size
    if bytes(moov[place - 4 : place]) == bytes(4):
        place -= 4
    moov[place:place] = boxes


def _row(file: Any, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and size of each box of a file."""
    at = 0
    while at + 8 <= end:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        size = size or end - at
        if size < 8:
            return
        yield head[4:8], at, size
        at += size


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


def _pairs(numbers: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return zip(numbers[::2], numbers[1::2], strict=True)
