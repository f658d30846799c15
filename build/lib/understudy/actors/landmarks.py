"""Where the 68 landmarks lie on the grid, and where they are seen in a frame.

Convention:
    The 68-point scheme in image order: point 0 is the jaw on the viewer's left. Frame pixels,
    pixel i covering [i, i+1).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from understudy.actors.look.skin import brow_line
from understudy.actors.shape.cage import (
    EYE_CENTRE_X,
    EYE_HALF_WIDTH,
    F32,
    F64,
    MOUTH_HALF_WIDTH,
    MOUTH_SLIT_Y,
    Floats,
    head_grid,
)
from understudy.actors.shape.cast import Actor
from understudy.actors.shape.sculpt import EXPRESSIONS, lip_edges

if TYPE_CHECKING:
    from understudy.actors.model import Model

# (|x|, y) on the average face: jaw 0..8 from ear to chin, brow, bridge, one nostril.
_JAW = (
    (70.5, -5),
    (70, -22),
    (67.5, -39),
    (63.5, -56),
    (57, -72),
    (46, -87),
    (32, -99),
    (16, -108),
    (0, -110.5),
)
_BROW_X = (54.0, 46.0, 35.5, 24.5, 13.5)
_BRIDGE = ((0, 3), (0, -10), (0, -23), (0, -36))
_NOSTRIL = ((14.5, -46.5), (7.5, -49), (0, -50))
# Steps from the jaw point towards the face's middle, searched for the outline of a turned head.
_JAW_SEARCH = 26


@lru_cache(maxsize=8)
def places(actor: Actor) -> tuple[F64, F64]:
    """Row and column (68,) float64 of each landmark on the head's grid, left and right mirrored.

    Brows and the red of the lips are painted where the actor has them, so these spots depend on
    the actor.
    """
    row, col = np.zeros(68), np.zeros(68)
    _pairs(row, col, [(i, 16 - i, x, y) for i, (x, y) in enumerate(_JAW)])
    t = (np.array(_BROW_X) - 11.5) / 44
    brow = brow_line(actor, t) + 0.2 * actor.hair.brow_thickness
    _pairs(row, col, [(17 + i, 26 - i, _BROW_X[i], brow[i]) for i in range(5)])
    _pairs(row, col, [(27 + i, 27 + i, x, y) for i, (x, y) in enumerate(_BRIDGE)])
    _pairs(row, col, [(31 + i, 35 - i, x, y) for i, (x, y) in enumerate(_NOSTRIL)])
    _eyes(row, col)
    _lips(row, col, actor)
    return row, col


def rest_landmarks(model: Model) -> F64:
    """(68, 3) mm with open lids, before any pose."""
    p = model.rest + model.deltas[EXPRESSIONS.index("open_lids")]
    return sample(p, *model.places)


def sample(atlas: Floats, row: F64, col: F64) -> F64:
    """Bilinear values (N, D) of an atlas (H, W, D)."""
    r, c = np.floor(row).astype(int), np.floor(col).astype(int)
    fr, fc = (row - r)[..., None], (col - c)[..., None]
    r1, c1 = np.minimum(r + 1, atlas.shape[0] - 1), np.minimum(c + 1, atlas.shape[1] - 1)
    top = atlas[r, c] * (1 - fc) + atlas[r, c1] * fc
    low = atlas[r1, c] * (1 - fc) + atlas[r1, c1] * fc
    return np.asarray(top * (1 - fr) + low * fr)


def seen(pixels: F32, places: tuple[F64, F64]) -> F64:
    """Landmarks (68, 2) from the pixel position (R, C, 2) of every vertex of the head.

    The jaw follows what annotators draw: on the side that is turned away, the outline of the cheek.
    """
    row, col = places
    out = sample(pixels, row, col)
    for i in range(17):
        if i == 8:
            continue
        inward = np.linspace(col[i], col[8], _JAW_SEARCH)
        path = sample(pixels, np.full(_JAW_SEARCH, row[i]), inward)
        out_of_face = path[:, 0] if i > 8 else -path[:, 0]
        out[i] = path[int(np.argmax(out_of_face))]
    return out


def _pairs(row: F64, col: F64, spots: list[tuple[int, int, float, float]]) -> None:
    """Place landmark i at (-x, y) and its mirror image j at (x, y)."""
    for i, j, x, y in spots:
        row[i], col[i] = _find(-x, y)
        row[j], col[j] = (row[i], col[i]) if i == j else _mirror(row[i], col[i])


def _eyes(row: F64, col: F64) -> None:
    top, bottom = head_grid().eye_rows
    # The outer corner is seen where the lids part, a little inside the end of the slit.
    spots = ((-0.88, top), (-0.36, top), (0.36, top), (1.02, top), (0.36, bottom), (-0.36, bottom))
    for i, j, (t, r) in zip(range(36, 42), (45, 44, 43, 42, 47, 46), spots, strict=True):
        row[i], col[i] = r, _column(r, -EYE_CENTRE_X + t * EYE_HALF_WIDTH)
        row[j], col[j] = _mirror(row[i], col[i])


def _lips(row: F64, col: F64, actor: Actor) -> None:
    top, bottom = head_grid().mouth_rows
    x = np.array([15.0, 5.2, 0.0])
    upper, _ = lip_edges(x / MOUTH_HALF_WIDTH, actor.shape)
    _, lower = lip_edges(x / MOUTH_HALF_WIDTH, actor.shape)
    _pairs(row, col, [(49 + i, 53 - i, x[i], MOUTH_SLIT_Y + upper[i]) for i in range(3)])
    _pairs(row, col, [(59 - i, 55 + i, x[i], MOUTH_SLIT_Y - lower[i]) for i in range(3)])
    spots = ((48, 54, top, 26.3), (60, 64, top, 22.5), (61, 63, top, 8.0), (62, 62, top, 0.0))
    for i, j, r, across in (*spots, (67, 65, bottom, 8.0), (66, 66, bottom, 0.0)):
        row[i], col[i] = r, _column(r, -across)
        row[j], col[j] = (row[i], col[i]) if i == j else _mirror(row[i], col[i])


def _mirror(row: float, col: float) -> tuple[float, float]:
    return row, head_grid().shape[1] - 1 - col


def _column(row: int, x: float) -> float:
    grid = head_grid()
    front = np.flatnonzero(np.abs(grid.u) < 2.6)
    return float(np.interp(x, grid.base[row, front, 0], front))


def _find(x: float, y: float) -> tuple[float, float]:
    """Row and column of the spot (x, y) of the average face, seen from the front."""
    grid = head_grid()
    row, col = 60.0, grid.shape[1] / 2
    front = np.flatnonzero(np.abs(grid.u) < 3.05)
    plain = np.flatnonzero((grid.side == 0) & (grid.v < 150) & (grid.v > -60))
    for _ in range(25):
        r, c = int(row), int(col)
        line = sample(grid.base, np.full(len(front), row), front.astype(float))
        order = np.maximum.accumulate(line[:, 0])
        col = float(np.interp(x, order, front))
        along = sample(grid.base, plain.astype(float), np.full(len(plain), col))
        row = float(np.interp(-y, -along[:, 1], plain))
        if abs(r - row) < 1e-6 and abs(c - col) < 1e-6:
            break
    return row, col
