"""TIFF without loss: 8 or 16 bits, or floats of 32, with or without alpha.

Source: TIFF revision 6.0 (Adobe, 1992). Samples lie in one strip, compressed by Deflate (Adobe's
code 8 of the supplement) behind a horizontal predictor where they are whole numbers.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused

_SHORT, _LONG, _ASCII = 3, 4, 2
_DEFLATE = 8
_UNASSOCIATED = 2


def encode_tiff(pixels: NDArray[Any], comment: str = "") -> bytes:
    """Encode as TIFF, without loss.

    Args:
        pixels: (h, w, 3) RGB or (h, w, 4) RGB and alpha that it is not multiplied by; uint8,
            uint16 or float32.
        comment: what the file says of itself, ASCII; not in the pixels.

    Raises:
        ValueRefused: another shape or dtype.
    """
    kinds = (np.uint8, np.uint16, np.float32)
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or pixels.dtype not in kinds:
        raise ValueRefused(
            "encode_tiff: expected (h, w, 3) or (h, w, 4) of uint8, uint16 or float32, "
            f"got {pixels.shape} {pixels.dtype}"
        )
    height, width, samples = pixels.shape
    little = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
    floats = pixels.dtype == np.float32
    if not floats:
        before = little[:, :-1].copy()
        little = little.copy()
        little[:, 1:] -= before
    data = zlib.compress(little.tobytes(), 6)
    bits = 8 * pixels.dtype.itemsize
    tags: list[tuple[int, int, Any]] = [
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [bits] * samples),
        (259, _SHORT, [_DEFLATE]),
        (262, _SHORT, [2]),  # RGB
        (270, _ASCII, comment.encode("ascii") + b"\0"),
        (273, _LONG, [8]),  # the strip follows the header
        (277, _SHORT, [samples]),
        (278, _LONG, [height]),
        (279, _LONG, [len(data)]),
        (284, _SHORT, [1]),  # samples of a pixel lie together
        (317, _SHORT, [1 if floats else 2]),
        (339, _SHORT, [3 if floats else 1] * samples),
    ]
    if samples == 4:
        tags.append((338, _SHORT, [_UNASSOCIATED]))
    return _file(data, sorted(t for t in tags if t[2] != b"\0"))


def _file(data: bytes, tags: list[tuple[int, int, Any]]) -> bytes:
    data += b"\0" * (len(data) % 2)
    start = 8 + len(data)
    values_at = start + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, kind, value in tags:
        raw = value if kind == _ASCII else struct.pack(f"<{len(value)}{_FORMATS[kind]}", *value)
        entry = struct.pack("<HHI", tag, kind, len(value))
        if len(raw) <= 4:
            entries += entry + raw.ljust(4, b"\0")
            continue
        entries += entry + struct.pack("<I", values_at + len(values))
        values += raw + b"\0" * (len(raw) % 2)
    head = b"II*\0" + struct.pack("<I", start)
    return head + data + struct.pack("<H", len(tags)) + entries + b"\0\0\0\0" + values


_FORMATS = {_SHORT: "H", _LONG: "I"}
