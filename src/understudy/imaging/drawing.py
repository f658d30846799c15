"""Drawing what is known of faces onto their frames: boxes, landmarks, masks, ids and tracks."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.imaging.resample import warp_image
from understudy.imaging.sheets import show_mask
from understudy.imaging.text import outlined
from understudy.types import Face

_LINES = (
    (0, 17, False),
    (17, 22, False),
    (22, 27, False),
    (27, 31, False),
    (31, 36, False),
    (36, 42, True),
    (42, 48, True),
    (48, 60, True),
    (60, 68, True),
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn.

    Attributes:
        box: the detection box.
        landmarks: the 68 points and the lines between them.
        mask: kind of mask to tint, or None.
        label: id, track and person, and what is stale.
        frames: first and last frame, for PNGs and sheets.
        cells: frames on a contact sheet.
        cell_px: width of one of them.
    """

    box: bool = True
    landmarks: bool = True
    mask: str | None = None
    label: bool = True
    frames: tuple[int | None, int | None] = (None, None)
    cells: int = 12
    cell_px: int = 480


def drawn(pixels: NDArray[Any], faces: Sequence[Face], drawing: Drawing) -> NDArray[Any]:
    """A copy of a frame with its faces drawn on it.

    Args:
        pixels: (h, w, 3) uint8 RGB.
        faces: in pixels of this frame.
        drawing: what is drawn.
    """
    picture = pixels.copy()
    for face in faces:
        mask = face.masks.get(drawing.mask) if drawing.mask else None
        if mask is not None:
            alpha = warp_image(mask.alpha, mask.grid_from_frame.inverse())
            picture = show_mask(picture, 0.5 * alpha)
    for face in faces:
        colour = colour_of(face)
        thick = max(1, round(pixels.shape[0] / 540))
        if drawing.box:
            corners = np.rint(face.box_xyxy - 0.5).astype(int).tolist()
            cv2.rectangle(picture, tuple(corners[:2]), tuple(corners[2:]), colour, thick)
        if drawing.landmarks:
            _points(picture, face, colour, thick)
        if drawing.label:
            _label(picture, face, colour, thick)
    return picture


def colour_of(face: Face) -> tuple[int, int, int]:
    """A colour for the face's track that neighbouring numbers do not share."""
    hue = (0.13 + 0.381966 * (face.track or 0)) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.75, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _points(picture: NDArray[Any], face: Face, colour: tuple[int, int, int], thick: int) -> None:
    shift = 4
    points = np.rint((face.alignment.landmarks - 0.5) * 2**shift).astype(np.int32)
    for first, end, closed in _LINES:
        line = points[first:end, None]
        cv2.polylines(picture, [line], closed, colour, thick, cv2.LINE_AA, shift)
    radius = max(1, round(float(np.ptp(face.alignment.landmarks, axis=0).max()) / 160))
    for x, y in points.tolist():
        cv2.circle(picture, (x, y), radius << shift, (255, 255, 255), -1, cv2.LINE_AA, shift)


def _label(picture: NDArray[Any], face: Face, colour: tuple[int, int, int], thick: int) -> None:
    words = face.id if face.track is None else f"{face.id} track {face.track}"
    if face.stale:
        words += f" stale {' '.join(sorted(face.stale))}"
    left, top = face.box_xyxy[:2].tolist()
    size = 0.5 * max(1.0, picture.shape[0] / 540)
    at = (max(2, round(left)), max(round(24 * size), round(top) - 5))
    outlined(picture, words, at, size, colour, thick)
