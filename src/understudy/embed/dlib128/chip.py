"""The square of a face that dlib's identity network was trained to see, cut without dlib.

The network knows faces in dlib's own chips only: a similarity by 31 of the 68 landmarks, halved
with dlib's filter until it is no more than twice the chip's size, then sampled bilinearly. The same
steps here give the same grey levels to within rounding, so that vectors stay comparable with those
that dlib made (`tests/embed` holds both side by side).

Source: D. King, dlib's public headers (`image_processing/render_face_detections.h`,
`image_transforms/interpolation.h`, `image_transforms/image_pyramid.h`; Boost Software License).

Convention: dlib counts pixel centres as integers, and rectangles hold their right and lower edge.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.embed.dlib128.resnet import CHIP_PX
from understudy.geometry import umeyama
from understudy.geometry.templates import MEAN_FACE_51
from understudy.types import Alignment

_PADDING = 0.25
_USED = np.array([*range(27, 55), *range(60, 65)])
"""Nose, eyes, upper lip and the upper side of the mouth: neither brows nor the lower lip."""
_MEAN_FACE_SHIFT = (0.009873, 0.0)
"""The mean face is dlib's, moved by this much."""
_CHIP_POINTS = (
    (_PADDING + MEAN_FACE_51[_USED - 17] - _MEAN_FACE_SHIFT) / (2 * _PADDING + 1) * CHIP_PX
)
_HALVED_SHIFT = np.array((1.25, 0.75))
"""Where dlib says a point lies after halving: p / 2 less this."""


def face_chip(frame: NDArray[Any], alignment: Alignment) -> NDArray[np.uint8]:
    """Cut one face.

    Args:
        frame: (h, w, 3) uint8 RGB.
        alignment: of the face; its landmarks are rounded to whole pixels, as dlib takes them.

    Returns:
        (150, 150, 3) uint8 RGB; black beyond the frame.
    """
    frame_from_chip = umeyama(_CHIP_POINTS, np.rint(alignment.landmarks[_USED] - 0.5))
    scale = float(np.hypot(frame_from_chip[0, 0], frame_from_chip[1, 0]))
    turn = frame_from_chip[:2, :2] / scale
    centre = (frame_from_chip @ (CHIP_PX / 2, CHIP_PX / 2, 1))[:2]
    half = (CHIP_PX * scale - 1) / 2
    first, last = centre - half, centre + half
    halvings, margin = _halvings(first, last)
    corner = turn @ ((half, half, -half, -half), (half, -half, half, -half)) + centre[:, None]
    start = np.floor(corner.min(1) - margin + 0.5).astype(int).clip(0)
    stop = np.floor(corner.max(1) + margin + 0.5).astype(int).clip(start) + 1
    part = frame[start[1] : stop[1], start[0] : stop[0]].astype(np.float32)
    if part.size == 0:
        return np.zeros((CHIP_PX, CHIP_PX, 3), np.uint8)
    first, last = first - start, last - start
    for _ in range(halvings):
        first, last = _halved(first), _halved(last)
        height, width = ((n - 3) // 2 for n in part.shape[:2])  # whole windows of the filter only
        part = np.floor(cv2.pyrDown(part)[1 : height + 1, 1 : width + 1])
    centre = (first + last) / 2
    matrix = np.empty((2, 3))
    matrix[:, :2] = turn * (last - first)[0] / (CHIP_PX - 1)
    matrix[:, 2] = centre + turn @ (first - centre)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    chip = cv2.warpAffine(part, matrix, (CHIP_PX, CHIP_PX), flags=flags).astype(np.uint8)
    chip[_beyond(matrix, part.shape)] = 0
    return chip


def _beyond(matrix: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Pixels of the chip with one of their four neighbours beyond the picture; dlib's are black."""
    rows, columns = np.mgrid[:CHIP_PX, :CHIP_PX]
    x, y = (m[0] * columns + m[1] * rows + m[2] for m in matrix)
    beyond: NDArray[np.bool_] = (x < 0) | (y < 0) | (x >= shape[1] - 1) | (y >= shape[0] - 1)
    return beyond


def _halvings(first: NDArray[Any], last: NDArray[Any]) -> tuple[int, int]:
    """How often the face is halved before it is sampled, and the margin in pixels that it needs."""
    count, margin = 0, 2
    while np.prod(_halved(last) - _halved(first) + 1) > CHIP_PX**2:
        first, last = _halved(first), _halved(last)
        count, margin = count + 1, 2 * margin + 2
    return count, margin


def _halved(point: NDArray[Any]) -> NDArray[Any]:
    return point / 2 - _HALVED_SHIFT
