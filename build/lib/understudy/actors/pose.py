"""A model at one moment of the script: every vertex in the camera's frame, with its normal.

Convention:
    The world has the head's axes when it looks straight ahead. The camera sits in front on the z
    axis, looks along -z and does not turn. Lids follow the eyeball: their depth is set by it,
    frame by frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from understudy.actors.landmarks import sample
from understudy.actors.look.hair import Attached
from understudy.actors.model import Model
from understudy.actors.performance import Expression, Moment, Pose
from understudy.actors.shape.cage import F32, F64, head_grid
from understudy.actors.shape.parts import eyeball
from understudy.actors.shape.sculpt import EXPRESSIONS

PIVOT = np.array([0.0, -62.0, -20.0])
CAMERA_MM = 900.0
CAMERA_HEIGHT_MM = -2.0
LID_MM = 1.1


@dataclass(frozen=True, slots=True)
class Posed:
    """Geometry ready to be drawn.

    Attributes:
        camera: (H, W, 3) float32 vertices in the camera's frame.
        normals: (H, W, 3) float32 unit normals in the world, times the open sky each vertex sees.
        turn: (3, 3) head to world.
        strands: (S, K, 3) float32 head hair in the camera's frame.
        small: (S, 3, 3) float32 brow hairs and lashes in the camera's frame.
        small_colour: (S, 3) float32 linear RGB; small_width: (S, 3) float32 mm.
    """

    camera: F32
    normals: F32
    turn: F64
    strands: F32
    small: F32
    small_colour: F32
    small_width: F32


def posed(model: Model, moment: Moment) -> Posed:
    """Apply expression, gaze, head turn and camera drift."""
    head = _expressive(model, moment.expression)
    turn = rotation(moment.pose)
    offset = np.array([0, CAMERA_HEIGHT_MM, CAMERA_MM]) + moment.camera * np.array([1, 1, -1])
    brows = _attached(model.brows, head, 1.0)
    lashes = _attached(model.lashes, head, 1 - moment.expression.blink)
    rigid = model.rigid[..., None]

    def to_camera(points: F32) -> F32:
        return (_turned(points, turn, moment.pose) - offset).astype(np.float32)

    body = head - offset.astype(np.float32)
    camera = to_camera(head) * rigid + body * (1 - rigid)
    normals = _normals(model, camera)
    normals *= (model.shade * _in_shadow_of_lids(model, head))[..., None]
    small = to_camera(np.concatenate([brows, lashes]))
    colours = [np.broadcast_to(a.colour, (len(a.row), 3)) for a in (model.brows, model.lashes)]
    return Posed(
        camera=camera,
        normals=normals,
        turn=turn,
        strands=to_camera(model.strands.points),
        small=small,
        small_colour=np.concatenate(colours).astype(np.float32),
        small_width=np.concatenate([model.brows.width_mm, model.lashes.width_mm]),
    )


def rotation(pose: Pose) -> F64:
    """Head to world, (3, 3)."""
    yaw, pitch, roll = np.radians([pose.yaw, -pose.pitch, -pose.roll])
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def _turned(points: F32, turn: F64, pose: Pose) -> F32:
    shift = PIVOT + np.asarray(pose.shift) - turn @ PIVOT
    return points @ turn.T.astype(np.float32) + shift.astype(np.float32)


def _expressive(model: Model, expression: Expression) -> F32:
    weights = {name: getattr(expression, name, 0.0) for name in EXPRESSIONS}
    weights["open_lids"] = 1.0 - expression.blink
    weights["lid_gaze"] = expression.gaze_up / 20 * (1 - expression.blink)
    weights["squint"] *= 1 - expression.blink
    mix = np.array([weights[name] for name in EXPRESSIONS], np.float32)
    head = model.rest + np.tensordot(mix, model.deltas, axes=1)
    _turn_eyes(model, head, expression)
    _rest_lids_on_eyes(model, head)
    return np.asarray(head, np.float32)


def _turn_eyes(model: Model, head: F32, expression: Expression) -> None:
    unit = eyeball()
    for name, centre, radius in zip(("eye_left", "eye_right"), *model.eyes, strict=True):
        # Both eyes meet about a metre away.
        inwards = -np.sign(centre[0]) * 1.8
        look = rotation(Pose(yaw=expression.gaze_right + inwards, pitch=expression.gaze_up))
        head[model.sections[name].at] = unit @ look.T * radius + centre


def _rest_lids_on_eyes(model: Model, head: F32) -> None:
    grid = head_grid()
    rows = slice(*np.searchsorted(grid.v, (-32.0, 27.0)))
    inner_rows = (np.abs(grid.side[rows]) > 0)[:, None]
    for centre, radius in zip(*model.eyes, strict=True):
        cols = np.flatnonzero((np.sign(grid.u) == np.sign(centre[0])) & (np.abs(grid.u) < 2.2))
        patch = head[rows, cols[0] : cols[-1] + 1]
        off = patch[..., :2] - centre[:2].astype(np.float32)
        flat = (off**2).sum(-1)
        reach = np.where(inner_rows, radius + 0.05, radius + LID_MM)
        ball = centre[2] + np.sqrt(np.maximum(reach**2 - flat, 0.0))
        soft = 0.5 * (patch[..., 2] + ball + np.sqrt((patch[..., 2] - ball) ** 2 + 1.6))
        near = flat < reach**2
        patch[..., 2] = np.where(near, np.where(inner_rows, ball, soft), patch[..., 2])


def _in_shadow_of_lids(model: Model, head: F32) -> F32:
    """Lids darken the eyes under them, lips the teeth behind them."""
    grid = head_grid()
    factor = np.ones(model.part.shape, np.float32)
    for name, centre in zip(("eye_left", "eye_right"), model.eyes[0], strict=True):
        cols = np.flatnonzero((np.sign(grid.u) == np.sign(centre[0])) & (np.abs(grid.u) < 2.2))
        upper, lower = head[grid.eye_rows[0], cols], head[grid.eye_rows[1], cols]
        eye = head[model.sections[name].at]
        under = np.interp(eye[..., 0], upper[:, 0], upper[:, 1]) - eye[..., 1]
        over = eye[..., 1] - np.interp(eye[..., 0], lower[:, 0], lower[:, 1])
        aside = np.abs(eye[..., 0] - centre[0]) / 14
        shade = (0.40 + 0.60 * np.clip(under / 4.2, 0, 1) ** 0.8) * (
            0.72 + 0.28 * np.clip(over / 2.2, 0, 1)
        )
        factor[model.sections[name].at] = shade * (1 - 0.45 * np.clip(aside, 0, 1) ** 3)
    front = np.flatnonzero(np.abs(grid.u) < 1.2)
    upper, lower = head[grid.mouth_rows[0], front], head[grid.mouth_rows[1], front]
    for name in ("teeth_upper", "teeth_lower", "tongue"):
        tooth = head[model.sections[name].at]
        under = np.interp(tooth[..., 0], upper[:, 0], upper[:, 1]) - tooth[..., 1]
        over = tooth[..., 1] - np.interp(tooth[..., 0], lower[:, 0], lower[:, 1])
        room = np.clip((under + over) / 9, 0, 1)
        factor[model.sections[name].at] = (0.45 + 0.55 * np.clip(under / 5, 0, 1)) * (
            0.55 + 0.45 * room
        )
    return factor


def _attached(hairs: Attached, head: F32, open_lids: float) -> F32:
    roots = sample(head, hairs.row.astype(np.float64), hairs.col.astype(np.float64))
    lift = hairs.lift * open_lids + hairs.lift_shut * (1 - open_lids)
    return (roots + lift).astype(np.float32)


def _normals(model: Model, p: F32) -> F32:
    down, across = p[1:] - p[:-1], p[:, 1:] - p[:, :-1]
    face = _cross(down[:, :-1] + down[:, 1:], across[:-1] + across[1:]) * model.quads[..., None]
    normals = np.zeros_like(p)
    for r in (0, 1):
        for c in (0, 1):
            normals[r : r + face.shape[0], c : c + face.shape[1]] += face
    _weld(normals)
    length = np.sqrt((normals * normals).sum(-1, keepdims=True))
    return normals / np.maximum(length, 1e-9)


def _weld(normals: F32) -> None:
    """One normal for rows doubled beside a slit, and for the seam behind the head."""
    grid = head_grid()
    for top, bottom in (grid.eye_rows, grid.mouth_rows):
        p = grid.base
        half = grid.quads[top + (bottom - top) // 2]
        shut = np.ones(p.shape[1], bool)
        shut[1:] &= half
        shut[:-1] &= half
        normals[top : bottom + 1, shut] = normals[top : bottom + 1, shut].sum(0)
    rows = grid.shape[0]
    seam = normals[:rows, 0] + normals[:rows, -1]
    normals[:rows, 0] = normals[:rows, -1] = seam


def _cross(a: F32, b: F32) -> F32:
    return np.stack(
        [
            a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1],
            a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2],
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0],
        ],
        axis=-1,
    )
