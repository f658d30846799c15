"""What people call a picture: an array, a file, or a frame of a film."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.types import Frame, Timestamp

if TYPE_CHECKING:
    from understudy.api.film import Film

Picture: TypeAlias = "NDArray[Any] | Frame | str | os.PathLike[str]"
"""(h, w, 3) RGB (uint8, uint16, or float32 0..1), a frame, or a still image's file."""


def frame_of(picture: Picture | Film) -> Frame:
    """A picture as a frame.

    Raises:
        ValueRefused: it is no picture, such as a whole film or an array of another shape.
        MediaError: the file is missing, damaged or no image.
    """
    if isinstance(picture, Frame):
        return picture
    if isinstance(picture, np.ndarray):
        return _frame(picture, "picture")
    if isinstance(picture, (str, os.PathLike)):
        return _read(Path(picture))
    raise ValueRefused(
        "picture: expected an (h, w, 3) RGB array, a Frame or the file of a still image, got "
        f"{type(picture).__name__}"
    )


def _read(path: Path) -> Frame:
    from understudy.media.stills import SUFFIXES, read_image

    if path.is_dir() or (path.exists() and path.suffix.lower() not in SUFFIXES):
        raise ValueRefused(
            f"{path}: is no still image; for a film, say understudy.Film({str(path)!r})"
        )
    return _frame(read_image(path), path.name)


def _frame(pixels: NDArray[Any], name: str) -> Frame:
    return Frame(Timestamp(0, 0, Fraction(1, 25)), pixels, name)
