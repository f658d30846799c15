"""HEIC photos, as phones write them: read with pi_heif, which the extra `photos` brings.

libheif puts the tiles of a photo together and turns it upright.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError

_LIBRARIES = ("pi_heif", "pillow_heif")
"""Both have the same functions; the second one can also write."""


@cache
def library() -> str:
    """Name of the library that is installed, or ""."""
    return next((name for name in _LIBRARIES if importlib.util.find_spec(name)), "")


def refuse_without(path: Path) -> None:
    """Refuse a HEIC photo that nothing here can read.

    Raises:
        MediaError: says what to install.
    """
    if not library():
        raise MediaError(
            f"{path}: is a HEIC photo, which needs a library of its own: pip install "
            "'understudy[photos]', or save it as JPEG or PNG first"
        )


def decode(data: bytes, path: Path, depth: Literal["8", "native"]) -> NDArray[Any]:
    """(h, w, 3) RGB of the whole photo, upright; uint8, or uint16 of deeper ones on "native".

    Raises:
        MediaError: the library is missing, or the photo is damaged.
    """
    refuse_without(path)
    heif = importlib.import_module(library())
    try:
        photo = heif.open_heif(data, convert_hdr_to_8bit=depth == "8")
        pixels = np.asarray(photo)
    except (ValueError, RuntimeError, OSError, EOFError, SyntaxError) as error:
        raise MediaError(
            f"{path}: the HEIC image is damaged or cut off ({len(data)} bytes); copy it again "
            "from where it came"
        ) from error
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, 2)
    return np.ascontiguousarray(pixels[..., :3])
