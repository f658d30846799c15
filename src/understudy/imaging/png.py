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


def encode_png(pixels: NDArray[Any], comment: str = "") -> bytes:
    """Encode as PNG, without loss.

    Args:
        pixels: (h, w, 3) RGB, (h, w, 4) RGB and alpha, or (h, w) grey; uint8 or uint16.
        comment: what the file says of itself, ASCII; not in the pixels.

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
    return png if not comment else png[:_HEAD_END] + _comment(comment) + png[_HEAD_END:]


def _comment(text: str) -> bytes:
    """A tEXt chunk, PNG specification 11.3.3.2."""
    data = b"tEXtComment\0" + text.encode("ascii")
    return struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
