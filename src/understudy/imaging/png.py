"""PNG without loss, 8 or 16 bits."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError, ValueRefused

_HEAD_END = 33
"""Behind signature and IHDR."""


def encode_png(
    pixels: NDArray[Any], comment: str = "", light: tuple[int, int] | None = None
) -> bytes:
    """Encode as PNG, without loss.

    Args:
        pixels: (h, w, 3) RGB, (h, w, 4) RGB and alpha, or (h, w) grey; uint8 or uint16.
        comment: what the file says of itself, ASCII; not in the pixels.
        light: H.273 codes of primaries and transfer that are no sRGB's, or None.

    Raises:
        ValueRefused: another shape or dtype.
    """
    import cv2

    grey = pixels.ndim == 2
    if pixels.dtype not in (np.uint8, np.uint16) or not (
        grey or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))
    ):
        raise ValueRefused(
            "encode_png: expected (h, w, 3), (h, w, 4) or (h, w) of uint8 or uint16, "
            f"got {pixels.shape} {pixels.dtype}"
        )
    bgr = pixels
    if not grey:
        turn = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        bgr = cv2.cvtColor(pixels, turn)
    done, data = cv2.imencode(".png", bgr)
    if not done:
        raise MediaError(f"a picture of shape {pixels.shape} could not be encoded as PNG")
    png: bytes = data.tobytes()
    said = b"" if light is None else _chunk(b"cICP", bytes((*light, 0, 1)))
    if comment:
        said += _chunk(b"tEXt", b"Comment\0" + comment.encode("ascii"))
    return png[:_HEAD_END] + said + png[_HEAD_END:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk, PNG specification (third edition) 5.3; cICP is 11.3.2.6, tEXt 11.3.3.2."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
