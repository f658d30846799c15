"""The room behind an actor: out-of-focus shapes in soft light, shifted with the camera."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from understudy.actors.look.skin import linear
from understudy.actors.performance import Moment
from understudy.actors.shape.cage import F32
from understudy.actors.shape.cast import Actor
from understudy.geometry import Space, Warp
from understudy.imaging.resample import warp_image

_MARGIN = 0.08


def backdrop(actor: Actor, moment: Moment, size: tuple[int, int]) -> F32:
    """Linear RGB (h, w, 3) of the room in one moment; it moves a third as far as the head does."""
    width, height = size
    plate = _plate(actor, size)
    scale = height / 360 * 0.35
    dx = _MARGIN * width + moment.camera[0] * scale
    dy = _MARGIN * height - moment.camera[1] * scale
    whole = Space("plate", plate.shape[1], plate.shape[0])
    move = Warp(np.array([[1, 0, -dx], [0, 1, -dy]]), whole, Space("frame", width, height))
    shifted = warp_image(plate, move)
    light = moment.light
    level = 0.55 + 0.45 * light.key
    warm = np.array([1 + 0.03 * light.warmth, 1, 1 - 0.05 * light.warmth], np.float32)
    return np.asarray(shifted * (warm * np.float32(level)), np.float32)


@lru_cache(maxsize=4)
def _plate(actor: Actor, size: tuple[int, int]) -> F32:
    w, h = round(size[0] * (1 + 2 * _MARGIN)), round(size[1] * (1 + 2 * _MARGIN))
    rng = np.random.default_rng(sum(actor.name.encode()))
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / h
    wall = linear(actor.scene.wall) * (1.15 - 0.55 * x / x.max() - 0.25 * y)[..., None]
    image = np.ascontiguousarray(wall, np.float32)
    accent = linear(actor.scene.accent)
    shelf = round(h * rng.uniform(0.34, 0.44))
    left = round(w * 0.66)
    cv2.rectangle(
        image, (left, shelf), (w, shelf + h // 50), (image[shelf, left] * 0.35).tolist(), -1
    )
    at = left + w // 40
    while at < w:
        book_w, book_h = round(w * rng.uniform(0.010, 0.026)), round(h * rng.uniform(0.12, 0.22))
        colour = accent * rng.uniform(0.15, 0.9) * (0.6 + 0.8 * rng.uniform(0, 1, 3))
        cv2.rectangle(image, (at, shelf - book_h), (at + book_w, shelf), colour.tolist(), -1)
        at += book_w + round(w * rng.uniform(0.001, 0.012))
    cv2.rectangle(
        image,
        (round(w * 0.06), round(h * 0.05)),
        (round(w * 0.24), round(h * 0.62)),
        (1.0, 1.02, 1.05),
        -1,
    )
    cv2.rectangle(
        image,
        (round(w * 0.145), round(h * 0.05)),
        (round(w * 0.155), round(h * 0.62)),
        (0.3, 0.3, 0.3),
        -1,
    )
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), h / 26), np.float32)
    for _ in range(7):
        centre = (round(w * rng.uniform(0.68, 1.0)), round(h * rng.uniform(0.52, 0.8)))
        glow = np.zeros_like(image)
        cv2.circle(
            glow,
            centre,
            round(h * rng.uniform(0.02, 0.045)),
            (accent * rng.uniform(0.15, 0.5)).tolist(),
            -1,
        )
        image += cv2.GaussianBlur(glow, (0, 0), h / 150)
    return np.asarray(np.clip(image, 0, 1.2), np.float32)
