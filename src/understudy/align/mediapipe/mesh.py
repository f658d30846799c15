"""MediaPipe's face mesh as 68 landmarks: fast, steady, and free to use.

A box says where a face is, but not how it is turned or how much of it the box holds, so a face of
which only a box is known is looked at twice: the first mesh says where the second square lies. A
face that brings landmarks (a tracker's guess) is looked at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from understudy.align.options import MediapipeOptions
from understudy.backends.mesh.indices import N_POINTS_WITH_IRISES
from understudy.backends.mesh.iris import IrisModel
from understudy.backends.mesh.runtime import (
    FaceMesh,
    squares_from_boxes,
    squares_from_landmarks,
    squares_from_meshes,
)
from understudy.backends.mesh.weights import FACE_MESH, IRIS
from understudy.geometry import Float64
from understudy.geometry.facemesh.to_68 import landmarks_from_meshes
from understudy.types import Faces
from understudy.weights.opening import opened


class MediapipeAligner:
    """Finds 68 landmarks; `align.Aligner` says what goes in and comes out.

    `presence` is the model's own, 0..1. Where a detector knows how far a face is turned, it may
    say so in `extras["roll_deg"]`, (n,) or (n, 1) degrees clockwise. With irises the mesh itself
    is handed on as `extras["mesh"]`, (n, 1434): 478 points x, y, z in frame pixels, z smaller the
    nearer.
    """

    signals: ClassVar = ("mesh",)

    def __init__(self, options: MediapipeOptions | None = None) -> None:
        options = options or MediapipeOptions()
        self._mesh = opened(FACE_MESH, FaceMesh, "a face mesh")
        self._iris = opened(IRIS, IrisModel, "an iris model") if options.iris else None

    def align(self, frame: NDArray[Any], faces: Faces) -> Faces:
        """Fill in landmarks; see `align.Aligner.align`."""
        meshes = self._mesh(frame, first_squares(self._mesh, frame, faces))
        points = self._iris(frame, meshes.points) if self._iris else meshes.points
        landmarks = landmarks_from_meshes(points)
        extras = faces.extras if self._iris is None else {**faces.extras, "mesh": kept(points)}
        return replace(faces, landmarks=landmarks, presence=meshes.presence, extras=extras)


def kept(points: Float64) -> NDArray[np.float32]:
    """Meshes with irises (n, 478, 3) as `Faces.extras` keep them, (n, 1434) a row of x, y, z."""
    return points.reshape(len(points), 3 * N_POINTS_WITH_IRISES).astype(np.float32)


def first_squares(mesh: FaceMesh, frame: NDArray[Any], faces: Faces) -> Float64:
    """(n, 4) squares from the faces' landmarks, else from a first look at their boxes."""
    if faces.landmarks is not None:
        return squares_from_landmarks(faces.landmarks)
    roll = faces.extras.get("roll_deg")
    known = None if roll is None else np.asarray(roll, np.float64).reshape(len(faces))
    squares = squares_from_boxes(faces.boxes_xyxy, known)
    return squares_from_meshes(mesh(frame, squares).points)
