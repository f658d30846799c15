"""Header of HEIF files (ISO/IEC 23008-12): HEIC and AVIF photos.

A phone's photo is a grid of tiles, each a coded picture of its own; the primary item says how large
the whole is and how it is turned.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis")
AVIF = (b"avif", b"avis")

_TURNED = {  # by anti-clockwise quarter turns and mirror: none, top to bottom, left to right
    0: (1, 4, 2),
    1: (8, 5, 7),
    2: (3, 2, 4),
    3: (6, 7, 5),
}
"""EXIF codes; a picture is turned first and then mirrored."""


def kind(data: bytes) -> str:
    """The kind, "heic" or "avif"; "" for another file."""
    if data[4:8] != b"ftyp":
        return ""
    (size,) = struct.unpack_from(">I", data)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(size, 256), 4))]
    if any(b in AVIF for b in brands):
        return "avif"
    if any(b in HEIC for b in brands) or data[8:12] in (b"mif1", b"msf1"):
        return "heic"
    return ""


def primary(data: bytes) -> tuple[int, int, int, int] | None:
    """Width and height as stored, bits of a sample and EXIF orientation of the primary picture.

    None where the file does not say them.

    Raises:
        struct.error, IndexError: it is damaged.
    """
    meta = dict(_boxes(data)).get(b"meta")
    if meta is None:
        return None
    inside = dict(_boxes(meta[4:]))
    about = dict(_boxes(inside.get(b"iprp", b"")))
    if not {b"pitm", b"iprp"} <= inside.keys() or not {b"ipco", b"ipma"} <= about.keys():
        return None
    properties = list(_boxes(about[b"ipco"]))
    pitm = inside[b"pitm"]
    (item,) = struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)
    size, bits, turns, mirror = None, 8, 0, 0
    for number in _of_item(about[b"ipma"], item):
        name, body = properties[number - 1]
        if name == b"ispe":
            size = struct.unpack_from(">II", body, 4)
        elif name == b"pixi":
            bits = max(8, body[5])
        elif name == b"irot":
            turns = body[0] & 3
        elif name == b"imir":
            mirror = 1 + (body[0] & 1)
    return None if size is None else (size[0], size[1], bits, _TURNED[turns][mirror])


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the boxes that follow each other in `data`."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        size = size or len(data) - at
        if size < head:
            return
        yield name, data[at + head : at + size]
        at += size


def _of_item(ipma: bytes, wanted: int) -> list[int]:
    """Numbers of an item's properties, from 1 on, in order."""
    version, wide = ipma[0], ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(count):
        item, n = struct.unpack_from(">IB" if version else ">HB", ipma, at)
        at += 5 if version else 3
        step = 2 if wide else 1
        if item == wanted:
            entries = struct.unpack_from(f">{n}H" if wide else f">{n}B", ipma, at)
            return [e & (0x7FFF if wide else 0x7F) for e in entries]
        at += step * n
    return []
