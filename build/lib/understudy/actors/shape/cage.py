"""The head's control cage: an average head as rings of hand-placed points, and its grid.

Everything the actors share lives here: the smooth skull, face and neck that features are sculpted
on, and the grid of vertices (rows from crown to neck, columns around the head) with slits cut for
eyes and mouth.

Convention:
    Millimetres. x to the right as the viewer sees it, y up, z towards the viewer. y = 0 is the line
    through the pupils, x = 0 the middle of the face, z = 0 the plane through the ear canals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

# Columns: front, pupil line, face edge, side, behind the ear, back. Rows: crown to neck.
CAGE: tuple[tuple[tuple[float, float, float], ...], ...] = (
    ((0, 115, -6), (2, 115, -6.5), (3.2, 115, -8), (4, 115, -10), (3, 115, -13), (0, 115, -14)),
    ((0, 107, 42), (22, 106, 38), (38, 102, 22), (49, 98, -12), (34, 100, -56), (0, 103, -66)),
    ((0, 76, 81), (28, 76, 75), (49, 73, 53), (67, 69, -8), (51, 70, -80), (0, 70, -95)),
    ((0, 48, 94), (29, 48, 88.5), (54, 47, 63), (75.5, 45, -8), (57, 42, -85), (0, 40, -102)),
    ((0, 20, 97), (30, 20, 92), (57, 20, 66), (74.5, 18, -5), (58, 12, -84), (0, 8, -102)),
    ((0, 0, 91.5), (31, 0, 87), (61, 0, 60), (72.5, -5, 3), (58, -12, -76), (0, -22, -94)),
    ((0, -25, 92.5), (32, -25, 86.5), (62, -25, 58), (71, -27, 6), (57, -36, -66), (0, -50, -82)),
    ((0, -48, 95), (31.5, -48, 84), (58, -49, 53), (67, -50, 8), (55, -60, -58), (0, -75, -72)),
    ((0, -69, 96), (30, -69, 81), (52, -71, 50), (59.5, -73, 9), (53, -85, -53), (0, -98, -67)),
    (
        (0, -90, 93),
        (26.5, -90, 80),
        (44.5, -90, 48),
        (53.5, -88, 11),
        (51, -105, -50),
        (0, -115, -65),
    ),
    (
        (0, -107, 91),
        (20, -106, 80),
        (37, -102, 50),
        (49.5, -97, 9),
        (50, -118, -48),
        (0, -128, -65),
    ),
    (
        (0, -114.5, 80),
        (17, -113, 71),
        (33, -108.5, 44),
        (47, -105, 4),
        (50, -128, -48),
        (0, -138, -66),
    ),
    (
        (0, -117, 54),
        (17, -116, 50),
        (32, -114, 33),
        (46, -117, -2),
        (49, -140, -50),
        (0, -148, -68),
    ),
    (
        (0, -127, 36),
        (17, -127, 32),
        (35, -129, 16),
        (48, -133, -13),
        (45, -150, -53),
        (0, -160, -73),
    ),
    (
        (0, -150, 31),
        (20, -150, 27),
        (39, -152, 8),
        (51, -154, -20),
        (44, -168, -60),
        (0, -176, -80),
    ),
    (
        (0, -196, 34),
        (24, -196, 28),
        (50, -196, 4),
        (63, -196, -25),
        (50, -204, -78),
        (0, -208, -95),
    ),
)
# Ring positions along the head; inside the face they equal minus the height of the ring in front.
ROW_KNOTS = (-150.0, -112, -76, -48, -20, 0, 25, 48, 69, 90, 107, 117, 135, 152, 175, 221)

EYE_SLIT_Y = -2.0
MOUTH_SLIT_Y = -69.0


@dataclass(frozen=True, slots=True)
class Grid:
    """The shared vertex grid, at rest, before any feature is sculpted.

    Attributes:
        base: (R, C, 3) float64 positions of the smooth average head.
        v: (R,) ring position of each row; u: (C,) angle-like column position, 0 in front, +-5 at
            the back.
        side: (R,) 0 for plain rows, +k for the k-th row folded inwards from an upper lip or lid,
            -k from a lower.
        eye_rows: rows (upper edge, lower edge) of the eye slit; mouth_rows: the same for the lips.
        quads: (R-1, C-1) bool, False where the surface is cut open.
    """

    base: F64
    u: F64
    v: F64
    side: NDArray[np.int64]
    eye_rows: tuple[int, int]
    mouth_rows: tuple[int, int]
    quads: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.v), len(self.u)


@cache
def head_grid() -> Grid:
    """Build the grid: dense in the face, coarse behind, rows doubled at each slit."""
    u = _mirrored(
        np.concatenate(
            [np.arange(0, 2.2, 0.05), np.linspace(2.2, 3.2, 12)[1:], np.linspace(3.2, 5, 12)[1:]]
        )
    )
    rows: list[tuple[float, int]] = [(v, 0) for v in np.linspace(-150, -50, 20)]
    rows += [(v, 0) for v in np.linspace(-50, 2, 35)[1:]]
    eye_top = len(rows) - 1
    rows += [(2.0, 1), (2.0, -1), (2.0, 0)]
    rows += [(v, 0) for v in np.linspace(2, 69, 47)[1:]]
    mouth_top = len(rows) - 1
    rows += [(69.0, 1), (69.0, 2), (69.0, -2), (69.0, -1), (69.0, 0)]
    rows += [(v, 0) for v in np.linspace(69, 120, 34)[1:]]
    rows += [(v, 0) for v in np.linspace(120, 221, 16)[1:]]
    v = np.array([r[0] for r in rows])
    base = loft(u, v)
    eye_rows, mouth_rows = (eye_top, eye_top + 3), (mouth_top, mouth_top + 5)
    quads = np.ones((len(v) - 1, len(u) - 1), bool)
    x = base[eye_top, :, 0]
    front = np.abs(u) < 2
    inside_eye = front & (np.abs(np.abs(x) - EYE_CENTRE_X) < EYE_HALF_WIDTH + 0.2)
    inside_mouth = front & (np.abs(base[mouth_top, :, 0]) < MOUTH_HALF_WIDTH + 0.2)
    quads[eye_top + 1] = ~(inside_eye[:-1] & inside_eye[1:])
    quads[mouth_top + 2] = ~(inside_mouth[:-1] & inside_mouth[1:])
    return Grid(base, u, v, np.array([r[1] for r in rows]), eye_rows, mouth_rows, quads)


EYE_CENTRE_X = 31.5
EYE_HALF_WIDTH = 13.6
MOUTH_HALF_WIDTH = 26.0


def loft(u: F64, v: F64) -> F64:
    """Positions (V, U, 3) on the smooth head at columns u (-5..5) and rings v, by splines."""
    cage = np.array(CAGE, np.float64)
    mirrored = cage[:, 5:0:-1] * (-1.0, 1.0, 1.0)
    ring = np.concatenate([mirrored, cage], axis=1)  # columns -5..5
    padded = np.concatenate([ring[:, 6:10], ring, ring[:, 1:5]], axis=1)
    along = spline_weights(np.arange(-9.0, 10.0), u)
    down = spline_weights(np.array(ROW_KNOTS), v)
    return np.einsum("rk,kcd,nc->rnd", down, padded, along, optimize=True)


def spline_weights(knots: F64, at: F64) -> F64:
    """Weights (n, k): `weights @ values` is the natural cubic spline of (knots, values)."""
    k = len(knots)
    h = np.diff(knots)
    lhs, rhs = np.eye(k), np.zeros((k, k))
    for i in range(1, k - 1):
        lhs[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        rhs[i, i - 1 : i + 2] = 6 / h[i - 1], -6 / h[i - 1] - 6 / h[i], 6 / h[i]
    second = np.linalg.solve(lhs, rhs)
    cell = np.clip(np.searchsorted(knots, at) - 1, 0, k - 2)
    b = (at - knots[cell]) / h[cell]
    a = 1 - b
    eye = np.eye(k)
    bend_a = ((a**3 - a) * h[cell] ** 2 / 6)[:, None] * second[cell]
    bend_b = ((b**3 - b) * h[cell] ** 2 / 6)[:, None] * second[cell + 1]
    return np.asarray(a[:, None] * eye[cell] + b[:, None] * eye[cell + 1] + bend_a + bend_b)


def _mirrored(half: F64) -> F64:
    return np.concatenate([-half[:0:-1], half])
