"""Light on surfaces: translucent skin, wet eyes, hair along its strands, soft shadows.

All light is linear RGB. Strands use the tangent model of Kajiya and Kay ("Rendering fur with three
dimensional textures", 1989); skin wraps light around the edge of shadow, more so in red.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.actors.look.skin import TEXELS
from understudy.actors.model import SECTIONS, SKIN_SECTIONS, Model
from understudy.actors.performance import Light
from understudy.actors.pose import Posed
from understudy.actors.render.raster import (
    EMPTY_MM,
    Window,
    depth_of,
    look_up,
    rasterise,
    rasterise_over,
)
from understudy.actors.shape.cage import F32, F64

Planes = tuple[F32, F32, F32]

_WRAP_SKIN = (0.42, 0.22, 0.15)
_WRAP_OTHER = 0.12
# How fast open sky falls off in a hollow of skin: its own colour bounces there, so least in red.
_HOLLOW_SKIN = (0.15, -0.05, -0.12)
_WET = 1.5
_SHADOW_TEXELS = 400
_SHADOW_SPAN_MM = 470.0
_SHADOW_LENS_MM = 2000.0


@dataclass(frozen=True, slots=True)
class Lamps:
    """Directions to key and fill, and the colours of key, fill, sky and floor, each (3,)."""

    key_to: F32
    key: F32
    fill_to: F32
    fill: F32
    sky: F32
    floor: F32


@dataclass(frozen=True, slots=True)
class Drawn:
    """Premultiplied linear RGB (h, w, 3), cover (h, w) and inner face (h, w), both 0..1."""

    colour: F32
    cover: F32
    inner: F32


def lamps(light: Light) -> Lamps:
    """Lamps of one moment."""
    a, e = np.radians(light.azimuth), np.radians(light.elevation)
    key_to = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], np.float32)
    warm = np.array([1.0 + 0.06 * light.warmth, 1.0, 0.97 - 0.10 * light.warmth], np.float32)
    fill_to = np.array([0.70, 0.12, 0.70], np.float32)
    strength = np.float32(light.fill)
    return Lamps(
        key_to,
        np.asarray(warm * np.float32(0.98 * light.key), np.float32),
        np.asarray(fill_to / np.linalg.norm(fill_to), np.float32),
        np.array([0.17, 0.19, 0.22], np.float32) * strength,
        np.array([0.25, 0.27, 0.30], np.float32) * strength,
        np.array([0.15, 0.12, 0.10], np.float32) * strength,
    )


def draw(model: Model, shape: Posed, window: Window, light: Light, shadows: Shadows) -> Drawn:
    """Draw a window: surfaces, hair into the same depth buffer, light on what is seen."""
    lit = lamps(light)
    values, depth = _places(model, shape, model.triangles, window)
    covered = depth < EMPTY_MM
    image = np.zeros((*depth.shape, 3), np.float32)
    head_hair, any_hair = _hair(model, shape, lit, window, image, depth)
    _light_up(
        image, np.flatnonzero(covered & ~any_hair), model, shape, values, lit, (shadows, window)
    )
    inner = np.zeros(depth.shape, np.float32)
    bare = np.flatnonzero(covered & ~head_hair)
    at = values.reshape(-1, 3)[bare]
    inner.reshape(-1)[bare] = look_up(model.inner, at[:, 0], at[:, 1])
    return Drawn(image, (depth < EMPTY_MM).astype(np.float32), inner)


def draw_body(
    model: Model,
    shape: Posed,
    window: Window,
    light: Light,
    shadows: Shadows,
    hole: tuple[slice, slice],
) -> tuple[F32, F32]:
    """Draw the shoulders outside `hole`: linear RGB (h, w, 3) and cover (h, w)."""
    values, depth = _places(model, shape, model.body_triangles, window)
    depth[hole] = EMPTY_MM
    covered = depth < EMPTY_MM
    image = np.zeros((*depth.shape, 3), np.float32)
    _light_up(image, np.flatnonzero(covered), model, shape, values, lamps(light), (shadows, window))
    return image, covered.astype(np.float32)


def _places(
    model: Model, shape: Posed, triangles: NDArray[np.int32], window: Window
) -> tuple[F32, F32]:
    return rasterise(
        np.ascontiguousarray(shape.camera.reshape(-1, 3)), triangles, model.places_in_atlas, window
    )


def _light_up(
    image: F32,
    seen: NDArray[np.intp],
    model: Model,
    shape: Posed,
    values: F32,
    lit: Lamps,
    dark: tuple[Shadows, Window],
) -> None:
    if not len(seen):
        return
    at = values.reshape(-1, 3)[seen]
    shadow = _shadow(*dark, seen, at, image.shape[:2])
    image.reshape(-1, 3)[seen] = _surfaces(model, shape, lit, at, shadow)


def _surfaces(model: Model, shape: Posed, lit: Lamps, at: F32, shadow: tuple[F32, F32]) -> F32:
    col, row = at[:, 0], at[:, 1]
    skin = _IS_SKIN[np.round(at[:, 2]).astype(np.intp)]
    colour = look_up(model.colour, col * TEXELS, row * TEXELS)
    slope_x, slope_y, gloss = _planes(look_up(model.finish, col * TEXELS, row * TEXELS))
    x, y, z = _planes(look_up(shape.normals, col, row))
    sky = np.sqrt(x * x + y * y + z * z) + np.float32(1e-6)
    normal = _bumped((x / sky, y / sky, z / sky), slope_x, slope_y, shape.turn)
    facing = _dot(normal, lit.key_to)
    fill = np.maximum(_dot(normal, lit.fill_to) * np.float32(0.7) + np.float32(0.3), 0)
    up = normal[1] * np.float32(0.5) + np.float32(0.5)
    direct = np.float32(0.35) + np.float32(0.65) * sky
    soft, sharp = shadow
    glints = _glints(normal, gloss, lit, sharp, sky)
    out = np.empty_like(colour)
    for c in range(3):
        wrap = skin * np.float32(_WRAP_SKIN[c] - _WRAP_OTHER) + np.float32(_WRAP_OTHER)
        arriving = soft if c == 0 else sharp
        key = np.maximum((facing + wrap) / (1 + wrap), 0) * arriving * direct * lit.key[c]
        open_sky = sky * (1 + skin * np.float32(_HOLLOW_SKIN[c]) * (1 - sky))
        around = (lit.floor[c] + (lit.sky[c] - lit.floor[c]) * up + fill * lit.fill[c]) * open_sky
        out[:, c] = colour[:, c] * (around + key)
        out[:, c] += glints * lit.key[c]
    return out


def _glints(normal: Planes, gloss: F32, lit: Lamps, shadow: F32, sky: F32) -> F32:
    """Highlights (N,): a broad one on skin, sharp ones of key and fill on wet eyes."""
    half = _half_way(lit.key_to)
    near = np.maximum(_dot(normal, half), 0)
    near4 = near * near
    near4 *= near4
    near16 = near4 * near4
    near16 *= near16
    matt = np.minimum(gloss, 1)
    # Between an exponent of 8 (matt) and 32 (glossy), by mixing the two.
    broad = near4 * near4 * (1 - matt) + near16 * near16 * matt
    out = np.float32(0.30) * matt * (np.float32(0.35) + matt) * broad * shadow
    grazing = 1 - np.clip(normal[2], 0, 1)
    grazing *= grazing
    out += np.float32(0.03) * grazing * grazing * matt
    wet = np.flatnonzero(gloss > _WET)
    if len(wet):
        fill = np.maximum(
            _dot((normal[0][wet], normal[1][wet], normal[2][wet]), _half_way(lit.fill_to)), 0
        )
        out[wet] = near[wet] ** 260 * 3.0 * (0.25 + 0.75 * shadow[wet]) + fill**200 * 0.5
    return np.asarray(out * sky, np.float32)


def _half_way(to: F32) -> F32:
    half = to + np.array([0, 0, 1], np.float32)
    return np.asarray(half / np.linalg.norm(half), np.float32)


def _bumped(normal: Planes, slope_x: F32, slope_y: F32, turn: F64) -> Planes:
    """Normals tilted by the relief, whose axes are the head's up and, across it, up x normal."""
    ux, uy, uz = (float(c) for c in turn[:, 1])
    nx, ny, nz = normal
    x = nx - slope_x * (uy * nz - uz * ny) - slope_y * ux
    y = ny - slope_x * (uz * nx - ux * nz) - slope_y * uy
    z = nz - slope_x * (ux * ny - uy * nx) - slope_y * uz
    scale = 1 / np.sqrt(x * x + y * y + z * z)
    return x * scale, y * scale, z * scale


def _dot(planes: Planes, to: F32) -> F32:
    return planes[0] * to[0] + planes[1] * to[1] + planes[2] * to[2]


def _planes(values: F32) -> Planes:
    x, y, z = np.ascontiguousarray(values.T)
    return x, y, z


@dataclass(frozen=True, slots=True)
class Shadows:
    """The key light's depth map, and each vertex in it (H, W, 3): column, row, depth in mm."""

    nearest: F32
    vertices: F32


def cast_shadows(model: Model, shape: Posed, light: Light) -> Shadows:
    """Draw the scene once from the key light."""
    z = lamps(light).key_to
    x = np.cross(np.array([0, 1, 0], np.float32), z)
    x /= np.linalg.norm(x)
    frame = np.stack([x, np.cross(z, x), z], axis=1).astype(np.float32)
    head = model.sections["head"]
    middle = shape.camera[: head.rows : 6, : head.cols : 6].reshape(-1, 3).mean(0)
    from_light = (
        (shape.camera.reshape(-1, 3) - middle) @ frame - np.array([0, 0, _SHADOW_LENS_MM])
    ).astype(np.float32)
    half = _SHADOW_TEXELS / 2
    view = Window(
        _SHADOW_TEXELS / _SHADOW_SPAN_MM * _SHADOW_LENS_MM,
        (0, 0),
        -half,
        -half,
        _SHADOW_TEXELS,
        _SHADOW_TEXELS,
    )
    vertices = np.concatenate([view.project(from_light) - 0.5, -from_light[:, 2:]], axis=1)
    return Shadows(
        depth_of(from_light, model.shadow_triangles, view), vertices.reshape(shape.camera.shape)
    )


def _shadow(
    shadows: Shadows,
    window: Window,
    seen: NDArray[np.intp],
    at: F32,
    size: tuple[int, int],
) -> tuple[F32, F32]:
    """Key light that arrives, twice (N,): spread as under skin, for red, and sharper."""
    here = look_up(shadows.vertices, at[:, 0], at[:, 1])
    light = np.zeros(len(at), np.float32)
    for dx, dy in ((-0.6, -0.4), (0.6, 0.4)):
        behind = here[:, 2] - look_up(
            shadows.nearest, here[:, 0] + np.float32(dx), here[:, 1] + np.float32(dy)
        )
        light += np.clip(np.float32(0.75) - behind * np.float32(0.125), 0, np.float32(0.5))
    image = np.ones(size, np.float32)
    image.reshape(-1)[seen] = light
    # Box blurs, because their cost does not grow with the width.
    side = 2 * round(1.5 * window.scale) + 1
    sharp = cv2.blur(cv2.blur(image, (side, side)), (side, side))
    soft = cv2.blur(cv2.blur(sharp, (2 * side - 1, 2 * side - 1)), (side, side))
    flat_soft, flat_sharp = (
        np.asarray(soft, np.float32).ravel(),
        np.asarray(sharp, np.float32).ravel(),
    )
    return flat_soft[seen], flat_sharp[seen]


def _hair(
    model: Model, shape: Posed, lit: Lamps, window: Window, image: F32, depth: F32
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw all hair; returns where head hair, and where any hair, covers what was there."""
    # The rasteriser rounds what it does not touch, hence the tenth of a millimetre.
    before = depth - np.float32(0.1)
    vertices, triangles = _ribbons(shape.strands, model.strands.width_mm)
    colours = np.repeat(_lit_strands(model, shape, lit).reshape(-1, 3), 2, axis=0)
    rasterise_over(vertices, triangles, colours, window, image, depth)
    by_head_hair = depth < before
    vertices, triangles = _ribbons(shape.small, shape.small_width)
    small = shape.small_colour * (lit.sky + np.float32(0.6) * lit.key)
    colours = np.repeat(small.astype(np.float32), 2 * shape.small.shape[1], axis=0)
    rasterise_over(vertices, triangles, colours, window, image, depth)
    return by_head_hair, depth < before


def _lit_strands(model: Model, shape: Posed, lit: Lamps) -> F32:
    strands, home = model.strands, shape.turn.astype(np.float32)
    key_to, eye_to, up = lit.key_to @ home, home[2], home[1]
    along, view = strands.tangent @ key_to, strands.tangent @ eye_to
    facing = np.clip(strands.outward @ key_to * 0.7 + 0.35, 0.03, 1)
    across = np.sqrt(np.maximum(1 - along**2, 0))
    glint = np.clip(across * np.sqrt(np.maximum(1 - view**2, 0)) - along * view, 0, 1)
    glint2 = glint * glint
    glint8 = glint2 * glint2 * glint2 * glint2
    shine = (0.08 * glint8 + 0.10 * glint8 * glint8 * glint8) * facing
    level = 0.5 + 0.5 * (strands.outward @ up)
    diffuse = 0.9 * across * facing
    out = np.empty_like(strands.colour)
    for c in range(3):
        soft = 0.85 * (lit.floor[c] + (lit.sky[c] - lit.floor[c]) * level + 0.6 * lit.fill[c])
        out[..., c] = (
            strands.colour[..., c] * (soft + diffuse * lit.key[c]) + shine * strands.sheen[..., c]
        )
    return out


def _ribbons(points: F32, width_mm: F32) -> tuple[F32, NDArray[np.int32]]:
    """Two vertices per point, spread across the strand as the camera sees it."""
    count, steps = points.shape[:2]
    flat = points[..., :2] / points[..., 2:]
    along = np.empty_like(flat)
    along[:, 1:-1] = flat[:, :-2] - flat[:, 2:]
    along[:, 0], along[:, -1] = flat[:, 0] - flat[:, 1], flat[:, -2] - flat[:, -1]
    along *= (
        np.float32(0.5)
        * width_mm
        / (np.sqrt(np.einsum("skd,skd->sk", along, along)) + np.float32(1e-9))
    )[..., None]
    vertices = np.repeat(points[:, :, None], 2, axis=2)
    vertices[:, :, 0, 0] += along[..., 1]
    vertices[:, :, 0, 1] -= along[..., 0]
    vertices[:, :, 1, 0] -= along[..., 1]
    vertices[:, :, 1, 1] += along[..., 0]
    return vertices.reshape(-1, 3), _ribbon_triangles(count, steps)


@lru_cache(maxsize=8)
def _ribbon_triangles(count: int, steps: int) -> NDArray[np.int32]:
    start = (np.arange(count)[:, None] * steps + np.arange(steps - 1)).ravel() * 2
    first, second = [start, start + 2, start + 3], [start, start + 3, start + 1]
    return np.concatenate([np.stack(first, 1), np.stack(second, 1)]).astype(np.int32)


_IS_SKIN = np.array([name in SKIN_SECTIONS for name in SECTIONS], np.float32)
