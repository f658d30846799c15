"""Matching that differs over the face: fields of offsets, smooth, on a grid of the face's own.

Convention: the grid covers the box around the mask, so that its cells lie on the same parts of a
face from frame to frame, however the face moves.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.colour.lab import ByMeasure, from_lab, to_lab, weights_of
from understudy.colour.options import LocalOptions
from understudy.imaging.resample import resize

_CELLS = 32
_ROUNDS = 400
"""Of relaxation; on a grid of 32 the membrane is at rest to a thousandth well before."""


class Local(ByMeasure):
    """Broad light and shade of the face that is replaced, part by part.

    One mean for the whole face leaves its forehead, cheeks and chin apart where light falls from
    one side. Only what is broad is taken: features are narrower than the field's reach.
    """

    def __init__(self, options: LocalOptions | None = None) -> None:
        self._options = options or LocalOptions()

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """(4096,) how far each cell's LAB lies apart, by weight, and its weight."""
        if weights_of(mask) is None:
            return None
        return _on_grid(to_lab(original) - to_lab(swapped), mask)

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`; the mask says where the grid lies."""
        o = self._options
        field = _spread_out(measured.reshape(_CELLS, _CELLS, 4), o.reach * _CELLS)
        field *= np.array([o.light, o.tint, o.tint], np.float32)
        return from_lab(to_lab(swapped) + _over(field, mask))


class Seamless(ByMeasure):
    """Meets the plate at the mask's edge; inside, differences fade as in a membrane.

    Source: P. Perez, M. Gangnet, A. Blake, "Poisson image editing", SIGGRAPH 2003: gradients are
    the new face's, values at the edge the plate's. What crosses the edge in the plate, such as
    brows or a beard, pulls its surroundings along.
    """

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """(4096,) how far each cell's RGB lies apart, by weight, and its weight."""
        if weights_of(mask) is None:
            return None
        return _on_grid(original - swapped, mask)

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`; the mask says where the grid lies."""
        cells = measured.reshape(_CELLS, _CELLS, 4).astype(np.float32)
        weight = np.pad(cells[..., 3], 1)
        there = (weight > weight.max() / 4).astype(np.uint8)
        within = cv2.erode(there, np.ones((3, 3), np.uint8))[1:-1, 1:-1] > 0
        near = _spread_out(cells, 1.0)
        membrane = _spread_out(np.where(within[..., None], 0.0, cells), 3.0)
        cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
        for _ in range(_ROUNDS):
            mean = cv2.filter2D(membrane, -1, cross, borderType=cv2.BORDER_REPLICATE)
            membrane = np.where(within[..., None], mean, near)
        moved = swapped + _over(membrane, mask)
        return np.clip(moved, 0.0, 1.0, out=moved)


def _box(mask: NDArray[Any]) -> tuple[slice, slice]:
    """Rows and columns that the mask reaches."""
    there = mask > 1 / 512
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    if not len(rows):
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _on_grid(apart: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.float64]:
    """(cells * cells * 4,) sums of weighted differences and of weights."""
    box = _box(mask)
    weight = np.ascontiguousarray(mask[box], np.float32)
    planes = cv2.merge([*cv2.split(apart[box] * weight[..., None]), weight])
    grid = resize(planes, (_CELLS, _CELLS))
    return grid.astype(np.float64).reshape(-1)


def _spread_out(cells: NDArray[Any], reach: float) -> NDArray[np.float32]:
    """(cells, cells, 3) mean differences around each cell, weighted by the mask."""
    soft = cells.astype(np.float32)
    # so that cells far from the mask are what is nearest to them, not nothing divided by nothing
    total: Any = np.zeros_like(soft)
    for share, sigma in ((1.0, reach), (1e-3, 2 * reach), (1e-6, 4 * reach), (1e-9, _CELLS)):
        total += share * cv2.GaussianBlur(soft, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    found: NDArray[np.float32] = total[..., :3] / np.maximum(total[..., 3:], 1e-20)
    return found


def _over(field: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.float32]:
    """A grid's field on the pixels; beyond the box its edge goes on."""
    rows, columns = _box(mask)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    inside = resize(np.asarray(field, np.float32), size, "cubic")
    height, width = mask.shape
    border = (rows.start, height - rows.stop, columns.start, width - columns.stop)
    return np.asarray(cv2.copyMakeBorder(inside, *border, cv2.BORDER_REPLICATE), np.float32)
