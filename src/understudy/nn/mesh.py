"""The face mesh: 468 points from a square around a face, and where that square lies.

Masks draw its outline, aligners map it to the 68 points; both give it the same square, so it lives
below them.

Source: Y. Kartynnik, A. Ablavatski, I. Grishchenko, M. Grundmann, "Real-time Facial Surface
Geometry from Monocular Video on Mobile GPUs", CVPR Workshop on Computer Vision for AR/VR 2019.
The squares follow the published MediaPipe graphs: upright by the line through the eye corners, one
and a half times the longer side of the mesh.

Convention: frame pixels, pixel i covers [i, i+1). A square is (x, y, side, roll): its centre, its
side in pixels and its turn in radians, clockwise as seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Float64
from understudy.nn.litert import LiteModel
from understudy.nn.mesh_indices import EYE_CORNERS, N_POINTS

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
        content: the model's bytes, from `store.weights.weights_bytes(mesh_weights.FACE_MESH)`.
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
        values = self._model(crop[None].astype(np.float32) / 255)
        points = values[0].reshape(-1, 3).astype(np.float64)
        points *= square[2] / self.size_px
        points[:, :2] = points[:, :2] @ _turn(square[3]).T + _corner(square)
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


def squares_from_meshes(points: Float64) -> Float64:
    """Squares for the next frame's meshes, or for a second look.

    Args:
        points: (n, m, 2 or more) from `FaceMesh`.
    """
    right, left = EYE_CORNERS
    flat = points[:, :, :2]
    roll = _roll(flat[:, right], flat[:, left])
    return _squares(*_upright_box(flat, roll), roll)


def cut_square(frame: NDArray[Any], square: Float64, size_px: int) -> NDArray[Any]:
    """A turned square of the frame, resampled to (size_px, size_px, 3) without aliasing.

    Beyond the frame its edge is repeated.
    """
    finer = max(1, round(float(square[2]) / size_px))
    fine_px = size_px * finer
    frame_from_crop = np.column_stack([_turn(square[3]) * (square[2] / fine_px), _corner(square)])
    # OpenCV counts pixel centres as integers.
    frame_from_crop[:, 2] += frame_from_crop[:, :2] @ (0.5, 0.5) - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(
        frame, frame_from_crop, (fine_px, fine_px), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    if finer == 1:
        return crop
    return cv2.resize(crop, (size_px, size_px), interpolation=cv2.INTER_AREA)


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
    upright = np.stack([p @ _turn(r) for p, r in zip(points, roll, strict=True)])
    return upright.min(1), upright.max(1)


def _squares(low: Float64, high: Float64, roll: Float64) -> Float64:
    side = _ROOM * np.maximum((high - low).max(1, initial=0.0), 1.0)
    middle = (low + high) / 2
    centre = [_turn(r) @ m for m, r in zip(middle, roll, strict=True)]
    return np.column_stack([np.reshape(centre, (-1, 2)), side, roll])


def _turn(roll: float) -> Float64:
    """Turns upright coordinates into the frame's."""
    c, s = np.cos(roll), np.sin(roll)
    return np.array([[c, -s], [s, c]])


def _corner(square: Float64) -> Float64:
    half = square[2] / 2
    return square[:2] - _turn(square[3]) @ (half, half)
