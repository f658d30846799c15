"""Words on pictures, readable on any ground."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MADE = "AI"
MADE_COMMENT = "Faces in this picture were made by a trained model, with Understudy."
"""What a file with marked pictures says of itself."""


def mark_made(picture: NDArray[Any]) -> None:
    """Write `MADE` into the lower right corner, in place: the face in it was made by a model.

    Args:
        picture: (h, w, 3) uint8 RGB, written on.
    """
    height, width = picture.shape[:2]
    size = max(0.35, min(height, width) / 320)
    (wide, _), _ = cv2.getTextSize(MADE, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    outlined(picture, MADE, (max(0, width - wide - 5), height - 5), size, (255, 210, 60))


def wrapped(text: str, width: int, size: float) -> list[str]:
    """A text in lines that fit, broken between words; what is not ASCII is shown as "?".

    Args:
        text: of one paragraph.
        width: of a line in pixels; a single longer word stands alone and is cut by the picture.
        size: of the letters, in OpenCV's unit.
    """
    lines: list[str] = []
    for word in text.encode("ascii", "replace").decode().split():
        longer = f"{lines[-1]} {word}" if lines else word
        (wide, _), _ = cv2.getTextSize(longer, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
        if lines and wide <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def outlined(
    picture: NDArray[Any],
    text: str,
    at: tuple[int, int],
    size: float,
    ink: tuple[int, int, int],
    thick: int = 1,
) -> None:
    """Write a line with a black outline, in place.

    The outline is copies of the line around it: OpenCV 5 sets thicker letters wider, so a thick
    black copy underneath runs ahead of the line.

    Args:
        picture: (h, w, 3) uint8 RGB, written on.
        text: ASCII.
        at: lower left corner of the text in pixels.
        size: of the letters, in OpenCV's unit.
        ink: RGB of the letters.
        thick: of the strokes in pixels, and of the outline.
    """
    # a part of a larger picture may lie in memory as OpenCV takes none
    canvas = np.ascontiguousarray(picture)
    steps = (-thick, 0, thick)
    around = [(i, j) for i in steps for j in steps if i or j]
    for (dx, dy), colour in [*((step, (0, 0, 0)) for step in around), ((0, 0), ink)]:
        place = (at[0] + dx, at[1] + dy)
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)
    if canvas is not picture:
        picture[:] = canvas
