"""The face without what is before it: hands always, and what parsing sees where it may be used.

Hands come from networks of their own, because parsing calls them skin. Parsing, where chosen, also
takes out hair, hats, cloth and background inside the face's outline: a microphone or a cup is
background to it. Without parsing a thing that is neither face nor hand stays in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Float64, Warp
from understudy.mask.grid import FINER, shares
from understudy.mask.hands import Hand, HandFinder, draw_hands
from understudy.mask.landmark import ExtendedMasker
from understudy.mask.mesh import MeshMasker
from understudy.mask.options import MaskOptions, OcclusionOptions
from understudy.mask.parsing import BiSeNetParser, BiSeNetV2Parser, FaceParser, parsed
from understudy.types import Alignment, Mask

_BEFORE_A_FACE = frozenset((0, 16, 17, 18))
"""Background, cloth, hair and hat: none of them belongs inside a face's outline."""

_AROUND = (5.0, 7.0)
"""Sides of the squares that are searched for hands, in sides of the mean face. The palm detector
wants to see arms and shoulders: in 4.0 it finds half as many hands as in 6.0. Each size misses
some, and both miss few."""

_MOST_INSIDE = 17
"""Of a hand's 21 points, as many as may lie between brows and chin. Hands before the faces of the
sign-language clips had up to 14 there; faces looking up that were taken for hands had 19 to 21."""


class OcclusionMasker:
    """Face minus occluders; `mask.Masker` and `mask.BatchMasker`."""

    def __init__(self, options: OcclusionOptions | None = None, device: str = "cpu") -> None:
        chosen = options or OcclusionOptions()
        size = MaskOptions(chosen.mask_px)
        self._area = MeshMasker(size) if chosen.outline == "mesh" else ExtendedMasker(size)
        self._hands = HandFinder()
        self._parser: FaceParser | None = None
        if chosen.parser == "bisenet":
            self._parser = BiSeNetParser(device)
        elif chosen.parser == "bisenet-v2":
            self._parser = BiSeNetV2Parser()

    def mask(self, frame: NDArray[Any], alignment: Alignment) -> Mask:
        """The mask of one face; see `mask.Masker.mask`."""
        return self.mask_batch([frame], [alignment])[0]

    def mask_batch(
        self, frames: Sequence[NDArray[Any]], alignments: Sequence[Alignment]
    ) -> list[Mask]:
        """The masks of several faces at once; see `mask.BatchMasker.mask_batch`."""
        areas = [self._area.mask(f, a) for f, a in zip(frames, alignments, strict=True)]
        grids = [area.grid_from_frame for area in areas]
        covered = [
            self._covered(f, a, g) for f, a, g in zip(frames, alignments, grids, strict=True)
        ]
        if self._parser is not None:
            found = parsed(self._parser, _BEFORE_A_FACE, frames, alignments, grids)
            covered = [np.maximum(c, f) for c, f in zip(covered, found, strict=True)]
        return [
            Mask("occlusion", area.alpha * (1 - over), area.grid_from_frame)
            for area, over in zip(areas, covered, strict=True)
        ]

    def _covered(
        self, frame: NDArray[Any], alignment: Alignment, grid_from_frame: Warp
    ) -> NDArray[np.float32]:
        """How much of each grid pixel is a hand."""
        width, height = grid_from_frame.dst.size_wh
        fine = np.zeros((height * FINER, width * FINER), np.uint8)

        def points_at(xy: Float64) -> Float64:
            return grid_from_frame.points(xy) * FINER

        found = [hand for square in _around(alignment) for hand in self._hands(frame, square)]
        hands = [hand for hand in found if not _is_the_face(hand, alignment)]
        draw_hands(hands, fine, points_at, grid_from_frame.scale * FINER)
        return shares(fine) / np.float32(255)


def _is_the_face(hand: Hand, alignment: Alignment) -> bool:
    """Whether a hand is the face itself, misread: a real one has its wrist or tips beyond it."""
    points = alignment.unit_from_frame.points(hand.points[:, :2])
    inside = ((points > -0.1) & (points < 1.1)).all(1)
    return int(inside.sum()) > _MOST_INSIDE


def _around(alignment: Alignment) -> list[Float64]:
    """The squares that are searched for hands, upright, around the landmarks' middle."""
    x, y = alignment.landmarks.mean(0)
    face = 1 / alignment.unit_from_frame.scale
    return [np.array([x, y, side * face, 0.0]) for side in _AROUND]
