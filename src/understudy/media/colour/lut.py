"""A look-up table on pictures, and a face that came through one back into code values.

Between the table's points colours are interpolated in tetrahedra, as grading programs do (Kasson,
Nin, Plouffe and Hafner, Performing color space conversions with three-dimensional linear
interpolation, 1995). There is no table for the way back, so one is made: for a grid over Rec.709
the code values are sought that come nearest, by Levenberg's damped least squares. Where the table
is flat, as in clipped highlights, many code values give one colour; the one that the curve of grey
reaches first is taken.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.imaging.depth import from_unit, in_bits, to_unit
from understudy.media.colour.cube import Cube

_CODES = 1 << 16
_STRIP_PX = 1 << 15
_BACK = 33
"""Steps of the table for the way back, on a scale of which more lie in the dark."""
_ROUNDS = 16
_STEP = 1 / 512


class Lut:
    """A table, ready to be used.

    Args:
        cube: what `cube.read_cube` gave.
    """

    def __init__(self, cube: Cube) -> None:
        every = np.repeat(to_unit(np.arange(_CODES).astype(np.uint16))[:, None], 3, 1)
        if cube.channels is not None:
            every = _in_channels(every, cube, cube.channels)
        self._grid = None if cube.colours is None else np.ascontiguousarray(cube.colours)
        if self._grid is not None:
            low, high = np.array(cube.colours_from), np.array(cube.colours_to)
            every = np.clip((every - low) / (high - low), 0, 1) * (len(self._grid) - 1)
        self._every = np.ascontiguousarray(every.T, np.float32)
        self._back: NDArray[np.float32] | None = None

    def __call__(self, pixels: NDArray[Any]) -> NDArray[np.uint16]:
        """(h, w, 3) uint16 Rec.709 of code values, uint8 or uint16, full range."""
        result = np.empty(pixels.shape, np.uint16)
        rows = max(1, _STRIP_PX // max(1, pixels.shape[1]))
        for top in range(0, len(pixels), rows):
            band = pixels[top : top + rows]
            codes = from_unit(to_unit(band), np.uint16) if band.dtype == np.uint8 else band
            result[top : top + rows] = from_unit(self._looked_up(codes), np.uint16)
        return result

    def back(self, face: NDArray[Any]) -> NDArray[np.float32]:
        """(..., 3) float32 code values 0..1 that are seen as these colours, or as near as may be.

        Args:
            face: (..., 3) float32 Rec.709, 0..1.
        """
        if self._back is None:
            self._back = self._inverted()
        where = np.sqrt(np.clip(face, 0, 1)) * np.float32(_BACK - 1)
        return _interpolated(self._back, [where[..., c] for c in range(3)])

    def _looked_up(self, codes: NDArray[np.uint16]) -> NDArray[np.float32]:
        """(..., 3) float32 of code values; not clipped."""
        found = [self._every[c].take(codes[..., c]) for c in range(3)]
        if self._grid is None:
            return np.stack(found, -1)
        return _interpolated(self._grid, found)

    def _seen(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.clip(self._looked_up(from_unit(values, np.uint16)), 0, 1).astype(np.float64)

    def _inverted(self) -> NDArray[np.float32]:
        steps = (np.arange(_BACK) / (_BACK - 1)) ** 2
        wanted = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1)
        wanted = wanted[..., ::-1].reshape(-1, 3)  # indexed by blue, green, red
        grey = np.linspace(0, 1, 1 << 12)
        seen = np.maximum.accumulate(self._seen(np.repeat(grey[:, None], 3, 1)), 0)
        found = np.stack([_along(wanted[:, c], seen[:, c], grey) for c in range(3)], -1)
        damp, error = np.full(len(found), 1e-3), self._seen(found) - wanted
        for _ in range(_ROUNDS):
            slopes = np.empty((len(found), 3, 3))
            for c in range(3):
                to = np.zeros(3)
                to[c] = _STEP
                slopes[..., c] = (self._seen(found + to) - self._seen(found - to)) / (2 * _STEP)
            turned = slopes.transpose(0, 2, 1)
            damped = turned @ slopes + damp[:, None, None] * np.eye(3)
            step = np.linalg.solve(damped, turned @ error[..., None])[..., 0]
            trial = np.clip(found - np.clip(step, -0.25, 0.25), 0, 1)
            its = self._seen(trial) - wanted
            better = (its**2).sum(1) < (error**2).sum(1)
            found[better], error[better] = trial[better], its[better]
            damp = np.clip(np.where(better, damp / 4, damp * 4), 1e-7, 1e3)
        return found.reshape(_BACK, _BACK, _BACK, 3).astype(np.float32)


class LutTone:
    """A table in the place of `tonemap.ToneMap`, which reads it in one depth or the other.

    Args:
        cube: the table.
    """

    def __init__(self, cube: Cube) -> None:
        self._lut = lut_of(cube)

    def __call__(self, rgb: NDArray[Any], dtype: type[np.uint8] | type[np.uint16]) -> NDArray[Any]:
        """(h, w, 3) Rec.709 of `dtype` by code values (h, w, 3), uint8 or uint16."""
        return in_bits(self._lut(rgb), 8 * np.dtype(dtype).itemsize)


@lru_cache(maxsize=2)
def lut_of(cube: Cube) -> Lut:
    """A table that is ready to be used, which takes a while the first time."""
    return Lut(cube)


def _in_channels(every: NDArray[Any], cube: Cube, table: NDArray[np.float32]) -> NDArray[Any]:
    """Code values behind the table by channel."""
    made = np.empty_like(every)
    for c in range(3):
        at = np.linspace(cube.channels_from[c], cube.channels_to[c], len(table))
        made[:, c] = np.interp(every[:, c], at, table[:, c])
    return made


def _along(wanted: NDArray[Any], seen: NDArray[Any], grey: NDArray[Any]) -> NDArray[Any]:
    """Where a curve has a value; of flat ends, where it begins to rise or ceases."""
    rises = np.flatnonzero(np.diff(seen) > 0)
    if not len(rises):
        return np.full(wanted.shape, 0.5)
    corners = np.union1d(rises, rises + 1)
    return np.asarray(np.interp(wanted, seen[corners], grey[corners]))


def _interpolated(
    grid: NDArray[np.float32], where: list[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """(..., 3) colours between a grid's points.

    Args:
        grid: (n, n, n, 3), indexed by blue, green, red.
        where: red, green and blue, (...) float32 each, 0..n-1.
    """
    n = len(grid)
    rows = grid.reshape(-1, 3)
    cells = [np.minimum(w.astype(np.int32), n - 2) for w in where]
    red, green, blue = (w - cell for w, cell in zip(where, cells, strict=True))
    near = cells[0] + n * cells[1] + n * n * cells[2]
    far = near + np.int32(1 + n + n * n)
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    middle = red + green + blue - most - least
    # from the near corner to the far one along the largest part first, along the least one last
    strides = np.int32(1), np.int32(n), np.int32(n * n)
    second = near + np.where(most == red, strides[0], np.where(most == green, *strides[1:]))
    third = far - np.where(least == blue, strides[2], np.where(least == green, *strides[1::-1]))
    made = rows.take(near, axis=0) * (1 - most)[..., None]
    made += rows.take(second, axis=0) * (most - middle)[..., None]
    made += rows.take(third, axis=0) * (middle - least)[..., None]
    made += rows.take(far, axis=0) * least[..., None]
    return made
