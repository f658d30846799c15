"""Mean faces, the 3-D head for pose, and the parts of the 68-point landmark scheme.

Scheme: 68 points, 0-based: jaw 0-16, right brow 17-21, left brow 22-26, nose ridge 27-30, nose
base 31-35, right eye 36-41, left eye 42-47, outer lips 48-59, inner lips 60-67. Right and left
are the person's own.
"""

from __future__ import annotations

import numpy as np

from understudy.geometry.space import Float64


def _constant(rows: object) -> Float64:
    array = np.array(rows, np.float64)
    array.setflags(write=False)
    return array


N_LANDMARKS = 68
INNER = slice(17, 68)
"""The 51 inner points: all but the jaw. Alignment is fitted on these."""

PARTS = {
    "jaw": slice(0, 17),
    "right_brow": slice(17, 22),
    "left_brow": slice(22, 27),
    "nose_ridge": slice(27, 31),
    "nose_base": slice(31, 36),
    "right_eye": slice(36, 42),
    "left_eye": slice(42, 48),
    "outer_lips": slice(48, 60),
    "inner_lips": slice(60, 68),
}

MASK_HULLS = {
    "right_jaw": ((0, 9), (17, 18)),
    "left_jaw": ((8, 17), (26, 27)),
    "right_cheek": ((17, 20), (8, 9)),
    "left_cheek": ((24, 27), (8, 9)),
    "nose_ridge": ((19, 25), (8, 9)),
    "right_eye": ((17, 22), (27, 28), (31, 36), (8, 9)),
    "left_eye": ((22, 27), (27, 28), (31, 36), (8, 9)),
    "nose": ((27, 31), (31, 36)),
}
"""Index ranges [start, end) whose convex hulls, united, are the `components` mask."""

# fmt: off
MEAN_JAW_17 = _constant((
    (-0.0565, 0.2504), (-0.0537, 0.3871), (-0.0335, 0.5238), (0.0029, 0.6582), (0.0536, 0.7883),
    (0.1324, 0.9214), (0.2335, 1.0391), (0.3648, 1.1307), (0.5, 1.1589), (0.6352, 1.1307),
    (0.7665, 1.0391), (0.8676, 0.9214), (0.9464, 0.7883), (0.9971, 0.6582), (1.0335, 0.5238),
    (1.0537, 0.3871), (1.0565, 0.2504),
))
"""The jaw that goes with the 51 inner points: the mean of the two synthetic actors at rest, seen
from the front and mirrored. No published template has one."""
MEAN_FACE_51 = _constant((
    (0.010086, 0.106454),
    (0.085135, 0.038915),
    (0.191003, 0.018748),
    (0.300643, 0.034489),
    (0.40327, 0.077391),
    (0.596729, 0.077391),
    (0.699356, 0.034489),
    (0.808997, 0.018748),
    (0.914864, 0.038915),
    (0.989913, 0.106454),
    (0.5, 0.203352),
    (0.5, 0.307009),
    (0.5, 0.409805),
    (0.5, 0.515625),
    (0.376753, 0.587326),
    (0.435909, 0.609345),
    (0.5, 0.628106),
    (0.56409, 0.609345),
    (0.623246, 0.587326),
    (0.13161, 0.216423),
    (0.196995, 0.178758),
    (0.275698, 0.179852),
    (0.344479, 0.231733),
    (0.270791, 0.245099),
    (0.192616, 0.244077),
    (0.65552, 0.231733),
    (0.724301, 0.179852),
    (0.803005, 0.178758),
    (0.868389, 0.216423),
    (0.807383, 0.244077),
    (0.729208, 0.245099),
    (0.264022, 0.780233),
    (0.350858, 0.745405),
    (0.438731, 0.727388),
    (0.5, 0.742578),
    (0.561268, 0.727388),
    (0.649141, 0.745405),
    (0.735977, 0.780233),
    (0.652032, 0.864805),
    (0.566594, 0.902192),
    (0.5, 0.909281),
    (0.433405, 0.902192),
    (0.347967, 0.864805),
    (0.300252, 0.784792),
    (0.437969, 0.778746),
    (0.5, 0.785343),
    (0.56203, 0.778746),
    (0.699747, 0.784792),
    (0.563237, 0.824182),
    (0.5, 0.831803),
    (0.436763, 0.824182),
))
"""(51, 2) mean position of landmarks 17..67 in the unit square (the convention that Faceswap's
and DeepFaceLab's files use)."""

BOOK_5 = _constant((
    (0.25, 0.22),
    (0.75, 0.22),
    (0.5, 0.51),
    (0.26, 0.78),
    (0.74, 0.78),
))
"""(5, 2) right eye centre, left eye centre, nose tip, right and left mouth corner in the unit
square of the face box ("Exploring Deepfakes", 2023)."""

HEAD_26_INDICES = (
    6, 7, 8, 9, 10, 17, 21, 22, 26, 31, 32, 33, 34,
    35, 36, 39, 42, 45, 48, 50, 51, 52, 54, 56, 57, 58,
)
"""Which of the 68 landmarks the rows of `HEAD_26` are."""

HEAD_26 = _constant((
    (4.056931, -11.432347, 1.636229),
    (1.833492, -12.542305, 4.061275),
    (0.0, -12.901019, 4.070434),
    (-1.833492, -12.542305, 4.061275),
    (-4.056931, -11.432347, 1.636229),
    (6.825897, 1.275284, 4.402142),
    (1.330353, 1.636816, 6.903745),
    (-1.330353, 1.636816, 6.903745),
    (-6.825897, 1.275284, 4.402142),
    (1.930245, -5.060977, 5.914376),
    (0.746313, -5.136947, 6.263227),
    (0.0, -5.485328, 6.76343),
    (-0.746313, -5.136947, 6.263227),
    (-1.930245, -5.060977, 5.914376),
    (5.311432, 0.0, 3.987654),
    (1.78993, -0.091703, 4.413414),
    (-1.78993, -0.091703, 4.413414),
    (-5.311432, 0.0, 3.987654),
    (2.774015, -7.566103, 5.048531),
    (0.509714, -7.056507, 6.566167),
    (0.0, -7.131772, 6.704956),
    (-0.509714, -7.056507, 6.566167),
    (-2.774015, -7.566103, 5.048531),
    (-0.589441, -8.443925, 6.109526),
    (0.0, -8.601736, 6.097667),
    (0.589441, -8.443925, 6.109526),
))
"""(26, 3) head model for pose by PnP; x to the person's left, y down, z towards the camera's
far side as OpenCV has it after alignment (focal length 4, principal point (0.5, 0.5))."""
# fmt: on
