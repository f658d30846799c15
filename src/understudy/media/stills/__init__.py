"""Still images: reading them upright and within limits, writing PNG, folders in natural order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.files import read_file
from understudy.media.limits import MAX_STILL_BYTES, check_size
from understudy.media.stills.header import ImageHeader, parse
from understudy.media.stills.orient import SWAPS_WIDTH_AND_HEIGHT, upright

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff"),
    *(".jp2", ".j2k", ".avif", ".heic", ".heif", ".hif"),
)

Depth = Literal["8", "native"]


def read_image(path: Path, depth: Depth = "8") -> NDArray[Any]:
    """Read a still image upright.

    Args:
        path: a PNG, JPEG, WebP, BMP, TIFF, JPEG 2000, AVIF or, with `pi_heif`, HEIC.
        depth: "8" gives uint8; "native" gives uint16 where the file has more than 8 bits.

    Returns:
        (h, w, 3) RGB; transparency is dropped, grey is spread over the three channels.

    Raises:
        MediaError: missing, damaged, too large, or no image.
    """
    path = Path(path)
    data = _read_bytes(path)
    header = _checked(parse(data), path)
    if header.format == "heic":
        from understudy.media.stills.heic import decode

        return decode(data, path, depth)
    pixels = _decode(data, depth)
    if pixels is None:
        raise MediaError(
            f"{path}: the {header.format} image is damaged or cut off ({len(data)} bytes); "
            "copy it again from where it came"
        )
    # OpenCV turns TIFF upright by itself whatever it is told.
    return pixels if header.format == "tiff" else upright(pixels, header.orientation)


def read_header(path: Path) -> ImageHeader:
    """Size, depth and orientation of a still image without decoding it.

    Raises:
        MediaError: missing, too large, or no image.
    """
    path = Path(path)
    return _checked(parse(_read_bytes(path)), path)


def upright_size(header: ImageHeader) -> tuple[int, int]:
    """(width, height) once the picture is upright."""
    if header.orientation in SWAPS_WIDTH_AND_HEIGHT:
        return header.height, header.width
    return header.width, header.height


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which frame2 stands before frame10."""
    parts = re.split(r"(\d+)", name)
    key = tuple((0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p)
    return (*key, (2, 0, name))


def images_in(folder: Path) -> tuple[Path, ...]:
    """What has a picture's ending in a folder, in natural order; hidden files are left out.

    `folder.look_in` says which of them are read.
    """
    found = [
        p
        for p in folder.iterdir()
        if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()
    ]
    return tuple(sorted(found, key=lambda p: natural_key(p.name)))


def _decode(data: bytes, depth: Depth) -> NDArray[Any] | None:
    import cv2

    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    if depth == "native":
        flags |= cv2.IMREAD_ANYDEPTH
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        return None
    return pixels


def _read_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise MediaError(f"{path}: there is no such file; check the name")
    try:
        return read_file(path, MAX_STILL_BYTES)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); check it") from error


def _checked(header: ImageHeader | None, path: Path) -> ImageHeader:
    if header is None:
        raise MediaError(
            f"{path}: is not a PNG, JPEG, WebP, BMP, TIFF, JPEG 2000, AVIF or HEIC image, or its "
            "header is damaged"
        )
    check_size(header.width, header.height, path)
    return header
