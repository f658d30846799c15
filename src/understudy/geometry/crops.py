"""Square face crops: which part of the unit square they show, at which size.

The three centerings and their padding are the field's: `legacy` sits on the mean face, `face`
and `head` are moved to the projected centre of the face or the whole head, so they follow pose.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry.pose import Pose
from understudy.geometry.space import UNIT, Float64, Space, Warp

Centering = Literal["legacy", "face", "head"]
CENTERINGS: tuple[Centering, ...] = get_args(Centering)
PADDING_RATIO: dict[Centering, float] = {"legacy": 0.375, "face": 0.5, "head": 0.625}
_CENTRE_XYZ = {"face": (0.0, -1.5, 4.2), "head": (0.0, 0.0, -2.3)}


def centre_offset(pose: Pose, centering: Centering) -> Float64:
    """How far (x, y) the crop's centre lies from the mean face's, in the unit square."""
    _check(centering)
    if centering == "legacy":
        return np.zeros(2)
    projected = pose.project(np.array([_CENTRE_XYZ[centering]]))
    offset: Float64 = projected[0] - 0.5
    return offset


def padding_px(size: int, coverage: float, centering: Centering) -> int:
    """Pixels between the crop's edge and the unit square on each side; may be negative."""
    _check(centering)
    if size < 2 or not 0.1 <= coverage <= 1.0:
        raise ValueRefused(
            f"crop: expected size >= 2 and coverage in 0.1..1, got {size}, {coverage}"
        )
    return round(size * (PADDING_RATIO[centering] + coverage - 1) / (2 * coverage))


def crop_from_unit(pose: Pose, size: int, coverage: float, centering: Centering) -> Warp:
    """The warp from the unit square to a square crop of `size` pixels.

    Args:
        pose: of the face; only `face` and `head` look at it.
        size: side of the crop in pixels.
        coverage: share of the full crop of this centering that is shown, 0.1..1.
        centering: which centre and padding.
    """
    padding = padding_px(size, coverage, centering)
    scale = float(size - 2 * padding)
    shift = padding - scale * centre_offset(pose, centering)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]], [0, 0, 1]])
    return Warp(matrix, UNIT, Space(f"crop:{centering}:{size}", size, size))


def sub_crop_size(size: int, src: Centering, dst: Centering, coverage: float) -> int:
    """How many pixels wide the square is that shows `dst` at `coverage` inside a `src` crop."""
    ratio = (1 - PADDING_RATIO[src]) / (1 - PADDING_RATIO[dst])
    return 2 * round(size * ratio * coverage / 2)


def corners(size: int) -> NDArray[np.float64]:
    """(4, 2) corners of a square crop, clockwise from the top left."""
    return np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float64)


def _check(centering: str) -> None:
    if centering not in CENTERINGS:
        raise ValueRefused(f"centering: expected one of {CENTERINGS}, got {centering!r}")
