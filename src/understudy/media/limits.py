"""How large a picture may be before anything is decoded: a small file can unpack to gigabytes."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import MediaError

MAX_SIDE_PX = 16384
MAX_PIXELS = 150_000_000
"""Of a still image. Decoding takes 5 to 6 bytes a pixel: at most 0.9 GiB, and 3 s."""
MAX_FILM_PIXELS = 100_000_000
"""Of a film, which may have 12K. Decoding takes 16 bytes a pixel: at most 1.6 GiB."""
MAX_ANIMATION_PIXELS = 40_000_000
"""Of a GIF or APNG, whose small files unpack to most. 17 bytes a pixel: at most 0.7 GiB."""
MAX_STILL_BYTES = 1 << 30
"""Of a still image's file: the most pixels in 16 bits, as a TIFF that is not packed has them."""


def most_pixels(container: str) -> int:
    """How many pixels a frame of a moving picture may have, by FFmpeg's name of its container."""
    return MAX_ANIMATION_PIXELS if container in ("gif", "apng") else MAX_FILM_PIXELS


def check_size(width: int, height: int, path: Path, most: int = MAX_PIXELS) -> None:
    """Refuse pictures without pixels, and pictures too large to be meant.

    Args:
        width: in pixels.
        height: in pixels.
        path: for the message.
        most: pixels of one picture, by its kind.

    Raises:
        MediaError: with the size found and the limit.
    """
    if width < 1 or height < 1:
        raise MediaError(f"{path}: the picture is {width}x{height} px; the file is damaged")
    if max(width, height) > MAX_SIDE_PX or width * height > most:
        raise MediaError(
            f"{path}: the picture is {width}x{height} px; of this kind of file at most "
            f"{MAX_SIDE_PX} px a side and {most // 1_000_000} megapixels are read; scale it down "
            "first"
        )
