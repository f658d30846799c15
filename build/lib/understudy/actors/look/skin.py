"""Painted surfaces: skin, lips, eyes, teeth, ears and cloth as colour and relief maps.

Every map has five texels per grid cell. Colours are linear RGB; a finish map holds the relief's
slope across and up (no unit) and the gloss (0 matt, 1 wet).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.actors.shape.cage import (
    EYE_SLIT_Y,
    F32,
    MOUTH_HALF_WIDTH,
    MOUTH_SLIT_Y,
    Floats,
    Grid,
)
from understudy.actors.shape.cast import RGB, Actor
from understudy.actors.shape.parts import (
    BODY_SHAPE,
    EYE_CAP_RAD,
    EYE_SHAPE,
    TEETH_SHAPE,
    tooth_phase,
)
from understudy.actors.shape.sculpt import bump, lip_edges, smooth

TEXELS = 5


@dataclass(frozen=True, slots=True)
class Paint:
    """Maps of one grid.

    Attributes:
        colour: (h, w, 3) float32 linear RGB.
        finish: (h, w, 3) float32 slope across, slope up, gloss.
    """

    colour: F32
    finish: F32


def linear(colour: RGB | F32) -> F32:
    """SRGB 0..1 to linear light, by the plain 2.2 power that the shots are encoded with."""
    return np.asarray(colour, np.float32) ** np.float32(2.2)


def upsampled(values: NDArray[np.floating]) -> F32:
    """Grid values (R, C) at the texels of its map."""
    rows, cols = values.shape
    at = np.arange(max(rows, cols) * TEXELS, dtype=np.float32) / TEXELS
    x, y = np.meshgrid(at[: (cols - 1) * TEXELS + 1], at[: (rows - 1) * TEXELS + 1])
    return np.asarray(cv2.remap(values.astype(np.float32), x, y, cv2.INTER_LINEAR), np.float32)


class Noise:
    """Seeded smooth noise over millimetres, mean 0 and spread 1."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def __call__(self, x: F32, y: F32, cell_mm: float) -> F32:
        """Noise at places in mm that changes over `cell_mm`; each call draws anew."""
        tile = self._rng.standard_normal((256, 256)).astype(np.float32)
        tile = np.pad(tile, ((0, 8), (0, 8)), mode="wrap")
        mx = np.mod(x / cell_mm, 256).astype(np.float32)
        my = np.mod(y / cell_mm, 256).astype(np.float32)
        return cv2.remap(tile, mx, my, cv2.INTER_CUBIC) * np.float32(1.25)

    def spots(
        self, count: int, low: tuple[float, float], high: tuple[float, float]
    ) -> NDArray[np.float64]:
        """`count` random points (count, 2) in a box."""
        return self._rng.uniform(low, high, (count, 2))


def paint_head(actor: Actor, grid: Grid) -> Paint:
    """Skin of head and neck with lips, brow shadow, freckles and stubble."""
    skin = actor.skin
    noise = Noise(_seed(actor.name))
    signed, y = upsampled(grid.base[..., 0]), upsampled(grid.base[..., 1])
    z = upsampled(grid.base[..., 2])
    across = upsampled(np.broadcast_to(grid.u * 31.0, grid.shape))
    down = upsampled(np.broadcast_to(grid.v[:, None], grid.shape))
    x = np.abs(signed)
    front = smooth(z, 10, 45).astype(np.float32)
    colour = np.ones((*x.shape, 3), np.float32) * linear(skin.tone)

    coarse = noise(across, down, 14) + 0.6 * noise(across, down, 6)
    fine = noise(across, down, 1.6) + 0.8 * noise(across, down, 0.8)
    red = 0.5 * noise(across, down, 9) + 0.5 * noise(across, down, 4)
    _tint(colour, 0.05 * skin.blotches * coarse, (1, 1, 1))
    _tint(colour, 0.035 * fine, (1, 1, 1))
    _tint(colour, 0.09 * skin.blotches * red, (0.25, -0.7, -0.6))
    blush = (
        0.8 * bump(x, y, 43, -32, 22, 16)
        + 0.8 * bump(x, y, 0, -38, 13, 8)
        + 0.35 * bump(x, y, 0, -101, 16, 9)
    )
    _tint(colour, skin.blush * blush * front * (1 + 0.3 * red), (0.02, -0.42, -0.34))
    _tint(colour, -0.28 * bump(x, y, 25, -11, 12, 4.5) * front, (0.8, 1, 0.75))
    _tint(
        colour, -0.16 * (bump(x, y, 31, 6, 17, 6) + bump(x, y, 15, -2, 5, 6)) * front, (0.5, 1, 0.9)
    )
    _tint(colour, -0.20 * bump(x, y, 21, -44, 2.2, 5.5) * front, (0.6, 1, 1))
    _tint(colour, -0.9 * bump(x, y, 6.8, -47.2, 3.4, 1.9) * front, (0.8, 1, 1))

    relief = np.asarray(0.055 * fine + 0.05 * coarse, np.float32)
    relief -= skin.wrinkles * _wrinkles(x, signed, y)
    _freckle(colour, noise, actor, signed, y, front)
    relief += _stubble(colour, noise, actor, x, y, across, down, front)
    _brow_shadow(colour, actor, x, y, front)
    shine = 0.30 + 0.30 * bump(x, y, 0, -25, 13, 26) + 0.25 * bump(x, y, 0, 45, 34, 22)
    gloss = (skin.shine * (shine + 0.15 * bump(x, y, 42, -20, 13, 9))).astype(np.float32)
    gloss, relief = _lips(colour, noise, actor, grid, (x, y, across, down), (gloss, relief))
    _lid_edges(colour, gloss, actor, grid, x)
    return Paint(np.clip(colour, 0.004, 1), _finish(relief, gloss))


def _wrinkles(x: F32, signed: F32, y: F32) -> F32:
    lines = np.zeros_like(x)
    for level in (36.0, 46.0, 57.0):
        lines += (
            0.16
            * np.exp(-(((y - level - 3 * np.cos(signed / 26)) / 1.3) ** 2))
            * bump(x, 0 * y, 0, 0, 38, 1)
        )
    fold = 17.5 + (-(y + 42)) * 0.52
    lines += 0.35 * np.exp(-(((x - fold) / 1.6) ** 2)) * smooth(y, -40, -48) * smooth(y, -72, -60)
    for tilt in (-0.45, 0.0, 0.45):
        ray = (y + 1) - tilt * (x - 44)
        lines += 0.18 * np.exp(-((ray / 0.9) ** 2)) * smooth(x, 46, 50) * smooth(x, 60, 54)
    lines += (
        0.25
        * np.exp(-(((y + 9.5 + (x - 30) ** 2 * 0.012 * -1) / 1.1) ** 2))
        * bump(x, 0 * y, 25, 0, 12, 1)
    )
    return lines.astype(np.float32)


def _freckle(colour: F32, noise: Noise, actor: Actor, signed: F32, y: F32, front: F32) -> None:
    spots = np.zeros_like(signed)
    strength = actor.skin.freckles
    if strength:
        for cx, cy in noise.spots(420, (-60, -60), (60, 60)):
            chance = np.exp(-(((abs(cx) - 24) / 24) ** 2) - ((cy + 24) / 20) ** 2) + 0.16
            size = 0.7 + 0.75 * abs(np.sin(cx * 12.9 + cy * 78.2))
            if chance > abs(np.sin(cx * 3.7 + cy * 1.3)):
                _stamp(spots, signed, y, (cx, cy, size, 0.55 + 0.4 * abs(np.sin(cx * 7.1))))
        _tint(colour, -0.62 * strength * np.minimum(spots, 1.2) * front, (0.55, 1.0, 1.15))
    moles = np.zeros_like(signed)
    for mx, my, size in actor.skin.moles:
        _stamp(moles, signed, y, (mx, my, size, 1.0))
    _tint(colour, -0.85 * np.minimum(moles, 1) * front, (0.85, 1, 1.05))


def _stamp(into: F32, signed: F32, y: F32, spot: tuple[float, float, float, float]) -> None:
    cx, cy, size, amount = spot
    middle = signed[signed.shape[0] // 3]
    cols = np.flatnonzero(np.abs(middle - cx) < 4 * size + 8)
    if not len(cols):
        return
    rows = np.flatnonzero(np.abs(y[:, cols[len(cols) // 2]] - cy) < 4 * size + 3)
    if not len(rows):
        return
    window = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    into[window] += amount * np.exp(
        -((((signed[window] - cx) ** 2 + (y[window] - cy) ** 2) / size**2) ** 1.5)
    )


def _stubble(
    colour: F32, noise: Noise, actor: Actor, x: F32, y: F32, across: F32, down: F32, front: F32
) -> F32:
    amount = actor.skin.stubble
    beard = np.clip(smooth(y, -66, -82) * smooth(x, 68, 46) + bump(x, y, 0, -55.5, 24, 5.5), 0, 1)
    beard = np.maximum(
        beard,
        smooth(y, -25, -60) * smooth(x, 40, 52) * smooth(across, 100, 75) * (np.abs(across) < 100),
    )
    beard = beard * smooth(down, 150, 122) * (1 - 0.85 * bump(x, y, 0, -83, 7, 3))
    grain = noise(across, down, 0.75)
    if amount:
        _tint(colour, -amount * beard * (0.40 + 0.22 * np.clip(grain, -1, 2)), (1.05, 1.0, 0.82))
    return (0.10 * amount * beard * grain).astype(np.float32)


def _brow_shadow(colour: F32, actor: Actor, x: F32, y: F32, front: F32) -> None:
    distance, inside = brow_field(actor, x, y)
    soft = np.exp(-((distance / 0.62) ** 2)) * inside * front * actor.hair.brow_density
    dark = linear(actor.hair.brow_colour)
    colour += (dark * 0.75 + colour * 0.25 - colour) * (0.90 * soft)[..., None].astype(np.float32)


def brow_field(actor: Actor, x: Floats, y: Floats) -> tuple[F32, F32]:
    """Height over the brow's middle in half thicknesses, and whether beside it, 0..1."""
    t = (x - 11.5) / 44.0
    thick = (
        0.5
        * actor.hair.brow_thickness
        * (0.62 + 0.5 * np.sin(np.pi * np.clip(t * 0.9 + 0.12, 0, 1)) - 0.55 * t**3)
    )
    centre = brow_line(actor, t)
    inside = smooth(t, -0.03, 0.10) * smooth(t, 1.03, 0.86)
    return ((y - centre) / np.maximum(thick, 0.6)).astype(np.float32), inside.astype(np.float32)


def brow_line(actor: Actor, t: Floats) -> NDArray[Any]:
    """Height in mm of the brow's middle, t = 0 at the inner end to 1 at the outer."""
    hair = actor.hair
    arch = np.sin(np.pi * np.clip(t, 0, 1.1) ** 1.35)
    return np.asarray(
        16.5 + hair.brow_tilt * t + (3.4 + hair.brow_arch) * arch - 3.0 * np.clip(t, 0, 1.2) ** 2.5
    )


def _lips(
    colour: F32,
    noise: Noise,
    actor: Actor,
    grid: Grid,
    fields: tuple[F32, F32, F32, F32],
    finish: tuple[F32, F32],
) -> tuple[F32, F32]:
    x, y, across, down = fields
    gloss, relief = finish
    t = np.minimum(x / MOUTH_HALF_WIDTH, 1)
    upper, lower = lip_edges(t, actor.shape)
    offset = y - MOUTH_SLIT_Y
    red = (
        smooth(offset - upper, 0.7, -0.7) * smooth(-offset - lower, 0.9, -0.9) * smooth(x, 26.5, 25)
    )
    red = (red * (upsampled(np.broadcast_to(grid.base[..., 2], grid.shape)) > 40)).astype(
        np.float32
    )
    lines = noise(across * 1.0, down * 0.16, 0.95)
    base = linear(actor.skin.lips) * (
        1 + 0.05 * noise(across, down, 3)[..., None] - 0.05 * lines[..., None]
    )
    upper_dark = 1 - 0.16 * (offset > 0)
    colour += (base * upper_dark[..., None] - colour) * (0.92 * red)[..., None]
    edge = np.exp(-((offset / 1.0) ** 2)) * smooth(x, 30, 25)
    _tint(colour, -0.45 * edge, (0.8, 1, 1))
    rows = upsampled(
        np.broadcast_to((np.abs(grid.side) * (np.abs(grid.v - 69) < 0.5))[:, None], grid.shape)
    )
    inner = np.clip(rows, 0, 1)[..., None] * (x < 27)[..., None]
    colour += (linear((0.42, 0.17, 0.16)) - colour) * inner
    rim = np.exp(-(((offset - upper - 0.9) / 0.8) ** 2)) * smooth(x, 26, 20) * (x < 26)
    _tint(colour, 0.08 * rim, (1, 1, 1))
    gloss = gloss * (1 - red) + (0.62 + 0.14 * lines) * red
    return gloss, (relief * (1 - red) + 0.16 * lines * red).astype(np.float32)


def _lid_edges(colour: F32, gloss: F32, actor: Actor, grid: Grid, x: F32) -> None:
    at_edge = upsampled(
        np.broadcast_to((np.abs(grid.side) * (np.abs(grid.v - 2) < 0.5))[:, None], grid.shape)
    )
    along = smooth(np.abs(x - 31.5), 14.6, 13.0)
    edge = (np.clip(at_edge, 0, 1) * along).astype(np.float32)[..., None]
    colour += (linear((0.62, 0.40, 0.36)) - colour) * 0.75 * edge
    gloss += 0.5 * edge[..., 0]
    y = upsampled(grid.base[..., 1]) - EYE_SLIT_Y
    liner = np.exp(-((y / 0.8) ** 2)) * (y > -0.2) + 0.45 * np.exp(-((y / 0.9) ** 2)) * (y < 0)
    _tint(colour, -(0.45 + 0.45 * actor.skin.liner) * liner * along * (1 - edge[..., 0]), (1, 1, 1))


def paint_eye(actor: Actor) -> Paint:
    """Iris with fibres and limbus, pupil, and a white that is neither white nor even; polar map."""
    noise = Noise(_seed(actor.name) + 1)
    rows, cols = (EYE_SHAPE[0] - 1) * TEXELS + 1, (EYE_SHAPE[1] - 1) * TEXELS + 1
    theta = np.linspace(0, EYE_CAP_RAD, rows, dtype=np.float32)[:, None] + np.zeros(
        (1, cols), np.float32
    )
    phi = np.linspace(0, 2 * np.pi, cols, dtype=np.float32)[None] + 0 * theta
    ring_x, ring_y = 40 + 22 * np.cos(phi), 40 + 22 * np.sin(phi)
    fibres = noise(ring_x + theta * 3, ring_y + theta * 3, 0.9) + 0.6 * noise(ring_x, ring_y, 2.2)
    iris_rad, pupil_rad = 0.49, 0.17
    sclera = linear((0.86, 0.82, 0.79)) * (
        1 - 0.22 * smooth(theta, 0.75, 1.3)[..., None] * np.array([0.5, 1, 1.05], np.float32)
    )
    veins = np.clip(noise(ring_x * 0.5 + theta * 1.5, ring_y * 0.5, 0.6) - 1.5, 0, 1) * smooth(
        theta, 0.6, 0.95
    )
    colour = sclera * (1 - 0.35 * veins[..., None] * np.array([0.1, 1, 1], np.float32))
    q = np.clip((theta - pupil_rad) / (iris_rad - pupil_rad), 0, 1)
    glow = 0.85 + 0.75 * np.exp(-(((q - 0.30) / 0.28) ** 2)) + 0.18 * fibres * (1 - q * 0.4)
    iris = linear(actor.iris) * np.clip(glow, 0.25, 2.2)[..., None]
    iris *= (1 - 0.75 * smooth(q, 0.72, 1.0))[..., None]
    colour += (iris - colour) * smooth(theta, iris_rad + 0.045, iris_rad - 0.03)[..., None]
    colour += (np.float32(0.004) - colour) * smooth(theta, pupil_rad + 0.03, pupil_rad - 0.03)[
        ..., None
    ]
    gloss = np.full(theta.shape, 2.0, np.float32)
    return Paint(colour.astype(np.float32), _finish(np.zeros_like(gloss), gloss))


def paint_teeth() -> Paint:
    """Enamel, gaps and gum."""
    rows, cols = (TEETH_SHAPE[0] - 1) * TEXELS + 1, (TEETH_SHAPE[1] - 1) * TEXELS + 1
    down = np.linspace(0, 1, rows)[:, None] + np.zeros((1, cols))
    across = np.linspace(-1, 1, cols)[None] + 0 * down
    phase = tooth_phase(across)
    gap = np.abs(phase - np.round(phase))
    enamel = linear((0.86, 0.82, 0.74)) * (1 - 0.5 * np.exp(-((gap / 0.05) ** 2)))[..., None]
    enamel = (
        enamel
        * (1 - 0.55 * np.abs(across) ** 1.6)[..., None]
        * (0.86 + 0.14 * smooth(down, 0.3, 0.8))[..., None]
    )
    gum_line = 0.26 + 0.10 * np.cos(2 * np.pi * phase)
    gum = smooth(down, gum_line + 0.05, gum_line - 0.05)[..., None]
    colour = enamel * (1 - gum) + linear((0.66, 0.36, 0.35)) * gum
    relief = -0.5 * np.exp(-((gap / 0.12) ** 2)) * (1 - gum[..., 0])
    return Paint(
        colour.astype(np.float32),
        _finish(relief.astype(np.float32), np.full(down.shape, 0.8, np.float32)),
    )


def paint_flat(shape: tuple[int, int], colour: RGB, gloss: float) -> Paint:
    """One colour all over, for tongue and cavity."""
    size = ((shape[0] - 1) * TEXELS + 1, (shape[1] - 1) * TEXELS + 1)
    flat = np.ones((*size, 3), np.float32) * linear(colour)
    return Paint(flat, _finish(np.zeros(size, np.float32), np.full(size, gloss, np.float32)))


def paint_ear(actor: Actor, shape: tuple[int, int]) -> Paint:
    """Skin, redder than the face."""
    tone = actor.skin.tone
    return paint_flat(shape, (tone[0] * 0.99, tone[1] * 0.91, tone[2] * 0.90), 0.2)


def paint_cloth(actor: Actor) -> Paint:
    """Knitted cloth with a ribbed collar."""
    noise = Noise(_seed(actor.name) + 2)
    rows, cols = (BODY_SHAPE[0] - 1) * TEXELS + 1, (BODY_SHAPE[1] - 1) * TEXELS + 1
    row = np.arange(rows, dtype=np.float32)[:, None] + np.zeros((1, cols), np.float32)
    col = np.arange(cols, dtype=np.float32)[None] + 0 * row
    colour = np.ones((rows, cols, 3), np.float32) * linear(actor.scene.cloth)
    _tint(colour, 0.09 * noise(col, row, 1.0) + 0.06 * noise(col, row, 7), (1, 1, 1))
    collar = smooth(row / TEXELS, 11, 9.5)
    rib = np.sin(col * np.pi / 1.5) * collar
    _tint(colour, 0.12 * rib - 0.25 * np.exp(-(((row / TEXELS - 10.5) * 2) ** 2)), (1, 1, 1))
    relief = 0.5 * rib + 0.25 * noise(col, row, 1.2) + 2.5 * noise(col * 0.6, row, 14)
    return Paint(np.clip(colour, 0.003, 1), _finish(relief, np.full(row.shape, 0.03, np.float32)))


def _tint(colour: F32, amount: NDArray[np.floating], direction: tuple[float, float, float]) -> None:
    colour *= np.maximum(
        1 + amount[..., None].astype(np.float32) * np.array(direction, np.float32), 0.02
    )


def _finish(relief: F32, gloss: F32) -> F32:
    slope_down, slope_across = np.gradient(np.asarray(relief, np.float32))
    return np.stack([slope_across, -slope_down, gloss], axis=-1).astype(np.float32)


def _seed(name: str) -> int:
    return int.from_bytes(name.encode()[-6:], "big") % (2**31)
