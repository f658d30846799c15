"""Leaving out faces: failed landmarks, wrong sizes, and persons that nobody asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import PARTS, Float64
from understudy.stages.extract.options import ExtractOptions
from understudy.types import Alignment, Frame


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """Identity vectors of photos.

    Attributes:
        wanted: (n, d) of the persons asked for; empty when everybody is welcome.
        unwanted: (m, d) of those to be left out.
        limit: distance under which a face is a photo's person's.
    """

    wanted: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0)))
    unwanted: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0)))
    limit: float = 0.6

    @property
    def any(self) -> bool:
        """Whether there are photos at all."""
        return bool(len(self.wanted) or len(self.unwanted))

    def welcome(self, vector: NDArray[Any] | None) -> bool:
        """Whether a face is a wanted person's and no unwanted one's; an unknown one is kept."""
        if vector is None:
            return True
        if len(self.unwanted) and _nearest(self.unwanted, vector) < self.limit:
            return False
        return not len(self.wanted) or _nearest(self.wanted, vector) < self.limit


def passes(alignment: Alignment, size_px: float, frame: Frame, options: ExtractOptions) -> bool:
    """Whether an aligned face passes the filters that look at landmarks.

    Args:
        alignment: of the face.
        size_px: square root of its box's area.
        frame: it lies in.
        options: with the filters.
    """
    unit = alignment.landmarks_unit
    share = size_px / min(frame.pixels.shape[:2])
    if share < options.min_scale or (options.max_scale is not None and share > options.max_scale):
        return False
    if options.filter_features and not features_in_order(unit):
        return False
    if options.max_distance is not None and alignment.distance > options.max_distance:
        return False
    return options.max_roll_deg is None or abs(roll_deg(alignment)) <= options.max_roll_deg


def features_in_order(landmarks_unit: Float64) -> bool:
    """Whether the whole mouth lies below eyes and brows of the aligned face."""
    above = np.concatenate(
        [landmarks_unit[PARTS[p]] for p in ("right_brow", "left_brow", "right_eye", "left_eye")]
    )
    return bool(landmarks_unit[PARTS["outer_lips"], 1].min() > above[:, 1].max())


def roll_deg(alignment: Alignment) -> float:
    """How far the face is tilted in the frame, clockwise, in degrees."""
    matrix = alignment.unit_from_frame.matrix
    return float(np.degrees(np.arctan2(-matrix[1, 0], matrix[0, 0])))


def stacked(vectors: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """(n, d) stack of vectors; (0, 0) of none."""
    return np.stack(vectors) if vectors else np.zeros((0, 0))


def _nearest(references: NDArray[Any], vector: NDArray[Any]) -> float:
    return float(np.linalg.norm(references - vector, axis=1).min())
