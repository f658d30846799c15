"""What every detector does before it looks: refuse other arrays, scale large frames down.

Convention: boxes are x0, y0, x1, y1, pixel i covers [i, i+1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Float64
from understudy.imaging.resample import resize

FINEST_PX = 40
"""Shrinking has taken away what tells smaller faces from other things, see `smallest_px`."""


def reduction(frame: NDArray[Any], longest_px: int) -> float:
    """Picture pixels per frame pixel where the picture's longer side is at most so long.

    Raises:
        ValueRefused: the frame is something else than (h, w, 3) uint8.
    """
    _refuse_others(frame)
    return min(1.0, longest_px / max(frame.shape[:2]))


def smallest_px(min_face_px: float, scale: float) -> float:
    """The smallest face that is looked for in the picture that detection sees, in its pixels.

    Where the picture is the frame shrunk, that is the size asked for shrunk as much, but no less
    than `FINEST_PX` (or what was asked for, where that is less): to search a shrunk picture for
    smaller faces costs four times the time for half the size and finds things that are none. A
    larger `max_detection_px` finds them.

    Args:
        min_face_px: smallest face wanted, frame pixels.
        scale: picture pixels per frame pixel, 0..1; see `reduction`.
    """
    return max(min_face_px * scale, min(min_face_px, FINEST_PX))


def shrunk(frame: NDArray[Any], longest_px: int) -> tuple[NDArray[Any], Float64]:
    """The picture that detection sees: the frame, scaled down where it is larger than asked for.

    Args:
        frame: (h, w, 3) uint8 RGB.
        longest_px: longer side of the picture at most.

    Returns:
        The picture, and (4,) frame pixels per picture pixel for x0, y0, x1, y1.

    Raises:
        ValueRefused: the frame is something else.
    """
    return scaled(frame, longest_px, 1.0)


def scaled(frame: NDArray[Any], longest_px: int, further: float) -> tuple[NDArray[Any], Float64]:
    """`shrunk`, and then larger or smaller by a factor, in one step."""
    scale = reduction(frame, longest_px) * further
    height, width = frame.shape[:2]
    if scale == 1.0:
        return frame, np.ones(4)
    to_width, to_height = max(1, round(width * scale)), max(1, round(height * scale))
    picture = resize(frame, (to_width, to_height))
    return picture, np.array([width / to_width, height / to_height] * 2)


def _refuse_others(frame: NDArray[Any]) -> None:
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ValueRefused(f"detect: expected (h, w, 3) uint8 RGB, got {frame.shape} {frame.dtype}")


def resized(boxes_xyxy: Float64, down: float, width: float, height: float) -> Float64:
    """Boxes drawn by one detector as another would draw them.

    Args:
        boxes_xyxy: (n, 4).
        down: how far the centre moves down, in heights of the box.
        width: new width in old widths.
        height: new height in old heights.
    """
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    centres = centres + sides[:, 1:] * np.array([0.0, down])
    half = sides * np.array([width, height]) / 2
    return np.concatenate([centres - half, centres + half], 1)


def roll_deg(right_eye: Float64, left_eye: Float64) -> Float64:
    """(n,) slope of the line through the eyes, (n, 2) points each; see `detect.Detector`."""
    across = left_eye - right_eye
    return np.degrees(np.arctan2(across[:, 1], across[:, 0]))
