"""Encoded pictures from strangers: their parts and size first, and the decoder last.

Formats: PNG (ISO/IEC 15948) and JPEG (ITU-T T.81).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
MAX_SIDE_PX = 8192
MAX_FILE_BYTES = 256 << 20

_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, data) of each chunk, with its checksum right, up to the end chunk.

    Raises:
        ValueRefused: cut short, damaged, or no PNG.
    """
    if not data.startswith(PNG_SIGNATURE):
        raise ValueRefused("not a PNG")
    at, kind = 8, b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise ValueRefused("the PNG is cut short")
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + size
        if end + 4 > len(data):
            raise ValueRefused("the PNG is cut short")
        body = data[at + 8 : end]
        if zlib.crc32(kind + body) != int.from_bytes(data[end : end + 4]):
            raise ValueRefused(f"the PNG is damaged (checksum of {kind!r})")
        yield kind, body
        at = end + 4


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, data) of each segment before the pixels.

    Raises:
        ValueRefused: cut short, damaged, or no JPEG.
    """
    if not data.startswith(JPEG_START):
        raise ValueRefused("not a JPEG")
    at = 2
    while True:
        if at + 4 > len(data) or data[at] != 0xFF:
            raise ValueRefused("the JPEG is cut short or damaged")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4])
        if size < 2 or at + 2 + size > len(data):
            raise ValueRefused("the JPEG is cut short or damaged")
        yield marker, data[at + 4 : at + 2 + size]
        if marker == _START_OF_SCAN:
            return
        at += 2 + size


def size_of(data: bytes) -> tuple[int, int]:
    """(width, height) of a PNG or JPEG as its header says.

    Raises:
        ValueRefused: neither, damaged, or larger than a face picture.
    """
    width = height = 0
    if data.startswith(PNG_SIGNATURE):
        kind, body = next(png_chunks(data))
        if kind == b"IHDR" and len(body) == 13:
            width, height = struct.unpack_from(">II", body)
    else:
        for marker, body in jpeg_segments(data):
            if marker in _JPEG_SIZES and len(body) >= 5:
                height, width = struct.unpack_from(">HH", body, 1)
                break
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
        raise ValueRefused(f"a picture of {width}x{height} px; at most {MAX_SIDE_PX} px a side")
    return width, height


def decode(data: bytes, *, grey: bool = False) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB pixels of a PNG or JPEG, or (h, w) with `grey`.

    Raises:
        ValueRefused: damaged, cut short or too large.
    """
    import cv2

    width, height = size_of(data)
    if data.startswith(PNG_SIGNATURE):
        for _ in png_chunks(data):
            pass
    elif b"\xff\xd9" not in data[-64:]:
        raise ValueRefused("the JPEG is cut short")
    flags = cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise ValueRefused("the picture cannot be decoded") from error
    shape = (height, width) if grey else (height, width, 3)
    if pixels is None or pixels.shape != shape or pixels.dtype != np.uint8:
        raise ValueRefused("the picture cannot be decoded")
    return np.ascontiguousarray(pixels)
