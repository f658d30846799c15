"""The face mesh: 468 points from a square around a face, and where that square lies.

Masks draw its outline, aligners map it to the 68 points; both give it the same square, so it lives
below them.

Source: Y. Kartynnik, A. Ablavatski, I. Grishchenko, M. Grundmann, "Real-time Facial Surface
Geometry from Monocular Video on Mobile GPUs", CVPR Workshop on Computer Vision for AR/VR 2019.
The squares follow the published MediaPipe graphs: upright by the line through the eye corners, one
and a half times the longer side of the mesh.

Convention: frame pixels, pixel i covers [i, i+1); squares as in `nn.squares`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.backends.litert import LiteModel
from understudy.backends.mesh.indices import EYE_CORNERS, N_POINTS
from understudy.geometry import Float64
from understudy.imaging.depth import to_unit
from understudy.imaging.squares import cut_square, into_frame, turn

_ROOM = 1.5
"""A square's side in longer sides of the mesh's box; the model was trained with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Meshes:
    """Meshes of n faces of one frame.

    Attributes:
        points: (n, m, 3) float64; x and y in frame pixels, z in the same unit, smaller is nearer
            to the camera.
        presence: (n,) float64, how sure the model is that a face is there, 0..1.
    """

    points: Float64
    presence: Float64


class FaceMesh:
    """Fits a mesh to faces; any thread may use it.

    Args:
        content: the model's bytes, as `weights.opening.opened` hands them out.
    """

    def __init__(self, content: bytes) -> None:
        self._model = LiteModel(content)
        self.size_px = self._model.input_shapes[0][1]

    def __call__(self, frame: NDArray[Any], squares: Float64) -> Meshes:
        """Fit one mesh in each square.

        Args:
            frame: (h, w, 3) uint8 RGB.
            squares: (n, 4), from `squares_from_landmarks`, `squares_from_boxes` or
                `squares_from_meshes`.
        """
        found = [self._one(frame, square) for square in squares]
        if not found:
            return Meshes(np.zeros((0, N_POINTS, 3)), np.zeros(0))
        points, presence = zip(*found, strict=True)
        return Meshes(np.stack(points), np.array(presence))

    def _one(self, frame: NDArray[Any], square: Float64) -> tuple[Float64, float]:
        crop = cut_square(frame, square, self.size_px)
        values = self._model(to_unit(crop[None]))
        points = values[0].reshape(-1, 3).astype(np.float64)
        points[:, 2] *= square[2] / self.size_px
        points[:, :2] = into_frame(values[0].reshape(-1, 3)[:, :2], square, self.size_px)
        return points, sigmoid(float(values[1].ravel()[0]))


def squares_from_boxes(boxes_xyxy: Float64, roll_deg: Float64 | None = None) -> Float64:
    """Squares for faces of which only a box from brow to chin is known.

    Args:
        boxes_xyxy: (n, 4) boxes as MTCNN makes them.
        roll_deg: (n,) how far each face is turned clockwise, or None for upright faces.
    """
    low, high = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
    height = np.maximum(high[:, 1] - low[:, 1], 1.0)
    roll = np.zeros(len(height)) if roll_deg is None else np.radians(roll_deg)
    # What lies below the middle of an upright box lies along the face's own axis of a turned one.
    down = np.column_stack([-np.sin(roll), np.cos(roll)]) * (_BELOW_BOX * height)[:, None]
    return np.column_stack([(low + high) / 2 + down, _SIDE_OF_BOX * height, roll])


_BELOW_BOX, _SIDE_OF_BOX = 0.055, 1.34
"""Centre and side in heights of the box: the mean (deviation 0.017 and 0.046) over 127 faces of
MTCNN's boxes and the squares that their meshes settle in."""


def squares_from_landmarks(landmarks: Float64) -> Float64:
    """Squares for faces whose 68 points are known, or guessed.

    Args:
        landmarks: (n, 68, 2).
    """
    roll = _roll(landmarks[:, 36], landmarks[:, 45])
    low, high = _upright_box(landmarks, roll)
    low[:, 1] -= _FOREHEAD * (high[:, 1] - low[:, 1])
    return _squares(low, high, roll)


_FOREHEAD = 0.23
"""How far the mesh reaches above the brows, in heights from brow to chin (deviation 0.02)."""


def boxes_from_landmarks(landmarks: Float64) -> Float64:
    """The boxes (n, 4) that MTCNN would draw around upright faces of which the 68 points are known.

    Args:
        landmarks: (n, 68, 2).
    """
    squares = squares_from_landmarks(landmarks)
    height = squares[:, 2] / _SIDE_OF_BOX
    middle = squares[:, :2] - np.column_stack([np.zeros(len(height)), _BELOW_BOX * height])
    half = np.column_stack([_WIDTH_OF_BOX * height, height]) / 2
    return np.concatenate([middle - half, middle + half], 1)


_WIDTH_OF_BOX = 0.74
"""Width of MTCNN's boxes in their heights."""


def squares_from_meshes(points: Float64) -> Float64:
    """Squares for the next frame's meshes, or for a second look.

    Args:
        points: (n, m, 2 or more) from `FaceMesh`.
    """
    right, left = EYE_CORNERS
    flat = points[:, :, :2]
    roll = _roll(flat[:, right], flat[:, left])
    return _squares(*_upright_box(flat, roll), roll)


def sigmoid(logit: float) -> float:
    """Where a model gives a logit: how sure it is, 0..1."""
    return float(1 / (1 + np.exp(-np.clip(logit, -60, 60))))


def _roll(right_eye: Float64, left_eye: Float64) -> Float64:
    across = left_eye - right_eye
    return np.arctan2(across[:, 1], across[:, 0])


def _upright_box(points: Float64, roll: Float64) -> tuple[Float64, Float64]:
    """(n, 2) corners of the points' boxes after the faces are turned upright."""
    if not len(points):
        return np.zeros((0, 2)), np.zeros((0, 2))
    upright = np.stack([p @ turn(r) for p, r in zip(points, roll, strict=True)])
    return upright.min(1), upright.max(1)


def _squares(low: Float64, high: Float64, roll: Float64) -> Float64:
    side = _ROOM * np.maximum((high - low).max(1, initial=0.0), 1.0)
    middle = (low + high) / 2
    centre = [turn(r) @ m for m, r in zip(middle, roll, strict=True)]
    return np.column_stack([np.reshape(centre, (-1, 2)), side, roll])
