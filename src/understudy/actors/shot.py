"""One frame of film: an actor plays a moment of a script, or wears another's face in it.

The second is the *true swap*: the actor's scene, hair, ears, head outline and neck, and within
the inner face the other's features and skin, drawn as one surface, so that there is no seam to
hide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from understudy.actors import landmarks
from understudy.actors.model import Model, build
from understudy.actors.performance import Moment, Performance
from understudy.actors.pose import Posed, posed
from understudy.actors.render.raster import Window
from understudy.actors.render.scene import backdrop
from understudy.actors.render.shade import Drawn, cast_shadows, draw, draw_body
from understudy.actors.shape.cage import F32, F64, head_grid
from understudy.actors.shape.cast import ACTORS, Actor
from understudy.actors.swap import swapped
from understudy.errors import ValueRefused
from understudy.imaging.depth import from_unit
from understudy.imaging.resample import resize

FOCAL_PER_HEIGHT = 2.65
SUPERSAMPLING = 2


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One rendered frame and the truth about it.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        landmarks: (68, 2) float64 frame pixels.
        mask: (h, w) float32 0..1, the inner face that a swap carries over; hair in front of it is
            not in it.
        pose_deg: (yaw, pitch, roll); signs as in `Pose`.

    Convention:
        Pixel i covers [i, i+1), its centre is at i + 0.5.
    """

    pixels: NDArray[np.uint8]
    landmarks: F64
    mask: F32
    pose_deg: tuple[float, float, float]

    @property
    def box_xyxy(self) -> F64:
        """(4,) float64, the smallest box around the landmarks."""
        return np.concatenate([self.landmarks.min(0), self.landmarks.max(0)])


def render(
    actor: Actor,
    performance: Performance,
    index: int,
    size: tuple[int, int] = (640, 360),
    face_of: Actor | None = None,
) -> Shot:
    """Draw frame `index` of a performance.

    Args:
        actor: who is seen, and whose scene, clothes and hair.
        performance: the script.
        index: frame of the script.
        size: (width, height) in pixels; the head's size follows the height.
        face_of: whose inner face the actor wears. Outside the shot's mask the pixels are the
            actor's own,
            bit for bit.

    Raises:
        IndexError: when the script has no such frame.
    """
    moment = performance[index]
    plain = _plain(actor, performance, index, size)
    if face_of is None:
        return plain.shot
    model = swapped(actor, face_of)
    shape = posed(model, moment)
    window = _face_window(plain)
    canvas, mask = plain.canvas.copy(), np.zeros(plain.canvas.shape[:2], np.float32)
    shadows = cast_shadows(model, shape, moment.light)
    _lay_over(canvas, mask, draw(model, shape, window, moment.light, shadows), window)
    # Outside the mask nothing may differ, not even the shadow of another nose.
    mask[plain.shot.mask == 0] = 0
    gate = np.clip(mask * 6, 0, 1)[..., None]
    mixed = plain.shot.pixels + (encoded(canvas) - plain.shot.pixels.astype(np.float32)) * gate
    return Shot(
        np.rint(mixed).astype(np.uint8),
        _landmarks(model, shape, plain.window),
        mask,
        plain.shot.pose_deg,
    )


def render_clip(
    actor: Actor,
    performance: Performance,
    size: tuple[int, int] = (640, 360),
    face_of: Actor | None = None,
) -> Iterator[Shot]:
    """Every frame of a performance, in order."""
    for index in range(len(performance)):
        yield render(actor, performance, index, size, face_of)


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """An actor's head and shoulders without a room.

    Attributes:
        colour: (h, w, 3) float32 linear RGB, premultiplied.
        cover: (h, w) float32 0..1.
        landmarks: (68, 2) pixels.
    """

    colour: F32
    cover: F32
    landmarks: F64


def cut_out(actor: Actor, moment: Moment, size: tuple[int, int]) -> CutOut:
    """Draw an actor to be laid over another picture."""
    model = build(actor)
    shape = posed(model, moment)
    width, height = size
    window = Window(
        FOCAL_PER_HEIGHT * height, (width / 2, height / 2), 0, 0, width, height, SUPERSAMPLING
    )
    drawn = draw(model, shape, window, moment.light, cast_shadows(model, shape, moment.light))
    colour = resize(np.minimum(drawn.colour, 1.5), size)
    return CutOut(colour, resize(drawn.cover, size), _landmarks(model, shape, window))


@dataclass(frozen=True, slots=True, eq=False)
class _Plain:
    """An actor's own shot, and for a swap the room with body (linear RGB) and the window."""

    shot: Shot
    canvas: F32
    window: Window


@lru_cache(maxsize=2)
def _plain(actor: Actor, performance: Performance, index: int, size: tuple[int, int]) -> _Plain:
    moment, model = performance[index], build(actor)
    shape = posed(model, moment)
    window = _window(shape, size)
    whole = replace(window, left=0, top=0, width=size[0], height=size[1], scale=1)
    shadows = cast_shadows(model, shape, moment.light)
    body, cover = draw_body(model, shape, whole, moment.light, shadows, _place(window))
    room = backdrop(actor, moment, size) * (1 - cover[..., None]) + body
    canvas, mask = room.copy(), np.zeros(room.shape[:2], np.float32)
    _lay_over(canvas, mask, draw(model, shape, window, moment.light, shadows), window)
    pixels = encoded(canvas)
    pixels.setflags(write=False)
    pose = moment.pose
    shot = Shot(pixels, _landmarks(model, shape, window), mask, (pose.yaw, pose.pitch, pose.roll))
    return _Plain(shot, room, window)


def _landmarks(model: Model, shape: Posed, window: Window) -> F64:
    rows, cols = head_grid().shape
    frame = replace(window, left=0, top=0, scale=1)
    return landmarks.seen(frame.project(shape.camera[:rows, :cols]), model.places)


def _face_window(plain: _Plain) -> Window:
    rows, cols = np.flatnonzero(plain.shot.mask.any(1)), np.flatnonzero(plain.shot.mask.any(0))
    height, width = plain.shot.mask.shape
    top, left = max(rows[0] - 6, 0), max(cols[0] - 6, 0)
    bottom, right = min(rows[-1] + 7, height), min(cols[-1] + 7, width)
    return replace(
        plain.window,
        left=int(left),
        top=int(top),
        width=int(right - left),
        height=int(bottom - top),
    )


def _window(shape: Posed, size: tuple[int, int]) -> Window:
    """The part of the frame with the head, hair and collar, which is drawn more finely."""
    width, height = size
    focal, centre = FOCAL_PER_HEIGHT * height, (width / 2, height / 2)
    whole = Window(focal, centre, 0, 0, width, height)
    grid = head_grid()
    points = np.concatenate(
        [
            whole.project(shape.camera[: grid.shape[0] : 3, ::3]).reshape(-1, 2),
            whole.project(shape.strands[::7]).reshape(-1, 2),
        ]
    )
    low = np.clip(np.floor(points.min(0)) - 6, 0, (width - 2, height - 2))
    high = np.clip(np.ceil(points.max(0)) + 6, low + 2, (width, height))
    return Window(
        focal,
        centre,
        int(low[0]),
        int(low[1]),
        int(high[0] - low[0]),
        int(high[1] - low[1]),
        SUPERSAMPLING,
    )


def _lay_over(canvas: F32, mask: F32, drawn: Drawn, window: Window) -> None:
    size = (window.width, window.height)
    colour = resize(np.minimum(drawn.colour, 1.5), size)
    cover = resize(drawn.cover, size)[..., None]
    at = _place(window)
    canvas[at] = canvas[at] * (1 - cover) + colour
    mask[at] = resize(drawn.inner, size)


def _place(window: Window) -> tuple[slice, slice]:
    top, left = int(window.top), int(window.left)
    return slice(top, top + window.height), slice(left, left + window.width)


def encoded(linear: F32) -> NDArray[np.uint8]:
    """Linear light to 8-bit, with a shoulder that keeps highlights from clipping."""
    steps = np.clip(linear, 0, _BRIGHTEST) * np.float32(_STEPS / _BRIGHTEST)
    return _TO_SRGB[steps.astype(np.uint16)]


def _encoding() -> NDArray[np.uint8]:
    light = (np.arange(_STEPS + 1) + 0.5) * _BRIGHTEST / _STEPS
    soft = np.where(light > 0.7, 0.7 + 0.3 * np.tanh((light - 0.7) / 0.3), light)
    return from_unit(soft ** (1 / 2.2), np.uint8)


_BRIGHTEST, _STEPS = 1.5, 12000
_TO_SRGB = _encoding()


def portraits(
    count: int = 2, actor: str = "actor_a", size_wh: tuple[int, int] = (320, 180)
) -> list[Shot]:
    """A few different pictures of one actor's face, for tests of plug-ins.

    Args:
        count: how many; the actor turns and speaks from one to the next.
        actor: a name in `ACTORS`.
        size_wh: width and height in pixels.

    Raises:
        ValueRefused: no such actor, or not one picture.
    """
    if actor not in ACTORS or count < 1:
        known = ", ".join(ACTORS)
        raise ValueRefused(f"expected one of {known} and at least 1, got {actor!r} and {count}")
    performance = Performance(seed=1, n_frames=2 * count - 1, fps=Fraction(25))
    return [render(ACTORS[actor], performance, 2 * i, size_wh) for i in range(count)]
