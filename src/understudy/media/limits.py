"""How large a picture may be before anything is decoded: a small file can unpack to gigabytes."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import MediaError

MAX_SIDE_PX = 16384
MAX_PIXELS = 150_000_000
MAX_STILL_BYTES = 1 << 30
"""Of a still image's file: the most pixels in 16 bits, as a TIFF that is not packed has them."""


def check_size(width: int, height: int, path: Path) -> None:
    """Refuse pictures without pixels, and pictures too large to be meant.

    Raises:
        MediaError: with the size found and the limit.
    """
    if width < 1 or height < 1:
        raise MediaError(f"{path}: the picture is {width}x{height} px; the file is damaged")
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise MediaError(
            f"{path}: the picture is {width}x{height} px; at most {MAX_SIDE_PX} px a side and "
            f"{MAX_PIXELS // 1_000_000} megapixels are read; scale it down first"
        )
