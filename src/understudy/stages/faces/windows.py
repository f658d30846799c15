"""The part of a frame around a face, as a small frame of its own: few pixels to keep and look at.

It holds every crop that can be cut of the face, so what is converted, composed or found in it is
what it would be in the whole frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from understudy.geometry import Space, Warp
from understudy.geometry.facemesh import N_MESH_WITH_IRISES
from understudy.types import Alignment, Face, Frame, Mask
from understudy.types.frame import frame_space

_AROUND = 2.6
"""Side in sides of the face's box; whoever looks for a face looks in 2.4 of them."""
_SPARE_PX = 8


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A face in its surroundings.

    Attributes:
        frame: the surroundings; a copy, so that the whole frame can go.
        face: in pixels of it.
    """

    frame: Frame
    face: Face


def window_of(frame: Frame, face: Face) -> Window:
    """Cut a window out of a frame.

    Args:
        frame: whole.
        face: in its pixels.
    """
    box = face.box_xyxy
    middle = (box[:2] + box[2:]) / 2
    half = _AROUND / 2 * max(float((box[2:] - box[:2]).max()), 16.0)
    head = face.alignment.crop(64, 1.0, "head").inverse()
    corners = head.points(np.array([[0, 0], [64, 0], [0, 64], [64, 64]], np.float64))
    low = np.minimum(corners.min(0), middle - half) - _SPARE_PX
    high = np.maximum(corners.max(0), middle + half) + _SPARE_PX
    height, width = frame.pixels.shape[:2]
    left, top = np.clip(np.floor(low), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(high), (left + 1, top + 1), (width, height)).astype(int)
    pixels = np.ascontiguousarray(frame.pixels[top:bottom, left:right])
    return Window(Frame(frame.at, pixels, frame.source), _moved(face, int(left), int(top), pixels))


def _moved(face: Face, left: int, top: int, pixels: np.ndarray) -> Face:
    height, width = pixels.shape[:2]
    space = frame_space(width, height)
    by = np.array([left, top], np.float64)
    fit = face.alignment.unit_from_frame
    alignment = Alignment(face.alignment.landmarks - by, _from_window(fit, by, space))
    masks = {
        kind: Mask(kind, mask.alpha, _from_window(mask.grid_from_frame, by, space))
        for kind, mask in face.masks.items()
    }
    extras = dict(face.extras)
    mesh = extras.get("mesh")
    if mesh is not None and mesh.size == 3 * N_MESH_WITH_IRISES:
        points = mesh.reshape(-1, 3).astype(np.float64) - (left, top, 0)
        extras["mesh"] = points.astype(np.float32).ravel()
    box = face.box_xyxy - np.tile(by, 2)
    return replace(face, box_xyxy=box, alignment=alignment, masks=masks, extras=extras)


def _from_window(warp: Warp, by: np.ndarray, space: Space) -> Warp:
    """The same warp, from a window whose corner lies at `by` in the frame."""
    shift = np.array([[1, 0, by[0]], [0, 1, by[1]], [0, 0, 1]])
    return Warp(warp.matrix @ shift, space, warp.dst)
