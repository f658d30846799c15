"""What can be told from 68 landmarks alone: five points, eye distance, misalignment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.geometry.space import Float64
from understudy.geometry.templates import BOOK_5, INNER, MEAN_FACE_51, PARTS

_MOUTH_CORNERS = [48, 54]
_NOSE_TIP = 30


def five_points(landmarks: NDArray[np.floating]) -> Float64:
    """(5, 2) right eye centre, left eye centre, nose tip, right and left mouth corner."""
    points = np.asarray(landmarks, np.float64)
    eyes = [points[PARTS["right_eye"]].mean(0), points[PARTS["left_eye"]].mean(0)]
    return np.stack([*eyes, points[_NOSE_TIP], *points[_MOUTH_CORNERS]])


def eye_distance(landmarks: NDArray[np.floating]) -> float:
    """Distance between the outer eye corners, the usual yardstick for landmark errors."""
    points = np.asarray(landmarks, np.float64)
    return float(np.linalg.norm(points[45] - points[36]))


def average_distance(landmarks_unit: NDArray[np.floating]) -> float:
    """Mean distance (L1, per coordinate) of aligned inner points from the mean face.

    Small for a plausible face; large when landmarks failed.
    """
    return float(np.abs(np.asarray(landmarks_unit)[INNER] - MEAN_FACE_51).mean())


def book_5_unit() -> Float64:
    """The book's five points moved from its face box into the unit square of the mean face.

    The mean face's own five points are the landmarks there; the similarity of least squares
    between the two sets carries the template over, so crops of both kinds have one scale.
    """
    from understudy.geometry.fit import umeyama

    mean_68 = np.vstack([np.zeros((17, 2)), MEAN_FACE_51])
    matrix = umeyama(BOOK_5, five_points(mean_68))
    return BOOK_5 @ matrix[:2, :2].T + matrix[:2, 2]
