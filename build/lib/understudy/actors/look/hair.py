"""Hair: a cap that hides the scalp, thousands of strands over it, brow hairs and lashes.

Strands walk over the scalp's own (u, v) surface, so that they never cut through the head; below
the ears of a bob the surface leaves the head and hangs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from understudy.actors.look.skin import brow_field, linear
from understudy.actors.render.raster import look_up
from understudy.actors.shape.cage import EYE_HALF_WIDTH, F32, F64, Grid, loft
from understudy.actors.shape.cast import Actor, Hair
from understudy.actors.shape.sculpt import bump, smooth

HANG_FROM_V = 6.0
BOB_END_V = 92.0
STRANDS = {"short": 3400, "bob": 2700}


@dataclass(frozen=True, slots=True)
class Strands:
    """Head hair in the head's own frame.

    Attributes:
        points: (S, K, 3) float32 mm.
        colour: (S, K, 3) float32 linear RGB, own shading by depth included.
        sheen: (S, K, 3) float32 colour of the highlight.
        tangent, outward: (S, K, 3) float32 unit vectors along the strand and away from the head.
        width_mm: (S, K) float32.
    """

    points: F32
    colour: F32
    sheen: F32
    tangent: F32
    outward: F32
    width_mm: F32


@dataclass(frozen=True, slots=True)
class Attached:
    """Hairs that ride on the moving skin (brows) or on the lids' edges (lashes).

    Attributes:
        row, col: (S, K) float32 places on the head's grid.
        lift: (S, K, 3) float32 mm added in the head's frame, lids open.
        lift_shut: the same, lids shut.
        colour: (3,) linear RGB.
        width_mm: (S, K) float32.
    """

    row: F32
    col: F32
    lift: F32
    lift_shut: F32
    colour: F32
    width_mm: F32


def within(hair: Hair, u: F64, v: F64) -> F64:
    """How many millimetres (about) a place lies inside the hair's edge; negative outside."""
    a = np.abs(u)
    if hair.style == "bob":
        above = -76 + 3.5 * a**2 - v
        beside = (a - curtain(v)) * 31
        return np.minimum(np.maximum(above, beside), BOB_END_V - v)
    knots = [0, 0.7, 1.2, 1.6, 1.95, 2.2, 2.42, 2.62, 2.75, 2.9, 3.15, 3.4, 3.8, 5]
    lines = [-71, -71, -70, -62, -50, -34, -14, 14, 18, -2, -8, 30, 66, 74]
    return np.interp(a, knots, lines) - v


def curtain(v: F64) -> F64:
    """Column of a bob's edge beside the face."""
    return np.interp(v, [-75, -60, -45, -15, 20, 95], [0.6, 1.65, 1.98, 2.20, 2.30, 2.36])


def thickness(hair: Hair, u: F64, v: F64) -> F64:
    """Millimetres of hair over the scalp; negative where there is none."""
    inside = within(hair, u, v)
    a = np.abs(u)
    top = smooth(v, -40, -90)
    if hair.style == "bob":
        full = 12 + 7 * top + 7 * smooth(v, -20, 45) - 5 * smooth(v, 60, 96)
        ramp = smooth(inside, -3, 20)
    else:
        full = 5.5 + 11 * top * smooth(a, 3.6, 1.5) + 4 * top - 2.5 * smooth(v, 10, 70)
        ramp = smooth(inside, -4, 22)
    parting = np.exp(-(((u - hair.parting * 2) / 0.10) ** 2)) * smooth(v, -135, -105)
    return np.asarray(full * ramp * (1 - 0.35 * parting) - 9.0 * (1 - smooth(inside, -7, 4)))


def surface(hair: Hair, u: F64, v: F64) -> F64:
    """Where hair of no thickness lies: the scalp, or for a bob below the ears a hanging sheet."""
    col, row = (u - _TABLE_U[0]) / _TABLE_STEP[0], (v - _TABLE_V[0]) / _TABLE_STEP[1]
    found = look_up(_table(hair.style), np.ravel(col), np.ravel(row))
    return found.reshape(*np.shape(u), 3).astype(np.float64)


_TABLE_U, _TABLE_V, _TABLE_STEP = (-5.2, 5.2), (-152.0, 226.0), (0.02, 1.0)


@cache
def _table(style: str) -> F32:
    u = np.arange(*_TABLE_U, _TABLE_STEP[0])
    v = np.arange(*_TABLE_V, _TABLE_STEP[1])
    if style != "bob":
        return loft(u, v).astype(np.float32)
    hung = loft(u, np.minimum(v, HANG_FROM_V))
    hung[..., 1] -= np.maximum(v - HANG_FROM_V, 0)[:, None]
    hung[..., 0] *= 1 - 0.05 * smooth(v, 50, BOB_END_V)[:, None]
    return hung.astype(np.float32)


def lifted(hair: Hair, u: F64, v: F64, height: F64) -> F64:
    """Points `height` mm over the hair's surface."""
    return surface(hair, u, v) + normal(hair, u, v) * height[..., None]


def normal(hair: Hair, u: F64, v: F64) -> F64:
    du, dv = _tangents(hair, u, v)
    n = np.cross(dv, du)
    return np.asarray(n / (np.linalg.norm(n, axis=-1, keepdims=True) + 1e-9))


def _tangents(hair: Hair, u: F64, v: F64) -> tuple[F64, F64]:
    e, f = 0.04, 1.5
    du = (surface(hair, u + e, v) - surface(hair, u - e, v)) / (2 * e)
    dv = (surface(hair, u, v + f) - surface(hair, u, v - f)) / (2 * f)
    return du, dv


def cap(actor: Actor, grid: Grid) -> F64:
    """The layer under the strands (R, C, 3), rows from the crown to the hair's end."""
    v = cap_rows(actor.hair)
    u = np.broadcast_to(grid.u[None], (len(v), len(grid.u)))
    vv = np.broadcast_to(v[:, None], u.shape)
    if actor.hair.style == "bob":
        u = _behind_curtain(u, vv, 0 * u)
    return lifted(
        actor.hair,
        u,
        vv,
        thickness(actor.hair, u, vv) * (0.66 if actor.hair.style == "bob" else 0.80),
    )


def cap_rows(hair: Hair) -> F64:
    end = BOB_END_V - 9 if hair.style == "bob" else 78.0
    return np.linspace(-149, end, 46)


def cap_quads(hair: Hair, grid: Grid) -> NDArray[np.bool_]:
    """Which cells of the cap are hair."""
    inside = within(hair, grid.u[None], cap_rows(hair)[:, None]) > -14
    return np.asarray(inside[:-1, :-1] & inside[:-1, 1:] & inside[1:, :-1] & inside[1:, 1:])


def scalp_quads(hair: Hair, grid: Grid) -> NDArray[np.bool_]:
    """Which cells of the head are seen, not wholly under hair."""
    hidden = within(hair, grid.u[None], grid.v[:, None]) > (24 if hair.style == "bob" else 14)
    if hair.style == "bob":
        hidden &= grid.v[:, None] < 40
    return np.asarray(~(hidden[:-1, :-1] & hidden[:-1, 1:] & hidden[1:, :-1] & hidden[1:, 1:]))


def grow(actor: Actor, seed: int) -> Strands:
    """Every strand of the head, from root to tip."""
    hair = actor.hair
    rng = np.random.default_rng(seed)
    count = STRANDS[hair.style]
    u = rng.uniform(-4.99, 4.99, count * 3)
    v = -150 + 250 * rng.uniform(0, 1, count * 3) ** 0.9
    dense = np.where(v < -100, (v + 152) / 60, 1.0)
    keep = (thickness(hair, u, v) > 0.4) & (rng.uniform(0, 1, u.size) < dense)
    if hair.style == "bob":
        keep &= v < 30
    u, v = u[keep][:count], v[keep][:count]
    if hair.style == "bob":
        # Roots just behind the curtain, so that its edge is hair and not the cap.
        v = np.concatenate([v, rng.uniform(-50, 25, 500)])
        beside = (curtain(v[-500:]) + rng.uniform(0.03, 0.4, 500)) * rng.choice((-1, 1), 500)
        u = np.concatenate([u, beside])
    count = len(u)
    steps = 11 if hair.style == "bob" else 7
    length = rng.uniform(0.75, 1.1, count) * np.where(
        hair.style == "bob",
        np.clip(BOB_END_V + 12 - v, 40, 260) * 1.3,
        26 + 34 * smooth(v, -20, -90),
    )
    layer = rng.uniform(0.70, 1.12, count)
    wander = rng.normal(0, 1, (count, 2))
    points = []
    for k in range(steps):
        f = k / (steps - 1)
        rise = layer * smooth(np.array(f), -0.12, 0.35)
        points.append(
            lifted(hair, u, v, np.maximum(thickness(hair, u, v), floor(hair, v)) * rise + 0.4)
        )
        du, dv = _tangents(hair, u, v)
        flow = _flow(hair, points[-1], u) + 0.10 * np.stack([wander[:, 0], 0 * u, wander[:, 1]], -1)
        step = (length / (steps - 1))[:, None] * flow / np.linalg.norm(flow, axis=1, keepdims=True)
        guu, gvv, guv = (du * du).sum(1), (dv * dv).sum(1), (du * dv).sum(1)
        bu, bv = (step * du).sum(1), (step * dv).sum(1)
        det = guu * gvv - guv**2 + 1e-3
        u = np.clip(u + np.clip((gvv * bu - guv * bv) / det, -0.6, 0.6), -5, 5)
        v = np.clip(v + np.clip((guu * bv - guv * bu) / det, -18, 24), -148, 190)
        if hair.style == "bob":
            u = _behind_curtain(u, v, wander[:, 0])
            v = np.minimum(v, BOB_END_V + 4 * np.clip(wander[:, 1], -2, 2))
    tip = np.linspace(0, 1, steps)[None]
    shade = rng.uniform(0.70, 1.30, count) * (0.45 + 0.55 * (layer - 0.70) / 0.42)
    blend = (tip**1.5)[..., None]
    colour = linear(hair.colour) * (1 - blend) + linear(hair.tips) * blend
    width = 0.85 * np.ones((count, 1)) * (1 - 0.75 * tip**3)
    return _strands(np.stack(points, axis=1), colour * shade[:, None, None], width)


def _behind_curtain(u: F64, v: F64, wander: F64) -> F64:
    """Columns moved off the face: hair that reaches the face's edge falls along it."""
    edge = curtain(v) + 0.07 * np.abs(wander)
    return np.where(v > -72, np.sign(u) * np.maximum(np.abs(u), edge), u)


def floor(hair: Hair, v: F64) -> F64:
    """Least height of a strand in mm; a bob's front hair lies over the cheek, not in it."""
    return 0.3 + (5.7 * smooth(v, -60, -20) if hair.style == "bob" else 0 * v)


def _strands(points: F64, colour: F64, width: F64) -> Strands:
    tangent = np.gradient(points, axis=1)
    outward = points - (0, 25, -8)
    brightness = colour.mean(-1, keepdims=True)
    sheen = (colour / np.maximum(brightness, 1e-4) * 0.6 + 0.4) * np.clip(
        brightness * 14, 0.15, 1.0
    )
    unit = [v / (np.linalg.norm(v, axis=-1, keepdims=True) + 1e-9) for v in (tangent, outward)]
    arrays = (points, colour, sheen, *unit, width)
    return Strands(*(np.ascontiguousarray(a, np.float32) for a in arrays))


def _flow(hair: Hair, p: F64, u: F64) -> F64:
    x, y, z = p[:, 0], p[:, 1], p[:, 2]
    side = np.tanh((x - 34 * hair.parting * 2) / 9)
    top = smooth(y, 60, 100)
    front = smooth(z, 10, 60)
    if hair.style == "bob":
        over = np.stack([1.3 * side, -0.25 + 0 * x, -0.55 - 0.25 * front], -1)
        down = np.stack([0.10 * np.sign(x), -1 + 0 * x, -0.16 * smooth(y, 20, 60)], -1)
        return over * top[:, None] + down * (1 - top)[:, None]
    over = np.stack([0.75 * side, 0.1 + 0 * x, -0.85 + 0 * x], -1)
    down = np.stack([0 * x, -0.85 + 0 * x, -0.75 * smooth(z, -60, 20)], -1)
    return over * top[:, None] + down * (1 - top)[:, None]


def brows(actor: Actor, grid: Grid, seed: int) -> Attached:
    """Brow hairs: upwards near the nose, then along the brow."""
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero((grid.v > -48) & (grid.v < -4))
    cols = np.flatnonzero(np.abs(grid.u) < 2.1)
    count = 5200
    row = rng.uniform(rows[0], rows[-1], count)
    col = rng.uniform(cols[0], cols[-1], count)
    signed = _sample(grid.base[..., 0], row, col)
    y = _sample(grid.base[..., 1], row, col)
    x = np.abs(signed)
    height, inside = brow_field(actor, x.astype(np.float32), y.astype(np.float32))
    dense = np.exp(-((np.abs(height) / 0.85) ** 3)) * inside * actor.hair.brow_density
    keep = rng.uniform(0, 1, count) < dense
    row, col, signed, height = row[keep], col[keep], signed[keep], height[keep]
    t = (np.abs(signed) - 11.5) / 44
    angle = np.radians(68 - 95 * np.clip(t * 1.35, 0, 1) - 22 * height) + rng.normal(
        0, 0.14, len(row)
    )
    length = rng.uniform(4.0, 7.0, len(row))
    f = np.array([0, 0.5, 1.0])[None]
    along = np.sign(signed) * np.cos(angle)
    dcol = (along * length)[:, None] * f / 1.55
    drow = -(np.sin(angle) * length)[:, None] * f / 1.50
    lift = np.zeros((len(row), 3, 3), np.float32)
    lift[..., 2] = 0.35 + 1.1 * f * (1 - 0.6 * f)
    width = np.broadcast_to(0.48 * (1 - 0.6 * f), dcol.shape)
    return Attached(
        (row[:, None] + drow).astype(np.float32),
        (col[:, None] + dcol).astype(np.float32),
        lift,
        lift,
        linear(actor.hair.brow_colour) * np.float32(1.25),
        width.astype(np.float32),
    )


def lashes(actor: Actor, grid: Grid, seed: int) -> Attached:
    """Lashes on both lids; longer with more eye liner."""
    rng = np.random.default_rng(seed)
    rows, cols, lifts, shut = [], [], [], []
    x = grid.base[grid.eye_rows[0], :, 0]
    for upper, n in ((True, 46), (False, 26)):
        row = grid.eye_rows[0] if upper else grid.eye_rows[1]
        for sign in (-1, 1):
            t = np.linspace(-0.86, 0.94, n) + rng.normal(0, 0.012, n)
            target = sign * (31.5 + t * EYE_HALF_WIDTH)
            order = np.argsort(x[np.abs(grid.u) < 2.3])
            inner = np.flatnonzero(np.abs(grid.u) < 2.3)[order]
            col = np.interp(target, x[inner], inner)
            long = (
                (4.2 + 3.0 * actor.skin.liner if upper else 2.2)
                * rng.uniform(0.75, 1.1, n)
                * (0.72 + 0.28 * t)
            )
            f = np.array([0, 0.5, 1.0])[None]
            fan = (sign * 0.45 * (t + 0.1) * long)[:, None] * f
            rise = (0.10 * f + 0.62 * f**2) if upper else (-0.45 * f - 0.1 * f**2)
            out = 0.75 * f
            lift = np.stack([fan, rise * long[:, None], out * long[:, None]], -1)
            down = np.stack([fan, (-0.55 * f) * long[:, None], out * long[:, None]], -1)
            rows.append(np.full((n, 3), row))
            cols.append(np.broadcast_to(col[:, None], (n, 3)))
            lifts.append(lift)
            shut.append(down)
    width = np.broadcast_to(np.array([0.45, 0.30, 0.12]), (sum(map(len, rows)), 3))
    return Attached(
        np.concatenate(rows).astype(np.float32),
        np.concatenate(cols).astype(np.float32),
        np.concatenate(lifts).astype(np.float32),
        np.concatenate(shut).astype(np.float32),
        np.array([0.012, 0.009, 0.008], np.float32),
        width.astype(np.float32),
    )


def _sample(values: F64, row: F64, col: F64) -> F64:
    r, c = np.floor(row).astype(int), np.floor(col).astype(int)
    fr, fc = row - r, col - c
    top = values[r, c] * (1 - fc) + values[r, c + 1] * fc
    low = values[r + 1, c] * (1 - fc) + values[r + 1, c + 1] * fc
    return np.asarray(top * (1 - fr) + low * fr)


def cap_colour(actor: Actor, shape: tuple[int, int], seed: int) -> NDArray[np.float32]:
    """Dark streaks for the cap's map (h, w, 3), linear RGB."""
    rng = np.random.default_rng(seed)
    streak = np.cumsum(rng.normal(0, 0.02, shape), axis=0) + rng.normal(0, 0.28, (1, shape[1]))
    return (linear(actor.hair.colour) * np.clip(0.62 + streak, 0.3, 0.95)[..., None]).astype(
        np.float32
    )


__all__ = [
    "Attached",
    "Strands",
    "brows",
    "bump",
    "cap",
    "cap_colour",
    "grow",
    "lashes",
    "surface",
    "thickness",
]
