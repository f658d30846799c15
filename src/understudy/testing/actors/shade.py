"""Light on surfaces: skin that lets some light through, wet eyes, hair along its strands, soft shadows.

All light is linear RGB. Strands use the tangent model of Kajiya and Kay ("Rendering fur with three
dimensional textures", 1989); skin wraps light around the edge of shadow, more so in red.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.testing.actors.cage import F32, F64
from understudy.testing.actors.model import SECTIONS, SKIN_SECTIONS, TEXELS, Model
from understudy.testing.actors.performance import Light
from understudy.testing.actors.pose import Posed
from understudy.testing.actors.raster import FAR_MM, Window, depth_of, rasterise, rasterise_over

_WRAP_SKIN = np.float32([0.42, 0.22, 0.15])
_WRAP_OTHER = np.float32([0.12, 0.12, 0.12])
_LINE = 512
_SHADOW_TEXELS = 400
_SHADOW_SPAN_MM = 470.0


@dataclass(frozen=True, slots=True)
class Lamps:
    """Light as vectors: direction to the key (3,), its colour, fill's direction and colour, sky and floor colours."""

    key_to: F32
    key: F32
    fill_to: F32
    fill: F32
    sky: F32
    floor: F32


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn window: premultiplied linear RGB (h, w, 3), cover (h, w) and the inner face's weight (h, w), 0..1."""

    colour: F32
    cover: F32
    inner: F32


def lamps(light: Light) -> Lamps:
    """Lamps of one moment."""
    a, e = np.radians(light.azimuth), np.radians(light.elevation)
    key_to = np.float32([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
    warm = np.float32([1.0 + 0.06 * light.warmth, 1.0, 0.97 - 0.10 * light.warmth])
    fill_to = np.float32([0.70, 0.12, 0.70])
    return Lamps(
        key_to,
        warm * np.float32(0.98 * light.key),
        fill_to / np.linalg.norm(fill_to),
        np.float32([0.17, 0.19, 0.22]) * np.float32(light.fill),
        np.float32([0.25, 0.27, 0.30]) * np.float32(light.fill),
        np.float32([0.15, 0.12, 0.10]) * np.float32(light.fill),
    )


def draw(model: Model, shape: Posed, window: Window, light: Light, only_body: bool = False) -> Drawn:
    """Draw a window of the image plane: surfaces, then hair into the same depth buffer."""
    lit = lamps(light)
    triangles = model.triangles
    if only_body:
        triangles = triangles[model.part.ravel()[triangles[:, 0]] == SECTIONS.index("body")]
    camera = np.ascontiguousarray(shape.camera.reshape(-1, 3))
    values, depth = rasterise(camera, triangles, _places(model), window)
    ys, xs = np.nonzero(depth < FAR_MM)
    at, far = values[ys, xs], depth[ys, xs]
    shadow = _shadow(model, camera, window, lit, (ys, xs, far), depth.shape)
    light_out = _surfaces(model, shape, lit, at, shadow)
    image = np.zeros((*depth.shape, 3), np.float32)
    image[ys, xs] = light_out
    inner = np.zeros(depth.shape, np.float32)
    if not only_body:
        inner[ys, xs] = _look_up(model.inner, at[:, 0], at[:, 1])
        _hair(model, shape, lit, window, (image, depth, inner))
    return Drawn(image, (depth < FAR_MM).astype(np.float32), inner)


def _places(model: Model) -> F32:
    rows, cols = np.indices(model.part.shape, dtype=np.float32)
    return np.stack([cols, rows, model.part], axis=-1).reshape(-1, 3)


def _surfaces(model: Model, shape: Posed, lit: Lamps, at: F32, shadow: F32) -> F32:
    col, row, part = at[:, 0], at[:, 1], np.round(at[:, 2]).astype(np.int64)
    normal = _look_up(shape.normals, col, row)
    sky = np.sqrt((normal * normal).sum(1, keepdims=True))
    normal /= np.maximum(sky, 1e-6)
    colour = _look_up(model.colour, col * TEXELS, row * TEXELS)
    finish = _look_up(model.finish, col * TEXELS, row * TEXELS)
    normal = _bumped(normal, finish, shape.turn)
    is_skin = np.isin(np.arange(len(SECTIONS)), [SECTIONS.index(n) for n in SKIN_SECTIONS])[part][:, None]
    wrap = np.where(is_skin, _WRAP_SKIN, _WRAP_OTHER)
    key = (normal @ lit.key_to)[:, None]
    key = np.clip((key + wrap) / (1 + wrap), 0, None) * shadow
    fill = np.clip((normal @ lit.fill_to)[:, None] * 0.7 + 0.3, 0, None)
    up = (0.5 + 0.5 * normal[:, 1])[:, None]
    # Skin's own colour bounces in its hollows, so open sky falls off less in red.
    sky = np.where(is_skin, sky ** np.float32([0.85, 1.05, 1.12]), sky)
    around = (lit.floor + (lit.sky - lit.floor) * up + fill * lit.fill) * sky
    out = colour * (around + key * (0.35 + 0.65 * sky) * lit.key)
    return out + _glints(normal, finish[:, 2:], lit, shadow[:, :1], sky[:, :1])


def _glints(normal: F32, gloss: F32, lit: Lamps, shadow: F32, sky: F32) -> F32:
    wet = gloss > 1.5
    power = np.where(wet, 260.0, 9 + 46 * gloss).astype(np.float32)
    out = np.zeros_like(normal)
    for to, strength, colour in ((lit.key_to, 1.0, lit.key), (lit.fill_to, 0.8, lit.fill)):
        half = to + np.float32([0, 0, 1])
        half /= np.linalg.norm(half)
        shine = np.clip(normal @ half, 0, 1)[:, None] ** power
        level = np.where(wet, 3.2, 0.26 * gloss * (0.4 + gloss))
        out += shine * level * strength * colour * (shadow if strength == 1 else 1)
    rim = (1 - np.clip(normal[:, 2:], 0, 1)) ** 4
    return np.asarray((out + 0.10 * rim * lit.sky * np.minimum(gloss, 1)) * sky, np.float32)


def _bumped(normal: F32, finish: F32, turn: F64) -> F32:
    up = turn[:, 1].astype(np.float32)
    right = np.stack(
        [up[1] * normal[:, 2] - up[2] * normal[:, 1], up[2] * normal[:, 0] - up[0] * normal[:, 2],
         up[0] * normal[:, 1] - up[1] * normal[:, 0]], axis=-1,
    )  # fmt: skip
    tilted = normal - finish[:, :1] * right - finish[:, 1:2] * up
    return tilted / np.sqrt((tilted * tilted).sum(1, keepdims=True))


def _shadow(
    model: Model,
    camera: F32,
    window: Window,
    lit: Lamps,
    seen: tuple[NDArray[np.int64], NDArray[np.int64], F32],
    size: tuple[int, int],
) -> F32:
    """Light of the key that arrives, (N, 3): softer in red, as under skin."""
    z = lit.key_to
    x = np.cross(np.float32([0, 1, 0]), z)
    x /= np.linalg.norm(x)
    frame = np.stack([x, np.cross(z, x), z], axis=1).astype(np.float32)
    head = model.sections["head"]
    middle = camera.reshape(*model.part.shape, 3)[: head.rows, : head.cols].reshape(-1, 3)[::37].mean(0)
    lens = 2000.0
    eye = middle + z * lens
    light_window = Window(
        _SHADOW_TEXELS / _SHADOW_SPAN_MM * lens, (0, 0), -_SHADOW_TEXELS / 2, -_SHADOW_TEXELS / 2,
        _SHADOW_TEXELS, _SHADOW_TEXELS,
    )  # fmt: skip
    nearest = depth_of((camera - eye) @ frame, model.triangles, light_window)
    ys, xs, far = seen
    px = (xs + 0.5) / window.scale + window.left - window.centre[0]
    py = (ys + 0.5) / window.scale + window.top - window.centre[1]
    world = np.stack([px * far / window.focal, -py * far / window.focal, -far], axis=-1).astype(np.float32)
    lit_side = (world - eye) @ frame
    place = light_window.project(lit_side) - 0.5
    light = np.zeros(len(xs), np.float32)
    for dx, dy in ((-0.8, -0.3), (0.3, -0.8), (0.8, 0.3), (-0.3, 0.8)):
        behind = -lit_side[:, 2] - _look_up(nearest, place[:, 0] + dx, place[:, 1] + dy)
        light += 0.25 * np.clip(1.5 - behind / 4.0, 0, 1)
    image = np.ones(size, np.float32)
    image[ys, xs] = light
    sharp = cv2.GaussianBlur(image, (0, 0), 1.3 * window.scale)[ys, xs]
    soft = cv2.GaussianBlur(image, (0, 0), 2.6 * window.scale)[ys, xs]
    return np.stack([soft, 0.7 * sharp + 0.3 * soft, sharp], axis=-1)


def _hair(
    model: Model, shape: Posed, lit: Lamps, window: Window, buffers: tuple[F32, F32, F32]
) -> None:
    image, depth, inner = buffers
    strands = _lit_strands(model, shape, lit)
    small_colour = np.broadcast_to(shape.small_colour[:, None], shape.small.shape) * np.float32(
        lit.sky + 0.6 * lit.key
    )
    for points, colour, width in (
        (shape.strands, strands, model.strands.width_mm),
        (shape.small, small_colour, shape.small_width),
    ):
        vertices, triangles = _ribbons(points, width)
        colours = np.repeat(colour.reshape(-1, 3), 2, axis=0).astype(np.float32)
        cut = depth.copy()
        rasterise_over(vertices, triangles, colours, window, image, depth)
        if points is shape.strands:
            inner[depth < cut] = 0


def _lit_strands(model: Model, shape: Posed, lit: Lamps) -> F32:
    p = shape.strands
    tangent = np.gradient(p, axis=1)
    tangent /= np.sqrt((tangent * tangent).sum(-1, keepdims=True)) + 1e-6
    centre = p.reshape(-1, 3)[::53].mean(0)
    out = p - centre
    out /= np.sqrt((out * out).sum(-1, keepdims=True)) + 1e-6
    along = tangent @ lit.key_to
    facing = np.clip(out @ lit.key_to * 0.7 + 0.35, 0.03, 1)
    across = np.sqrt(np.clip(1 - along**2, 0, 1))
    view = tangent[..., 2]
    glint = np.clip(across * np.sqrt(np.clip(1 - view**2, 0, 1)) - along * view, 0, 1)
    up = 0.5 + 0.5 * out[..., 1]
    base = model.strands.colour
    soft = lit.floor + (lit.sky - lit.floor) * up[..., None] + 0.6 * lit.fill
    diffuse = soft * 0.8 + (0.9 * across * facing)[..., None] * lit.key
    shine = (0.10 * glint**22 + 0.22 * glint**7 * 0.35) * facing
    brightness = base.mean(-1, keepdims=True)
    tint = base / np.maximum(brightness, 1e-4) * 0.6 + 0.4
    level = np.clip(brightness * 14, 0.15, 1.0)
    return np.asarray(base * diffuse + shine[..., None] * tint * level * lit.key, np.float32)


def _ribbons(points: F32, width_mm: F32) -> tuple[F32, NDArray[np.int32]]:
    """Two vertices per point, spread across the strand as the camera sees it."""
    count, steps = points.shape[:2]
    flat = points[..., :2] / -points[..., 2:]
    along = np.gradient(flat, axis=1)
    along /= np.sqrt((along * along).sum(-1, keepdims=True)) + 1e-9
    side = np.stack([-along[..., 1], along[..., 0], 0 * along[..., 0]], axis=-1) * (width_mm[..., None] * 0.5)
    vertices = np.stack([points - side, points + side], axis=2).reshape(-1, 3).astype(np.float32)
    start = (np.arange(count)[:, None] * steps + np.arange(steps - 1)).ravel() * 2
    triangles = np.concatenate([np.stack([start, start + 2, start + 3], 1), np.stack([start, start + 3, start + 1], 1)])
    return vertices, triangles.astype(np.int32)


def _look_up(atlas: F32, x: F32, y: F32) -> F32:
    """Bilinear values (N,) or (N, D) at places; laid out in lines because remap limits an image's height."""
    count = len(x)
    lines = -(-count // _LINE)
    maps = np.zeros((2, lines * _LINE), np.float32)
    maps[0, :count], maps[1, :count] = x, y
    maps = maps.reshape(2, lines, _LINE)
    found = cv2.remap(atlas, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(lines * _LINE, *atlas.shape[2:])[:count]
