"""A face's 68 landmarks and the warp that brings them onto the mean face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import (
    INNER,
    N_LANDMARKS,
    UNIT,
    Centering,
    Float64,
    Pose,
    Space,
    Warp,
    crop_from_unit,
    fit_pose,
    five_points,
    umeyama,
)
from understudy.geometry.facemesh.framing import unit_from_mesh
from understudy.geometry.landmarks import average_distance, book_5_unit
from understudy.geometry.templates import MEAN_FACE_51, MEAN_JAW_17
from understudy.types.check import frozen_array

TEMPLATES = ("mesh", "mean51", "mean68", "book5", "eyes")
_EYES = slice(36, 48)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Landmarks in frame pixels and where the face's unit square lies.

    Attributes:
        landmarks: (68, 2) float64, frame pixels (pixel i covers [i, i+1)).
        unit_from_frame: similarity from the frame onto the unit square of the mean face.
    """

    landmarks: Float64
    unit_from_frame: Warp

    def __post_init__(self) -> None:
        points = frozen_array("landmarks", self.landmarks, (N_LANDMARKS, 2), np.float64)
        object.__setattr__(self, "landmarks", points)

    def __repr__(self) -> str:
        x, y = self.landmarks.mean(0)
        return f"Alignment({N_LANDMARKS} landmarks around ({x:.1f}, {y:.1f}))"

    @classmethod
    def fit(
        cls,
        landmarks: NDArray[np.floating],
        frame: Space,
        template: str = "mean51",
        mesh: NDArray[np.floating] | None = None,
    ) -> Alignment:
        """Align by least squares.

        Args:
            landmarks: (68, 2) frame pixels.
            frame: the frame's grid.
            template: "mean51" fits the 51 inner points (the field's convention); "mean68"
                fits the jaw as well; "book5" fits the book's five points (eye centres, nose tip,
                mouth corners); "eyes" fits the twelve points of the eyes; "mesh" fits a face at
                rest that lies as the mesh does, so that the mouth has no say, and is "mean51" where
                there is no mesh.
            mesh: (1434,) as `Face.extras` has it, for the template of this name.

        Raises:
            ValueRefused: wrong shape, coinciding points, or an unknown template.
        """
        points = frozen_array("landmarks", landmarks, (N_LANDMARKS, 2), np.float64)
        if template == "mesh" and mesh is not None:
            matrix = unit_from_mesh(mesh)
        elif template in ("mean51", "mesh"):
            matrix = umeyama(points[INNER], MEAN_FACE_51)
        elif template == "mean68":
            matrix = umeyama(points, np.vstack([MEAN_JAW_17, MEAN_FACE_51]))
        elif template == "book5":
            matrix = umeyama(five_points(points), book_5_unit())
        elif template == "eyes":
            matrix = umeyama(points[_EYES], MEAN_FACE_51[_EYES.start - 17 : _EYES.stop - 17])
        else:
            raise ValueRefused(f"template: expected one of {TEMPLATES}, got {template!r}")
        return cls(points, Warp(matrix, frame, UNIT))

    @property
    def landmarks_unit(self) -> Float64:
        """(68, 2) landmarks in the unit square."""
        return self.unit_from_frame.points(self.landmarks)

    @property
    def distance(self) -> float:
        """How far the inner points lie from the mean face, whatever the face's template.

        They are fitted onto it first; see `geometry.average_distance`.
        """
        matrix = umeyama(self.landmarks[INNER], MEAN_FACE_51)
        return average_distance(self.landmarks @ matrix[:2, :2].T + matrix[:2, 2])

    @property
    def pose(self) -> Pose:
        """Where the head looks; fitted on first use, then remembered."""
        return _pose(self.landmarks_unit.tobytes())

    def crop(self, size: int, coverage: float = 1.0, centering: Centering = "face") -> Warp:
        """`crop_from_frame`: the warp to a square crop of `size` pixels around this face."""
        return crop_from_unit(self.pose, size, coverage, centering) @ self.unit_from_frame


@lru_cache(maxsize=4096)
def _pose(landmarks_unit: bytes) -> Pose:
    return fit_pose(np.frombuffer(landmarks_unit, np.float64).reshape(N_LANDMARKS, 2))
