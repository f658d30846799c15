"""Features on the average head: what turns a smooth egg into a face that can speak.

Features and expressions are written once, in the average head's coordinates; `warp` then moves
them to where one actor has them. So a row and column of the grid means the same spot on every
face, which is what lets two actors be blended.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.actors.shape.cage import (
    EYE_CENTRE_X,
    EYE_HALF_WIDTH,
    EYE_SLIT_Y,
    F64,
    MOUTH_HALF_WIDTH,
    MOUTH_SLIT_Y,
    Floats,
    Grid,
    head_grid,
    spline_weights,
)
from understudy.actors.shape.cast import Shape

EYE_Z = 71.5
EYE_RADIUS = 12.3
JAW_HINGE = (-12.0, 12.0)
JAW_OPEN_RAD = 0.26

EXPRESSIONS = (
    "open_lids",
    "jaw",
    "smile",
    "pucker",
    "wide",
    "press",
    "lip_raise",
    "brow_up",
    "brow_down",
    "squint",
    "lid_gaze",
)

_NOSE_Y = np.array([-60, -53, -50, -47.5, -45, -42, -38, -34, -28, -20, -10, 0, 7, 13.0])
_NOSE_H = np.array([0, 0, 1.2, 6, 13, 20, 24.5, 24, 20.5, 15, 8.5, 3.2, 1, 0.0])
_NOSE_W = np.array([12, 12, 13, 14, 15, 15.3, 14, 12.4, 10.6, 9.4, 8.6, 8.6, 9, 9.0])


def sculpt(grid: Grid, shape: Shape, expression: str | None = None) -> F64:
    """Positions (R, C, 3) in mm of a head at rest, lids shut, or with one full expression."""
    p = grid.base.copy()
    p[..., 2] += relief(shape)
    _fold_in_edges(p, grid)
    if expression is not None:
        p += expressed(grid, shape, p, expression)
    return warp(p, shape)


@lru_cache(maxsize=4)
def relief(shape: Shape) -> F64:
    """Forward displacement (R, C) in mm of the features over the smooth head."""
    grid = head_grid()
    x, y = np.abs(grid.base[..., 0]), grid.base[..., 1]
    z = np.zeros_like(x)
    z += shape.brow_ridge * bump(x, y, 25, 15, 17, 6) + 1.2 * bump(x, y, 0, 17, 9, 8)
    z -= (8.0 + shape.eye_depth) * bump(x, y, 30, -1, 16, 10) + 3.0 * bump(x, y, 14.5, 2, 6, 8)
    z += 1.3 * shape.lid_fold * bump(x, y, 33, 10.5, 13, 3.2)
    z += shape.cheekbone * bump(x, y, 45, -19, 14, 11) - 1.6 * bump(x, y, 22, -15, 9, 5)
    z += shape.cheek_fill * bump(x, y, 43, -52, 14, 16) - 1.5 * bump(x, y, 47, -58, 9, 12)
    z += 1.6 * bump(x, y, 35, -46, 8, 12) - 1.4 * bump(x, y, 25, -52, 4, 9)
    z += shape.forehead * bump(x, y, 22, 48, 22, 16)
    z += _nose(x, y, shape)
    z += _mouth(x, y, grid, shape)
    z -= 3.6 * bump(x, y, 0, -85.5, 15, 3.6)
    z += 4.5 * bump(x, y, 0, -99, 14, 8) + shape.chin_depth * bump(x, y, 0, -102, 20, 14)
    front = smooth(grid.base[..., 2], 15, 50)
    return z * front


def _nose(x: F64, y: F64, shape: Shape) -> F64:
    height, width = _along_nose(y, _NOSE_H), _along_nose(y, _NOSE_W) * shape.nose_width
    low = smooth(y, -30, -42)
    ridge = height * shape.nose_height * np.exp(-((x / width) ** (2.1 + 0.5 * low)))
    ridge += shape.nose_hump * bump(x, y, 0, -14, 7, 9)
    ridge += shape.nose_tip * bump(x, y, 0, -37.5, 7.5, 6.5)
    wide = 13.4 * shape.nose_width
    ridge += 5.2 * bump(x, y, wide, -42.5, 4.6, 5.2) - 2.6 * bump(x, y, wide + 6.5, -41, 2.4, 6)
    ridge -= 4.5 * bump(x, y, 7.2 * shape.nose_width, -47.3, 3.4, 1.7)
    return ridge


def _mouth(x: F64, y: F64, grid: Grid, shape: Shape) -> F64:
    t = np.minimum(x / MOUTH_HALF_WIDTH, 1)
    taper = (1 - t**2.6) * shape.lip_bulge
    upper, lower = lip_edges(t, shape)
    above = np.clip((y - MOUTH_SLIT_Y) / np.maximum(upper, 0.4), 0, None)
    below = np.clip((MOUTH_SLIT_Y - y) / np.maximum(lower, 0.4), 0, None)
    is_upper = _upper_half(grid, grid.mouth_rows)
    z = np.where(is_upper, 3.9 * _pillow(above, 0.42), 4.6 * _pillow(below, 0.40)) * taper
    z += 1.5 * bump(x, y, 0, -64, 3.0, 3.2)
    z -= 1.3 * bump(x, y, 0, -56, 2.2, 5) - 0.6 * bump(x, y, 4.6, -57, 1.8, 5)
    z -= 2.4 * bump(x, y, 29, -69.5, 4.2, 4.5)
    return z + 2.0 * bump(x, y, 0, -66, 30, 16)


def lip_edges(t: F64, shape: Shape) -> tuple[F64, F64]:
    """Height in mm of the lips' red above and below the slit, at t = 0 (middle) to 1 (corner)."""
    bow = 1 - 0.17 * np.exp(-((t / 0.11) ** 2))
    upper = shape.lip_upper * (1 - t**1.7) * bow
    lower = shape.lip_lower * np.clip(1 - t**2.2, 0, None) ** 0.85
    return upper, lower


def _pillow(q: F64, peak: float) -> F64:
    rise = 0.45 + 0.55 * np.sin(np.pi / 2 * np.minimum(q / peak, 1))
    fall = np.exp(-(((np.maximum(q, peak) - peak) / 0.52) ** 2))
    return np.asarray(rise * fall)


def _fold_in_edges(p: F64, grid: Grid) -> None:
    """Rows behind the slits: lips roll in, lids have an edge."""
    for (top, bottom), half, centre, back in (
        (grid.mouth_rows, MOUTH_HALF_WIDTH, 0.0, (2.2, 8.0)),
        (grid.eye_rows, EYE_HALF_WIDTH, EYE_CENTRE_X, (1.6,)),
    ):
        x = np.abs(p[top, :, 0])
        cut = np.clip(1 - ((x - centre) / half) ** 2, 0, 1) ** 0.5 * (np.abs(grid.u) < 2.1)
        for k, depth in enumerate(back, start=1):
            p[top + k, :, 2] -= depth * cut
            p[bottom - k, :, 2] -= depth * cut
            p[top + k, :, 1] += (0.5 * (k - 1)) * cut
            p[bottom - k, :, 1] -= (0.5 * (k - 1)) * cut


def expressed(grid: Grid, shape: Shape, p: F64, expression: str) -> F64:
    """Displacement (R, C, 3) in mm of one full expression, on the average head."""
    sx, x, y = np.sign(p[..., 0]), np.abs(grid.base[..., 0]), grid.base[..., 1]
    d = np.zeros_like(p)
    if expression in ("open_lids", "squint", "lid_gaze"):
        d[..., 1] = _lids(grid, x, y, shape, expression)
    elif expression == "jaw":
        d = _jaw(grid, p, x, y)
    elif expression == "smile":
        pull = bump(x, y, 29, -67, 17, 13)
        d[..., 0] = sx * (
            6.0 * np.minimum(x / 26, 1) * np.exp(-(((y + 69) / 17) ** 2)) * smooth(x, 60, 34)
        )
        d[..., 1] = 6.0 * pull + 2.6 * bump(x, y, 40, -32, 15, 13) + 0.8 * bump(x, y, 0, -66, 18, 9)
        d[..., 2] = (
            -2.6 * pull + 3.6 * bump(x, y, 40, -33, 12, 11) - 1.5 * bump(x, y, 27, -53, 3.6, 9)
        )
        d[..., 0] += sx * 1.6 * bump(x, y, 15, -43, 6, 7)
    elif expression == "pucker":
        near = np.exp(-((x / 34) ** 4) - ((y + 70) / 17) ** 2)
        d[..., 0] = -sx * x * 0.34 * near
        d[..., 2] = 5.0 * np.exp(-((x / 19) ** 2) - ((y + 70) / 13) ** 2)
    elif expression == "wide":
        d[..., 0] = (
            sx * 4.2 * np.minimum(x / 26, 1) * np.exp(-(((y + 69) / 15) ** 2)) * smooth(x, 58, 32)
        )
        d[..., 2] = -1.2 * bump(x, y, 0, -69, 28, 9)
    elif expression == "press":
        flat = np.exp(-((x / 25) ** 4) - ((y - MOUTH_SLIT_Y) / 7) ** 2)
        d[..., 1] = -(y - MOUTH_SLIT_Y) * 0.35 * flat
        d[..., 2] = -1.8 * flat
    elif expression == "lip_raise":
        up = _upper_half(grid, grid.mouth_rows)
        t = np.clip(1 - (x / MOUTH_HALF_WIDTH) ** 2, 0, 1)
        d[..., 1] = np.where(up, 3.6 * t**0.7 * np.exp(-(((y - MOUTH_SLIT_Y) / 13) ** 2)), 0)
        d[..., 1] -= np.where(up, 0, 1.4 * t**0.7 * np.exp(-(((y - MOUTH_SLIT_Y) / 11) ** 2)))
    elif expression == "brow_up":
        d[..., 1] = 5.0 * bump(x, y, 27, 21, 27, 13) + 2.0 * bump(x, y, 20, 48, 30, 15)
    elif expression == "brow_down":
        d[..., 1] = -4.6 * bump(x, y, 14, 18, 14, 10)
        d[..., 0] = -sx * 2.2 * bump(x, y, 14, 18, 9, 9)
        d[..., 2] = 1.2 * bump(x, y, 9, 16, 6, 8)
    return d * smooth(grid.base[..., 2], 0, 30)[..., None]


def _lids(grid: Grid, x: F64, y: F64, shape: Shape, expression: str) -> F64:
    t = np.clip((x - EYE_CENTRE_X) / EYE_HALF_WIDTH, -1, 1)
    room = 1 - t**2
    above, below = np.maximum(y - EYE_SLIT_Y, 0), np.maximum(EYE_SLIT_Y - y, 0)
    hold_up = np.clip(1 - above / 17, 0, 1) ** 1.5
    hold_low = np.clip(1 - below / 13, 0, 1) ** 1.5
    up = _upper_half(grid, grid.eye_rows)
    if expression == "open_lids":
        lift = 0.76 * shape.eye_open * room**0.72 * (1 - 0.10 * t)
        drop = 0.24 * shape.eye_open * room**0.8 * (1 + 0.25 * t)
        return np.asarray(np.where(up, lift * hold_up, -drop * hold_low))
    if expression == "squint":
        return np.asarray(np.where(up, -1.3 * room * hold_up, 2.0 * room * hold_low))
    return np.asarray(np.where(up, 2.6 * room * hold_up, 0.9 * room * hold_low))


def _jaw(grid: Grid, p: F64, x: F64, y: F64) -> F64:
    up = _upper_half(grid, grid.mouth_rows)
    lip = np.clip(1 - (x / MOUTH_HALF_WIDTH) ** 2, 0, 1) ** 0.7
    cheek = smooth(y, -44, -94)
    weight = np.where(up, cheek * (1 - lip), cheek + (1 - cheek) * lip)
    weight = weight * smooth(grid.base[..., 2], -14, 26) * smooth(grid.v, 150, 119)[:, None]
    angle = JAW_OPEN_RAD * weight
    y0, z0 = p[..., 1] - JAW_HINGE[0], p[..., 2] - JAW_HINGE[1]
    d = np.zeros_like(p)
    d[..., 1] = y0 * (np.cos(angle) - 1) - z0 * np.sin(angle)
    d[..., 2] = y0 * np.sin(angle) + z0 * (np.cos(angle) - 1)
    d[..., 0] = -np.sign(p[..., 0]) * 2.0 * weight * bump(x, y, 30, -70, 12, 14)
    return d


def warp(p: F64, shape: Shape) -> F64:
    """Move average positions (..., 3) to where this actor has them."""
    out = p.copy()
    sx, x, y, z = np.sign(p[..., 0]), np.abs(p[..., 0]), p[..., 1], p[..., 2]
    front = smooth(z, -10, 40)
    eye = np.exp(-(((x - 31.5) / 19) ** 4) - (np.abs(y) / 15) ** 3) * front
    tilt = np.tan(np.radians(shape.eye_tilt))
    dx = eye * (shape.eye_spacing + (x - 31.5) * (shape.eye_size - 1))
    dy = eye * (y * (shape.eye_size - 1) + (x - 31.5) * tilt)
    dy = dy + shape.brow_height * bump(x, y, 30, 24, 34, 12) * front
    nose = np.exp(-((x / 24) ** 4)) * smooth(y, 6, -36) * smooth(y, -86, -50) * front
    dy = dy - shape.nose_length * nose
    dy = dy + shape.nose_lift * bump(x, y, 0, -38, 9, 8) * front
    dx = (
        dx
        + x
        * (shape.nose_width - 1)
        * np.exp(-((x / 21) ** 4))
        * bump(0 * x, y, 0, -40, 9, 16)
        * front
    )
    mouth = np.exp(-((x / 38) ** 4) - ((y + 70) / 19) ** 4) * front
    dx = dx + x * (shape.mouth_width - 1) * mouth
    dy = dy + shape.mouth_shift * mouth
    jaw = smooth(y, -30, -72) * smooth(x, 20, 52) * smooth(y, -150, -108)
    dx = (
        dx
        + shape.jaw_width * jaw
        + shape.chin_width * smooth(x, 0, 20) * bump(x, y, 26, -103, 24, 15)
    )
    dy = dy - shape.chin_length * smooth(y, -78, -104) * smooth(z, -20, 70) * smooth(y, -190, -125)
    neck = smooth(y, -100, -130)
    dx = dx + x * (shape.neck_width - 1) * neck
    out[..., 0] = sx * (x + dx) * (shape.face_width + (1 - shape.face_width) * neck)
    stretched = np.where(y < 0, y * shape.face_length, y)
    out[..., 1] = stretched + dy
    return out


def bump(x: Floats, y: Floats, cx: float, cy: float, rx: float, ry: float) -> NDArray[Any]:
    """A Gaussian hill of height 1 at (cx, cy)."""
    return np.asarray(np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2))


def smooth(value: Floats, start: float | Floats, end: float | Floats) -> NDArray[Any]:
    """0 at `start`, 1 at `end`, smooth between; `start` may be the larger one."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _upper_half(grid: Grid, rows: tuple[int, int]) -> NDArray[np.bool_]:
    middle = (rows[0] + rows[1]) / 2
    return (np.arange(len(grid.v)) < middle)[:, None]


def _along_nose(y: F64, values: F64) -> F64:
    fine = np.linspace(_NOSE_Y[0], _NOSE_Y[-1], 400)
    return np.asarray(np.interp(y, fine, spline_weights(_NOSE_Y, fine) @ values))
