"""One frame of film: an actor plays a moment of a script, or wears another's face in it.

The second is the *true swap*: the actor's scene, hair, ears, head outline and neck, and within the inner
face the other's features and skin, drawn as one surface, so that there is no seam to hide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.testing.actors import landmarks
from understudy.testing.actors.cage import F32, F64, head_grid
from understudy.testing.actors.cast import Actor
from understudy.testing.actors.model import Model, build, swapped
from understudy.testing.actors.performance import Moment, Performance
from understudy.testing.actors.pose import Posed, posed
from understudy.testing.actors.raster import Window
from understudy.testing.actors.scene import backdrop
from understudy.testing.actors.shade import Drawn, draw

FOCAL_PER_HEIGHT = 2.8
SUPERSAMPLING = 2


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One rendered frame and the truth about it.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        landmarks: (68, 2) float64 frame pixels.
        mask: (h, w) float32 0..1, the inner face that a swap carries over; hair in front of it is not in it.
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
        face_of: whose inner face the actor wears. Outside the shot's mask the pixels are the actor's own,
            bit for bit.

    Raises:
        IndexError: when the script has no such frame.
    """
    plain = _plain(actor, performance, index, size)
    if face_of is None:
        return plain
    moment = performance[index]
    window = _window(posed(build(actor), moment), size)
    other = _shot(swapped(actor, face_of), actor, moment, size, window)
    gate = np.clip(other.mask * 6, 0, 1)[..., None]
    mixed = plain.pixels + (other.pixels.astype(np.float32) - plain.pixels) * gate
    return Shot(np.rint(mixed).astype(np.uint8), other.landmarks, other.mask, other.pose_deg)


def render_clip(
    actor: Actor, performance: Performance, size: tuple[int, int] = (640, 360), face_of: Actor | None = None
) -> Iterator[Shot]:
    """Every frame of a performance, in order."""
    for index in range(len(performance)):
        yield render(actor, performance, index, size, face_of)


@lru_cache(maxsize=2)
def _plain(actor: Actor, performance: Performance, index: int, size: tuple[int, int]) -> Shot:
    moment = performance[index]
    shot = _shot(build(actor), actor, moment, size, None)
    shot.pixels.setflags(write=False)
    return shot


def _shot(model: Model, actor: Actor, moment: Moment, size: tuple[int, int], window: Window | None) -> Shot:
    shape = posed(model, moment)
    window = window or _window(shape, size)
    canvas = backdrop(actor, moment, size)
    whole = Window(window.focal, window.centre, 0, 0, *size)
    body = draw(model, shape, whole, moment.light, only_body=True)
    canvas = canvas * (1 - body.cover[..., None]) + body.colour
    mask = np.zeros(canvas.shape[:2], np.float32)
    _lay_over(canvas, mask, draw(model, shape, window, moment.light), window)
    grid = head_grid()
    pixels = whole.project(shape.camera[: grid.shape[0], : grid.shape[1]])
    pose = moment.pose
    return Shot(_encoded(canvas), landmarks.seen(pixels, model.places), mask, (pose.yaw, pose.pitch, pose.roll))


def _window(shape: Posed, size: tuple[int, int]) -> Window:
    """The part of the frame with the head, hair and collar, which is drawn more finely."""
    width, height = size
    focal, centre = FOCAL_PER_HEIGHT * height, (width / 2, height / 2)
    whole = Window(focal, centre, 0, 0, width, height)
    grid = head_grid()
    neck = int(np.searchsorted(grid.v, 185))
    points = np.concatenate([whole.project(shape.camera[:neck].reshape(-1, 3)), whole.project(shape.strands).reshape(-1, 2)])
    low = np.clip(np.floor(points.min(0)) - 4, 0, (width - 2, height - 2))
    high = np.clip(np.ceil(points.max(0)) + 4, low + 2, (width, height))
    return Window(focal, centre, low[0], low[1], int(high[0] - low[0]), int(high[1] - low[1]), SUPERSAMPLING)


def _lay_over(canvas: F32, mask: F32, drawn: Drawn, window: Window) -> None:
    size = (window.width, window.height)
    colour = cv2.resize(np.minimum(drawn.colour, 1.5), size, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(drawn.cover, size, interpolation=cv2.INTER_AREA)[..., None]
    top, left = int(window.top), int(window.left)
    at = np.s_[top : top + window.height, left : left + window.width]
    canvas[at] = canvas[at] * (1 - cover) + colour
    mask[at] = cv2.resize(drawn.inner, size, interpolation=cv2.INTER_AREA)


def _encoded(linear: F32) -> NDArray[np.uint8]:
    """Linear light to 8-bit, with a shoulder that keeps highlights from clipping."""
    soft = np.where(linear > 0.7, 0.7 + 0.3 * np.tanh((linear - 0.7) / 0.3), linear)
    return _TO_SRGB[np.clip(soft * 4095 + 0.5, 0, 4095).astype(np.uint16)]


_TO_SRGB = np.rint((np.arange(4096) / 4095) ** (1 / 2.2) * 255).astype(np.uint8)
