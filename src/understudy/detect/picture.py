"""What every detector does before it looks: refuse other arrays, scale large frames down.

Convention: boxes are x0, y0, x1, y1, pixel i covers [i, i+1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Float64
from understudy.imaging.resample import resize
from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """What detectors that look at a scaled picture share."""

    min_face_px: int = option(
        40,
        "Smallest face looked for, in pixels of the frame as detection sees it (see "
        "max_detection_px). Halving it costs four times the time.",
        low=12,
        high=4096,
        unit="px",
    )
    max_detection_px: int = option(
        640,
        "Frames whose longer side exceeds this are scaled down before detection; boxes come "
        "back in frame pixels. Raise it to find small faces in large frames.",
        low=64,
        high=16384,
        unit="px",
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class DlibOptions(PictureOptions):
    """How far dlib's detectors look."""

    min_confidence: float | None = option(
        None,
        "Faces that are less sure are dropped; none takes 0.5, dlib's own threshold. Lower it "
        "when faces are missed, raise it when other things are taken for faces.",
        low=0.0,
        high=1.0,
    )


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
    _refuse_others(frame)
    height, width = frame.shape[:2]
    scale = min(1.0, longest_px / max(height, width)) * further
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
