"""Where a new face ends, and where it goes: what the options say, as geometry."""

from __future__ import annotations

import numpy as np

from understudy.geometry import Warp
from understudy.imaging.edges import Edge
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.mattes import LEARNED, factors_of, kinds_of
from understudy.swap.loading import Swapper
from understudy.types import Face

_OF_THE_MASK = (
    "mask",
    "feather",
    *("erode", "erode_top", "erode_bottom", "erode_left", "erode_right"),
    *("blur", "blur_passes", "mask_threshold", "border"),
)
"""Options that say where the mask ends, and how."""


def bounds_of(options: ConvertOptions, swapper: Swapper) -> str:
    """What bounds the new face: "mask", "surface" or "both"."""
    if options.bounds == "auto":
        if LEARNED in factors_of(options.mask):
            return "both" if kinds_of(options.mask) else "surface"
        return "surface" if swapper.surface else "mask"
    return options.bounds


def edge_of(options: ConvertOptions) -> Edge:
    """The edge that masks get."""
    o = options
    return Edge(
        feather=o.feather,
        erode=o.erode,
        top=o.erode_top,
        bottom=o.erode_bottom,
        left=o.erode_left,
        right=o.erode_right,
        blur=o.blur,
        passes=o.blur_passes,
        threshold=o.mask_threshold,
        border=o.border,
    )


def moved_in(options: ConvertOptions, face: Face) -> Warp | None:
    """Where a face's place goes that is scaled and shifted, frame to frame; None where it stays."""
    scale, right, down = options.face_scale, options.face_right, options.face_down
    if (scale, right, down) == (1.0, 0.0, 0.0):
        return None
    # in units of the mean face, whose axes are the face's own
    unit, middle = face.alignment.unit_from_frame, 0.5 * (1 - scale)
    grown = np.array([[scale, 0, middle + right], [0, scale, middle + down], [0, 0, 1]])
    matrix = np.linalg.inv(unit.matrix) @ grown @ unit.matrix
    return Warp(matrix, unit.src, unit.src)


def idle_flags(options: ConvertOptions, swapper: Swapper) -> list[str]:
    """Flags of the mask that somebody chose, and that change nothing since no mask bounds the face.

    A mask that keeps hands before the face is the one that people miss most.
    """
    if not swapper.surface or bounds_of(options, swapper) != "surface":
        return []
    usual = ConvertOptions()
    return [
        f"--{name.replace('_', '-')}"
        for name in _OF_THE_MASK
        if getattr(options, name) != getattr(usual, name)
    ]
