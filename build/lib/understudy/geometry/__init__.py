"""Pixel grids, warps, boxes, landmark schemes, mean faces, similarity fit, crops and pose."""

from understudy.geometry.crops import CENTERINGS, Centering, corners, crop_from_unit, sub_crop_size
from understudy.geometry.fit import umeyama
from understudy.geometry.landmarks import average_distance, eye_distance, five_points
from understudy.geometry.pose import Pose, fit_pose
from understudy.geometry.space import UNIT, Float64, Space, Warp
from understudy.geometry.templates import INNER, MASK_HULLS, N_LANDMARKS, PARTS

__all__ = [
    "CENTERINGS",
    "INNER",
    "MASK_HULLS",
    "N_LANDMARKS",
    "PARTS",
    "UNIT",
    "Centering",
    "Float64",
    "Pose",
    "Space",
    "Warp",
    "average_distance",
    "corners",
    "crop_from_unit",
    "eye_distance",
    "fit_pose",
    "five_points",
    "sub_crop_size",
    "umeyama",
]
