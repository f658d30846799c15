"""Which masks bound a face together: one kind, or the product of several, such as mesh*occlusion.

Two words are no kinds that alignments keep: `none` is all of the face's square, and `learned` what
the model itself says of its face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from understudy.errors import ValueRefused
from understudy.geometry import Warp
from understudy.imaging.resample import warp_image
from understudy.plugin import Registry
from understudy.shell import quoted
from understudy.types import Face, Mask

NONE, LEARNED = "none", "learned"
_OF_SHAPE = {"components", "extended", "mesh"}
"""Kinds that say where the face's own outline lies; others say what is seen in the picture."""
_GRID_PX = 128


def factors_of(mask: str) -> tuple[str, ...]:
    """The words of a product, each once, in their order.

    Raises:
        ValueRefused: there is none, or an empty one.
    """
    words = [word.strip() for word in mask.split("*")]
    if not all(words):
        raise ValueRefused(
            f"mask: expected a mask, or several with * between as in mesh*occlusion, got {mask!r}"
        )
    return tuple(dict.fromkeys(words))


def kinds_of(mask: str) -> tuple[str, ...]:
    """The kinds of a product that each face must have.

    Raises:
        ValueRefused: see `factors_of`.
    """
    return tuple(word for word in factors_of(mask) if word not in (NONE, LEARNED))


def missing_in(face: Face, mask: str) -> list[str]:
    """The kinds of a product that a face lacks."""
    return [kind for kind in kinds_of(mask) if kind not in face.masks]


def how_to_have(kind: str, place: str | Path, registry: Registry) -> str:
    """The command that gives faces a mask: makes it, or reads in what somebody painted.

    Args:
        kind: of the mask.
        place: alignments file, film or folder of face pictures.
        registry: of plug-ins.
    """
    command = f"understudy mask {quoted(place)}"
    if kind in {plugin.name for plugin in registry.of_kind("mask")}:
        return f"make it: {command} --kind {quoted(kind)}"
    return (
        f"paint it, since nothing makes it, and read it in: {command} --process import --kind "
        f"{quoted(kind)} --folder painted"
    )


def mask_of(face: Face, mask: str, whole: Warp | None = None, moved: Warp | None = None) -> Mask:
    """The product of a face's masks, on the finest of their grids.

    Args:
        face: has all of them.
        mask: their names with * between.
        whole: the square that `none` and `learned` stand for; None takes the face's own.
        moved: where a new face lies that was scaled or shifted, from frame to frame: masks of the
            face's shape follow it; those of what is seen, such as hands, stay.
    """
    parts = [_moved(face.masks[kind], moved) for kind in kinds_of(mask)]
    if not parts:
        grid = whole or face.alignment.crop(_GRID_PX, 1.0, "face")
        if moved is not None:
            grid = grid @ moved.inverse()
        return Mask(mask, np.ones((grid.dst.height, grid.dst.width), np.float32), grid)
    if len(parts) == 1:
        return parts[0]
    return _product(mask, parts)


def _product(mask: str, parts: Sequence[Mask]) -> Mask:
    finest = max(parts, key=lambda part: part.grid_from_frame.dst.width)
    grid, alpha = finest.grid_from_frame, finest.alpha.copy()
    for part in parts:
        if part is not finest:
            # most grids cover the same square, whose border is no edge of the mask
            over = grid @ part.grid_from_frame.inverse()
            alpha *= np.clip(warp_image(part.alpha, over, border="edge"), 0, 1)
    return Mask(mask, alpha, grid)


def _moved(part: Mask, moved: Warp | None) -> Mask:
    if moved is None or part.kind not in _OF_SHAPE:
        return part
    return replace(part, grid_from_frame=part.grid_from_frame @ moved.inverse())
