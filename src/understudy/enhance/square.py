"""Where a face lies in the squares that restorers of faces were trained on.

Source: T. Karras, S. Laine, T. Aila, "A Style-Based Generator Architecture for Generative
Adversarial Networks", CVPR 2019 (FFHQ); the five points are facexlib's mean of its faces at 512.
"""

from __future__ import annotations

import numpy as np

from understudy.geometry import Space, Warp, five_points, umeyama
from understudy.types import Alignment

_SIDE = 512
_FIVE_INDICES = np.array(
    (
        (192.98138, 239.94708),
        (318.90277, 240.1936),
        (256.63416, 314.01935),
        (201.26117, 371.41043),
        (313.08905, 371.15118),
    )
)
"""Right eye, left eye, nose tip, right and left mouth corner; centres at integers."""


def square_from_frame(alignment: Alignment, face_px: int) -> Warp:
    """The similarity that brings a face's five points onto those of FFHQ's square.

    Args:
        alignment: of the face.
        face_px: side of the square.

    Convention: pixel i covers [i, i+1).
    """
    target = (_FIVE_INDICES + 0.5) * (face_px / _SIDE)
    matrix = umeyama(five_points(alignment.landmarks), target)
    return Warp(matrix, alignment.unit_from_frame.src, Space("square:ffhq", face_px, face_px))
