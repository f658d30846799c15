"""Head pose from aligned landmarks: perspective-n-point by Levenberg-Marquardt.

Source: the minimised reprojection error is the textbook one (Hartley and Zisserman, "Multiple
View Geometry", 2nd ed., 7.3); rotations are Rodrigues vectors.

Convention: the camera is the one that the field's files use: focal length 4 and principal point
(0.5, 0.5) in the unit square, head *behind* the image plane (negative depth), x right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.geometry.space import Float64
from understudy.geometry.templates import HEAD_26, HEAD_26_INDICES, N_LANDMARKS

FOCAL, CENTRE = 4.0, 0.5
_FRONTAL = np.array([0.0, 0.0, 0.0, 0.0, 3.2, -58.0])


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where the head looks.

    Attributes:
        rotation: (3, 3) float64, head to camera.
        translation: (3,) float64, in the head model's units (about centimetres).
    """

    rotation: Float64
    translation: Float64

    @property
    def pitch_yaw_roll_deg(self) -> tuple[float, float, float]:
        """Euler angles in degrees; roll is what alignment left over, so nearly 0."""
        r = self.rotation
        pitch = np.arctan2(r[2, 1], r[2, 2])
        yaw = np.arctan2(-r[2, 0], np.hypot(r[2, 1], r[2, 2]))
        roll = np.arctan2(r[1, 0], r[0, 0])
        return float(np.degrees(pitch)), float(np.degrees(yaw)), float(np.degrees(roll))

    def project(self, points_xyz: NDArray[np.floating]) -> Float64:
        """(n, 3) points of the head model to (n, 2) points of the unit square."""
        camera = np.asarray(points_xyz, np.float64) @ self.rotation.T + self.translation
        return FOCAL * camera[:, :2] / camera[:, 2:] + CENTRE


def fit_pose(landmarks_unit: NDArray[np.floating]) -> Pose:
    """The pose whose projection of the head model is nearest to aligned landmarks.

    Args:
        landmarks_unit: (68, 2) landmarks in the unit square, as `Alignment.landmarks_unit`.
    """
    points = np.asarray(landmarks_unit, np.float64)
    if points.shape != (N_LANDMARKS, 2):
        points = points.reshape(N_LANDMARKS, 2)
    target = points[list(HEAD_26_INDICES)]
    params, damping = _FRONTAL.copy(), 1e-3
    residual = _residual(params, target)
    for _ in range(60):
        jacobian = _jacobian(params, target, residual)
        normal = jacobian.T @ jacobian
        step = np.linalg.solve(
            normal + damping * np.diag(np.diag(normal) + 1e-12), -jacobian.T @ residual
        )
        trial = _residual(params + step, target)
        gain = residual @ residual - trial @ trial
        if gain > 0:
            params, residual, damping = params + step, trial, damping / 10
            if gain < 1e-9 * (trial @ trial) + 1e-18:
                break
        else:
            damping *= 10
            if damping > 1e8:
                break
    return Pose(rodrigues(params[:3]), params[3:])


def rodrigues(vector: NDArray[np.floating]) -> Float64:
    """(3,) rotation vector (axis times angle in radians) to a (3, 3) rotation."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = np.asarray(vector, np.float64) / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _residual(params: Float64, target: Float64) -> Float64:
    difference: Float64 = Pose(rodrigues(params[:3]), params[3:]).project(HEAD_26) - target
    return difference.ravel()


def _jacobian(params: Float64, target: Float64, residual: Float64) -> Float64:
    steps = np.array([1e-7, 1e-7, 1e-7, 1e-6, 1e-6, 1e-6])
    columns = [
        (_residual(params + step * np.eye(6)[i], target) - residual) / step
        for i, step in enumerate(steps)
    ]
    return np.stack(columns, 1)
