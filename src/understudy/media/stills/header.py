"""Size and orientation of still images from their first bytes, before a decoder sees them.

Formats: PNG (ISO/IEC 15948), JPEG (ITU-T T.81, EXIF 2.32), WebP (RFC 9649), BMP, TIFF 6.0,
JPEG 2000 (ITU-T T.800), HEIC and AVIF (see `heif`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from understudy.media.stills import heif

_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a header says.

    Attributes:
        format: "png", "jpeg", "webp", "bmp", "tiff", "jpeg2000", "avif" or "heic".
        width: stored pixels.
        height: stored pixels.
        bits: of one sample.
        orientation: EXIF code, 1 when nothing is said.
        moving: whether it holds more than one picture, shown one after the other.
    """

    format: str
    width: int
    height: int
    bits: int = 8
    orientation: int = 1
    moving: bool = False


def parse(data: bytes) -> ImageHeader | None:
    """Read the header of an image file's bytes; None when it is none that we know."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if data.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", data, 18)
            return ImageHeader("bmp", width, abs(height))
        if data[:4] in (b"II*\0", b"MM\0*"):
            return _tiff(data)
        if data[4:12] == b"jP  \r\n\x87\n":
            at = data.index(b"ihdr")
            height, width, _, bits = struct.unpack_from(">IIHB", data, at + 4)
            return ImageHeader("jpeg2000", width, height, max(8, (bits & 0x7F) + 1))
        if data.startswith(b"\xff\x4f\xff\x51"):
            right, bottom, left, top = struct.unpack_from(">IIII", data, 8)
            bits = max(8, (data[42] & 0x7F) + 1)
            return ImageHeader("jpeg2000", right - left, bottom - top, bits)
        if known := heif.kind(data):
            found = heif.primary(data)
            return None if found is None else ImageHeader(known, *found)
    except (struct.error, IndexError, ValueError):
        return None
    return None


def _png(data: bytes) -> ImageHeader:
    width, height, bits = struct.unpack_from(">IIB", data, 16)
    orientation, moving, at = 1, False, 8
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if name == b"eXIf":
            orientation = _tags(data[at + 8 : at + 8 + size]).get(274, 1)
        if name == b"acTL":
            moving = int.from_bytes(data[at + 8 : at + 12]) > 1
        if name in (b"IDAT", b"IEND"):  # libpng applies eXIf only where it stands before the data
            break
        at += 12 + size
    return ImageHeader("png", width, height, max(8, bits), orientation, moving)


def _jpeg(data: bytes) -> ImageHeader | None:
    orientation, at = 1, 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        (size,) = struct.unpack_from(">H", data, at + 2)
        if marker in _JPEG_SIZES:
            bits, height, width = struct.unpack_from(">BHH", data, at + 4)
            return ImageHeader("jpeg", width, height, bits, orientation)
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = _tags(data[at + 10 : at + 2 + size]).get(274, 1)
        at += 2 + size
    return None


def _webp(data: bytes) -> ImageHeader | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return ImageHeader("webp", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return ImageHeader("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind != b"VP8X":
        return None
    width = int.from_bytes(data[24:27], "little") + 1
    height = int.from_bytes(data[27:30], "little") + 1
    orientation, at = 1, 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if name == b"EXIF":
            orientation = _tags(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0")).get(274, 1)
        at += 8 + size + size % 2
    return ImageHeader("webp", width, height, 8, orientation, bool(data[20] & 2))


def _tiff(data: bytes) -> ImageHeader | None:
    tags = _tags(data)
    if 256 not in tags or 257 not in tags:
        return None
    return ImageHeader("tiff", tags[256], tags[257], max(8, tags.get(258, 8)), tags.get(274, 1))


def _tags(tiff: bytes) -> dict[int, int]:
    """The short and long numbers of a TIFF structure's first directory; EXIF is one."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return {}
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    if at + 2 > len(tiff):
        return {}
    (count,) = struct.unpack_from(order + "H", tiff, at)
    found = {}
    for entry in range(at + 2, min(at + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, n = struct.unpack_from(order + "HHI", tiff, entry)
        if kind == 3 and n <= 2:
            (found[tag],) = struct.unpack_from(order + "H", tiff, entry + 8)
        elif kind == 3:
            (offset,) = struct.unpack_from(order + "I", tiff, entry + 8)
            if offset + 2 <= len(tiff):
                (found[tag],) = struct.unpack_from(order + "H", tiff, offset)
        elif kind == 4 and n == 1:
            (found[tag],) = struct.unpack_from(order + "I", tiff, entry + 8)
    return found
