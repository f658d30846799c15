"""Face meshes that do something, for tests of what is measured on them.

Convention: canonical space, see `geometry.facemesh`.
"""

from __future__ import annotations

import numpy as np

from understudy.geometry import Float64
from understudy.geometry.facemesh import N_MESH
from understudy.geometry.facemesh.build import LIDS, LIPS, nobody


def acting(
    lids: float = 1.0, mouth_cm: float = 0.0, look_cm: float = 0.0, wide_cm: float = 0.0
) -> Float64:
    """(478, 3) nobody's face, doing something.

    Args:
        lids: how far the eyes are open, as a share of how far nobody opens them.
        mouth_cm: how far the lips are apart, all along.
        look_cm: how far the irises stand to the picture's right.
        wide_cm: how much further out the cheeks are, as another person's may be.
    """
    points = nobody()
    for pairs in LIDS:
        for upper, lower in pairs:
            gap = points[upper] - points[lower]
            points[upper] += gap * (lids - 1) / 2
            points[lower] -= gap * (lids - 1) / 2
    for upper, lower in LIPS:
        now = points[upper, 1] - points[lower, 1]
        points[upper, 1] += (mouth_cm - now) / 2
        points[lower, 1] -= (mouth_cm - now) / 2
    points[N_MESH:, 0] += look_cm
    cheeks = [50, 280]
    points[cheeks, 0] += np.sign(points[cheeks, 0]) * wide_cm
    return points
