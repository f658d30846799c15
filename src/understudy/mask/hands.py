"""Hands near a face: found by MediaPipe's palm detector, followed to the finger tips, drawn.

Face parsing calls a hand before the mouth skin, as it is; only a network that knows hands tells
the two apart.

Source: F. Zhang et al., "MediaPipe Hands: On-device Real-time Hand Tracking", CVPR Workshop on
Computer Vision for AR/VR 2020. Anchors, and the square that the palm gives the hand, follow the
published graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.backends.litert import LiteModel
from understudy.geometry import Float64
from understudy.geometry.boxes import suppress
from understudy.imaging.depth import to_unit
from understudy.imaging.squares import cut_square
from understudy.mask.manifest import HAND_LANDMARK, PALM_DETECTION
from understudy.plugin import Weights
from understudy.weights.opening import opened

_PALM_PX, _HAND_PX = 192, 224
_MIN_PALM, _MIN_PRESENCE, _MAX_OVERLAP = 0.2, 0.5, 0.55
"""Palms are taken more leniently than the published 0.5, because the hand network looks at each
again, and may overlap more than the published 0.3, because one hand may lie on the other."""

_WRIST, _MIDDLE = 0, 2
"""Key points of the palm that say where the fingers point."""


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One hand.

    Attributes:
        points: (21, 3) float64: wrist, then four points a finger from the thumb on, root to tip;
            frame pixels, z in the same unit, smaller is nearer.
        presence: how sure the network is that this is a hand, 0..1.
    """

    points: Float64
    presence: float


class HandFinder:
    """Finds hands in a square of a frame; any thread may use it."""

    def __init__(self) -> None:
        self._palms, self._hands = _model(PALM_DETECTION), _model(HAND_LANDMARK)

    def __call__(self, frame: NDArray[Any], square: Float64) -> list[Hand]:
        """All hands whose palm lies in the square.

        Args:
            frame: (h, w, 3) uint8 RGB.
            square: (4,) x, y, side and roll of it, as `nn.mesh` has them.
        """
        found = [self._hand(frame, palm) for palm in self._palm_squares(frame, square)]
        return [hand for hand in found if hand.presence >= _MIN_PRESENCE]

    def _palm_squares(self, frame: NDArray[Any], square: Float64) -> list[Float64]:
        """Squares around the hands of the palms found."""
        crop = cut_square(frame, square, _PALM_PX)
        values, logits = self._palms(to_unit(crop[None]))
        scores = 1 / (1 + np.exp(-np.clip(logits.ravel(), -60, 60).astype(np.float64)))
        sure = np.flatnonzero(scores >= _MIN_PALM)
        numbers = values[0, sure].astype(np.float64).reshape(-1, 9, 2)
        numbers[:, [0, *range(2, 9)]] += _anchors()[sure, None] * _PALM_PX
        middle, half = numbers[:, 0], numbers[:, 1] / 2
        boxes = np.hstack([middle - half, middle + half])
        kept = suppress(boxes, scores[sure], _MAX_OVERLAP)
        return [_hand_square(numbers[i], square) for i in kept]

    def _hand(self, frame: NDArray[Any], square: Float64) -> Hand:
        crop = cut_square(frame, square, _HAND_PX)
        points, presence, *_ = self._hands(to_unit(crop[None]))
        placed = points.reshape(21, 3).astype(np.float64) * square[2] / _HAND_PX
        placed[:, :2] = _out_of(square, placed[:, :2] - square[2] / 2)
        return Hand(placed, float(presence.ravel()[0]))


def draw_hands(hands: list[Hand], fine: NDArray[np.uint8], points_at: Any, scale: float) -> None:
    """Draw hands filled, fingers as thick as fingers are.

    Args:
        hands: to draw.
        fine: (h, w) uint8, drawn onto with 255.
        points_at: takes (n, 2) frame points to points of `fine`.
        scale: pixels of `fine` a frame pixel.
    """
    for hand in hands:
        at = np.rint(points_at(hand.points[:, :2]) * _SUB - _SUB / 2).astype(np.int32)
        breadth = float(np.linalg.norm(hand.points[5] - hand.points[17])) * scale
        cv2.fillConvexPoly(fine, cv2.convexHull(at[_PALM]), 255, cv2.LINE_8, _SUB_BITS)
        for chain in (*_FINGERS, _ROUND_PALM):
            width = max(1, round(_WIDTH * breadth))
            cv2.polylines(fine, [at[chain]], False, 255, width, cv2.LINE_8, _SUB_BITS)


_SUB_BITS, _SUB = 4, 16
_PALM = np.array((0, 1, 2, 5, 9, 13, 17))
_ROUND_PALM = np.array((0, 1, 2, 5, 9, 13, 17, 0))
_FINGERS = tuple(np.arange(start, start + 4) for start in (1, 5, 9, 13, 17))
_WIDTH = 0.42
"""A finger's width in distances from the root of the index finger to that of the little one; these
lie three fingers apart, and a quarter is added for what the points miss."""


def _hand_square(palm: Float64, square: Float64) -> Float64:
    """(4,) the square of the hand that a palm belongs to, in the frame.

    Args:
        palm: (9, 2) middle, size and seven points of the palm, in pixels of its crop.
        square: the crop.
    """
    x, y = palm[2 + _MIDDLE] - palm[2 + _WRIST]
    roll = np.arctan2(x, -y)
    side = float(palm[1].max())
    up = np.array([np.sin(roll), -np.cos(roll)])
    middle = palm[0] + up * side / 2
    scale = square[2] / _PALM_PX
    placed = _out_of(square, ((middle - _PALM_PX / 2) * scale)[None])[0]
    return np.array([*placed, 2.6 * side * scale, square[3] + roll])


def _out_of(square: Float64, offsets: Float64) -> Float64:
    """Points given by their offset from a turned square's middle, in the frame."""
    c, s = np.cos(square[3]), np.sin(square[3])
    return offsets @ np.array([[c, s], [-s, c]]) + square[:2]


@lru_cache(maxsize=1)
def _anchors() -> Float64:
    """(2016, 2) centres in 0..1: two a cell of 8 pixels, six a cell of 16, row by row."""
    parts = []
    for cells, each in ((_PALM_PX // 8, 2), (_PALM_PX // 16, 6)):
        y, x = np.mgrid[:cells, :cells]
        parts.append(np.repeat((np.stack([x, y], -1).reshape(-1, 2) + 0.5) / cells, each, 0))
    return np.concatenate(parts)


@lru_cache(maxsize=2)
def _model(record: Weights) -> LiteModel:
    return opened(record, LiteModel, "a TFLite model")
