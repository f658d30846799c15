"""Several actors in one picture, each where, how large and how turned one likes.

What following must stand is rare in one actor's script: heads that dart about, turn to profile and
pass before each other. So each head is drawn once for each turn, cut out, and laid into the picture
as often as it is wanted, with the truth about its landmarks and how much of it is seen.

Convention: frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from understudy.actors.performance import Expression, Light, Moment, Pose
from understudy.actors.render.scene import backdrop
from understudy.actors.shape.cage import F64
from understudy.actors.shape.cast import Actor
from understudy.actors.shot import CutOut, cut_out, encoded
from understudy.geometry import Space, Warp, eye_distance
from understudy.imaging.resample import warp_image

CUT_PX = 224
"""Side of the picture that a head is drawn into before it is laid where it is wanted."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One head of a picture.

    Attributes:
        actor: whose.
        at: where the middle of the head lies, x and y in frame pixels.
        yaw: degrees, as in `Pose`; 90 is a profile.
        pitch: degrees, as in `Pose`.
        roll: degrees clockwise, of the whole figure.
        scale: 1 for a head of 150 pixels from crown to chin.
        expression: what the face does.
    """

    actor: Actor
    at: tuple[float, float]
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 1.0
    expression: Expression = field(default_factory=Expression)


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """A picture of several heads and the truth about it.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        landmarks: (n, 68, 2) frame pixels, in the order of the heads.
        seen: (n,) share of each face that no other head hides and that lies in the picture, 0..1.
        eyes_px: (n,) distance of the outer eye corners of each head were it seen from the front.
    """

    pixels: NDArray[np.uint8]
    landmarks: F64
    seen: F64
    eyes_px: F64


def crowd(heads: Sequence[Placed], size: tuple[int, int] = (480, 270)) -> Crowd:
    """Draw heads into one room, the last one in front.

    Args:
        heads: far ones first.
        size: width and height in pixels.
    """
    frame = Space("frame", *size)
    room = backdrop(heads[0].actor, _moment(heads[0]), size) if heads else None
    picture = np.zeros((size[1], size[0], 3), np.float32) if room is None else room
    points, eyes = np.zeros((len(heads), 68, 2)), np.zeros(len(heads))
    covers = []
    for n, head in enumerate(heads):
        cut = _cut(head.actor, _moment(head))
        warp = Warp(_frame_from_cut(head), Space("cut", CUT_PX, CUT_PX), frame)
        over = warp_image(cut.cover, warp)
        picture = picture * (1 - over[..., None]) + warp_image(cut.colour, warp)
        points[n] = warp.points(cut.landmarks)
        eyes[n] = head.scale * eye_distance(_cut(head.actor, _STRAIGHT).landmarks)
        covers.append(over)
    seen = [_seen(points[n], covers[n + 1 :], size) for n in range(len(heads))]
    return Crowd(encoded(picture), points, np.array(seen), eyes)


def _seen(points: F64, others: Sequence[NDArray[np.float32]], size: tuple[int, int]) -> float:
    """Share of the points that lie in the picture and under no other head."""
    whole = np.floor(points).astype(int)
    inside = whole[((whole >= 0) & (whole < size)).all(1)]
    hidden = np.zeros(len(inside), bool)
    for cover in others:
        hidden |= cover[inside[:, 1], inside[:, 0]] >= 0.5
    return float((~hidden).sum() / len(points))


@lru_cache(maxsize=128)
def _cut(actor: Actor, moment: Moment) -> CutOut:
    return cut_out(actor, moment, (CUT_PX, CUT_PX))


def _moment(head: Placed) -> Moment:
    return Moment(Pose(head.yaw, head.pitch), head.expression, Light())


_STRAIGHT = Moment(Pose(), Expression(), Light())


def _frame_from_cut(head: Placed) -> F64:
    cos, sin = np.cos(np.radians(head.roll)), np.sin(np.radians(head.roll))
    turn = head.scale * np.array([[cos, -sin], [sin, cos]])
    middle = np.full(2, CUT_PX / 2)
    return np.column_stack([turn, np.asarray(head.at) - turn @ middle])
