"""One actor, built: every surface in one atlas of vertices, with expressions, colours and hair.

Atlas: all grids stacked under each other, so a row and a column name any spot of any surface. A
face of another actor is blended in by mixing two atlases, spot by spot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.actors.landmarks import places
from understudy.actors.look import hair as hairs
from understudy.actors.look import skin
from understudy.actors.look.hair import Attached, Strands
from understudy.actors.look.skin import TEXELS, Paint
from understudy.actors.shape import parts
from understudy.actors.shape.cage import F32, F64, Grid, head_grid
from understudy.actors.shape.cast import Actor
from understudy.actors.shape.sculpt import (
    EXPRESSIONS,
    EYE_RADIUS,
    EYE_Z,
    JAW_HINGE,
    JAW_OPEN_RAD,
    bump,
    relief,
    sculpt,
    smooth,
    warp,
)

SECTIONS = (
    "head",
    "eye_left",
    "eye_right",
    "teeth_upper",
    "teeth_lower",
    "tongue",
    "cavity",
    "ear_left",
    "ear_right",
    "body",
    "cap",
)
SKIN_SECTIONS = ("head", "ear_left", "ear_right")
INNER_SECTIONS = ("eye_left", "eye_right", "teeth_upper", "teeth_lower", "tongue", "cavity")


@dataclass(frozen=True, slots=True)
class Section:
    """Where a surface lies in the atlas."""

    top: int
    rows: int
    cols: int

    @property
    def at(self) -> tuple[slice, slice]:
        """Rows and columns in the atlas."""
        return slice(self.top, self.top + self.rows), slice(0, self.cols)

    @property
    def texels(self) -> tuple[slice, slice]:
        """Rows and columns in the atlas's maps."""
        top = self.top * TEXELS
        return slice(top, top + (self.rows - 1) * TEXELS + 1), slice(
            0, (self.cols - 1) * TEXELS + 1
        )


@dataclass(frozen=True, slots=True)
class Model:
    """What a shot is drawn from.

    Attributes:
        sections: the surfaces' places.
        rest: (H, W, 3) float32 mm, lids shut.
        deltas: (E, H, W, 3) float32 mm for `EXPRESSIONS`.
        shade: (H, W) float32 open sky seen by each vertex, 0..1.
        rigid: (H, W) float32, 1 where the head's turn is followed in full, 0 on the body.
        colour, finish: maps of the whole atlas.
        part: (H, W) float32 index into `SECTIONS`.
        triangles: (T, 3) int32, those of the body alone, and a coarser set that casts shadows;
            places_in_atlas: (H * W, 3) column, row, part.
        quads: (H-1, W-1) bool of what is drawn.
        eyes: centres (2, 3) mm and radii (2,) mm, viewer's left first.
        inner: (H, W) float32, 1 on what a swap carries over, 0 outside.
        places: row and column (68,) of the landmarks on the head.
        strands, brows, lashes: hair.
    """

    sections: dict[str, Section]
    rest: F32
    deltas: F32
    shade: F32
    rigid: F32
    colour: F32
    finish: F32
    part: F32
    triangles: NDArray[np.int32]
    body_triangles: NDArray[np.int32]
    shadow_triangles: NDArray[np.int32]
    places_in_atlas: F32
    quads: NDArray[np.bool_]
    eyes: tuple[F64, F64]
    inner: F32
    places: tuple[F64, F64]
    strands: Strands
    brows: Attached
    lashes: Attached


@lru_cache(maxsize=4)
def build(actor: Actor) -> Model:
    """Sculpt, paint and grow one actor."""
    grid = head_grid()
    surfaces, moves = _surfaces(actor, grid)
    sections = _stack(surfaces)
    height = sum(s.rows + 1 for s in sections.values())
    shape = (height, grid.shape[1])
    model = Model(
        sections=sections,
        rest=_fill(sections, shape, surfaces),
        deltas=np.stack([_fill(sections, shape, moves.get(name, {})) for name in EXPRESSIONS]),
        shade=_shade(sections, shape, actor, grid),
        rigid=_rigid(sections, shape, grid),
        colour=np.zeros((0,), np.float32),
        finish=np.zeros((0,), np.float32),
        part=_parts(sections, shape),
        triangles=np.zeros((0, 3), np.int32),
        body_triangles=np.zeros((0, 3), np.int32),
        shadow_triangles=_coarse_triangles(sections, shape, actor),
        places_in_atlas=_places_in_atlas(sections, shape),
        quads=_quads(sections, shape, actor, grid),
        eyes=_eyes(actor),
        inner=_inner(sections, shape, grid),
        places=places(actor),
        strands=hairs.grow(actor, 7),
        brows=hairs.brows(actor, grid, 8),
        lashes=hairs.lashes(actor, grid, 9),
    )
    colour, finish = _paint(sections, shape, actor, grid)
    triangles = _triangles(model.quads)
    body = model.part.ravel()[triangles[:, 0]] == SECTIONS.index("body")
    return replace(
        model, colour=colour, finish=finish, triangles=triangles, body_triangles=triangles[body]
    )


def _surfaces(actor: Actor, grid: Grid) -> tuple[dict[str, F64], dict[str, dict[str, F64]]]:
    shape = actor.shape
    head = sculpt(grid, shape)
    fixed = {
        name: warp(make, shape)
        for name, make in (
            ("teeth_upper", parts.teeth(True)),
            ("teeth_lower", parts.teeth(False)),
            ("tongue", parts.tongue()),
            ("cavity", parts.cavity()),
            ("ear_left", parts.ear(-1)),
            ("ear_right", parts.ear(1)),
        )
    }
    surfaces = {
        "head": head,
        "eye_left": np.zeros((*parts.EYE_SHAPE, 3)),
        "eye_right": np.zeros((*parts.EYE_SHAPE, 3)),
        **fixed,
        "body": parts.body(actor.scene.collar, shape.neck_width),
        "cap": hairs.cap(actor, grid),
    }
    moves = {name: {"head": sculpt(grid, shape, name) - head} for name in EXPRESSIONS}
    for name in ("teeth_lower", "tongue"):
        moves["jaw"][name] = _jaw_turn(fixed[name])
    moves["jaw"]["cavity"] = 0.5 * _jaw_turn(fixed["cavity"])
    return surfaces, moves


def _jaw_turn(p: F64) -> F64:
    y, z = p[..., 1] - JAW_HINGE[0], p[..., 2] - JAW_HINGE[1]
    c, s = np.cos(JAW_OPEN_RAD) - 1, np.sin(JAW_OPEN_RAD)
    return np.stack([0 * y, y * c - z * s, y * s + z * c], axis=-1)


def _stack(surfaces: dict[str, F64]) -> dict[str, Section]:
    sections, top = {}, 0
    for name in SECTIONS:
        rows, cols = surfaces[name].shape[:2]
        sections[name] = Section(top, rows, cols)
        top += rows + 1
    return sections


def _fill(sections: dict[str, Section], shape: tuple[int, int], surfaces: dict[str, F64]) -> F32:
    atlas = np.zeros((*shape, 3), np.float32)
    for name, values in surfaces.items():
        atlas[sections[name].at] = values
    return atlas


def _shade(sections: dict[str, Section], shape: tuple[int, int], actor: Actor, grid: Grid) -> F32:
    shade = np.ones(shape, np.float32)
    x, y = np.abs(grid.base[..., 0]), grid.base[..., 1]
    height = relief(actor.shape).astype(np.float32)
    for spread, strength in ((3.0, 0.10), (8.0, 0.045)):
        hollow = np.minimum(height - cv2.GaussianBlur(height, (0, 0), spread), 0.8)
        shade[sections["head"].at] *= np.clip(1 + strength * hollow, 0.45, 1.06)
    head = shade[sections["head"].at]
    head *= 1 - 0.55 * smooth(grid.v, 112, 126)[:, None] * (
        1 - 0.55 * smooth(grid.v, 126, 185)[:, None]
    )
    head *= 1 - 0.30 * bump(x, y, 0, -50.5, 9, 3)
    head[grid.mouth_rows[0] + 1 : grid.mouth_rows[1]] *= np.array(
        [0.75, 0.35, 0.35, 0.75], np.float32
    )[:, None]
    for name, level in (
        ("teeth_upper", 0.85),
        ("teeth_lower", 0.62),
        ("tongue", 0.50),
        ("cavity", 0.10),
    ):
        shade[sections[name].at] = level
    for name, side in (("ear_left", -1), ("ear_right", 1)):
        ear = parts.ear(side)
        depth = np.abs(ear[..., 0]) * 0.9 + ear[..., 2] * 0.43
        hollow = (depth - cv2.GaussianBlur(depth, (0, 0), 4)).astype(np.float32)
        shade[sections[name].at] = np.clip(0.92 + 0.10 * hollow, 0.35, 1)
    return shade


def _rigid(sections: dict[str, Section], shape: tuple[int, int], grid: Grid) -> F32:
    rigid = np.ones(shape, np.float32)
    rigid[sections["head"].at] = smooth(grid.v, 205, 118)[:, None]
    rigid[sections["body"].at] = 0
    return rigid


def _inner(sections: dict[str, Section], shape: tuple[int, int], grid: Grid) -> F32:
    x, y = np.abs(grid.base[..., 0]), grid.base[..., 1]
    top = smooth(y, 46, 27)
    low = smooth(y, -112, -93)
    half = np.interp(
        y, [-110, -100, -85, -70, -50, -25, 0, 20, 45], [24, 34, 45, 52, 56, 59, 59, 58, 54]
    )
    side = smooth(x - half, 5, -15)
    inner = np.zeros(shape, np.float32)
    inner[sections["head"].at] = top * low * side * (np.abs(grid.u) < 2.6)
    for name in INNER_SECTIONS:
        inner[sections[name].at] = 1
    return inner


def _parts(sections: dict[str, Section], shape: tuple[int, int]) -> F32:
    part = np.zeros(shape, np.float32)
    for index, name in enumerate(SECTIONS):
        part[sections[name].at] = index
    return part


def _places_in_atlas(sections: dict[str, Section], shape: tuple[int, int]) -> F32:
    rows, cols = np.indices(shape, dtype=np.float32)
    return np.stack([cols, rows, _parts(sections, shape)], axis=-1).reshape(-1, 3)


def _quads(
    sections: dict[str, Section], shape: tuple[int, int], actor: Actor, grid: Grid
) -> NDArray[np.bool_]:
    quads = np.zeros((shape[0] - 1, shape[1] - 1), bool)
    for name, s in sections.items():
        if name.startswith("ear") and actor.hair.style == "bob":
            continue
        drawn = {
            "head": grid.quads & hairs.scalp_quads(actor.hair, grid),
            "cap": hairs.cap_quads(actor.hair, grid),
        }.get(name, True)
        quads[s.top : s.top + s.rows - 1, : s.cols - 1] = drawn
    return quads


def _triangles(quads: NDArray[np.bool_]) -> NDArray[np.int32]:
    rows, cols = np.nonzero(quads)
    width = quads.shape[1] + 1
    a = rows * width + cols
    b, c, d = a + 1, a + width + 1, a + width
    return np.concatenate([np.stack([a, d, c], 1), np.stack([a, c, b], 1)]).astype(np.int32)


def _coarse_triangles(
    sections: dict[str, Section], shape: tuple[int, int], actor: Actor
) -> NDArray[np.int32]:
    """Every second row and column of what throws a visible shadow."""
    found = []
    for name in ("head", "body", "cap") + (
        ("ear_left", "ear_right") if actor.hair.style != "bob" else ()
    ):
        s = sections[name]
        index = (np.arange(s.rows)[:, None] + s.top) * shape[1] + np.arange(s.cols)
        rows = np.r_[0 : s.rows - 1 : 2, s.rows - 1]
        coarse = index[np.ix_(rows, np.r_[0 : s.cols - 1 : 2, s.cols - 1])]
        a, b, c, d = coarse[:-1, :-1], coarse[:-1, 1:], coarse[1:, 1:], coarse[1:, :-1]
        found += [np.stack([a, d, c], -1).reshape(-1, 3), np.stack([a, c, b], -1).reshape(-1, 3)]
    return np.concatenate(found).astype(np.int32)


def _eyes(actor: Actor) -> tuple[F64, F64]:
    centres = warp(np.array([[-31.5, -0.3, EYE_Z], [31.5, -0.3, EYE_Z]]), actor.shape)
    centres[:, 2] -= actor.shape.eye_depth * 0.6
    return centres, np.full(2, EYE_RADIUS * (0.5 + 0.5 * actor.shape.eye_size))


def _paint(
    sections: dict[str, Section], shape: tuple[int, int], actor: Actor, grid: Grid
) -> tuple[F32, F32]:
    colour = np.zeros((shape[0] * TEXELS, shape[1] * TEXELS, 3), np.float32)
    finish = np.zeros_like(colour)
    eye, teeth, cloth = skin.paint_eye(actor), skin.paint_teeth(), skin.paint_cloth(actor)
    ear = skin.paint_ear(actor, parts.EAR_SHAPE)
    paints: dict[str, Paint] = {
        "head": skin.paint_head(actor, grid),
        "eye_left": eye,
        "eye_right": eye,
        "teeth_upper": teeth,
        "teeth_lower": teeth,
        "tongue": skin.paint_flat(parts.TONGUE_SHAPE, (0.66, 0.36, 0.36), 0.5),
        "cavity": skin.paint_flat(parts.CAVITY_SHAPE, (0.30, 0.12, 0.11), 0.1),
        "ear_left": ear,
        "ear_right": ear,
        "body": cloth,
        "cap": _cap_paint(sections["cap"], actor),
    }
    for name, paint in paints.items():
        at = sections[name].texels
        colour[at], finish[at] = paint.colour, paint.finish
    return colour, finish


def _cap_paint(section: Section, actor: Actor) -> Paint:
    flat = skin.paint_flat((section.rows, section.cols), actor.hair.colour, 0.05)
    return Paint(hairs.cap_colour(actor, flat.colour.shape[:2], 11), flat.finish)
