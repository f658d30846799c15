"""PNG without loss, 8 or 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError, ValueRefused


def encode_png(pixels: NDArray[Any]) -> bytes:
    """Encode as PNG, without loss.

    Args:
        pixels: (h, w, 3) RGB or (h, w) grey, uint8 or uint16.

    Raises:
        ValueRefused: another shape or dtype.
    """
    import cv2

    grey = pixels.ndim == 2
    if pixels.dtype not in (np.uint8, np.uint16) or not (
        grey or (pixels.ndim == 3 and pixels.shape[2] == 3)
    ):
        raise ValueRefused(
            "encode_png: expected (h, w, 3) or (h, w) of uint8 or uint16, "
            f"got {pixels.shape} {pixels.dtype}"
        )
    bgr = pixels if grey else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", bgr)
    if not done:
        raise MediaError(f"a picture of shape {pixels.shape} could not be encoded as PNG")
    return data.tobytes()
