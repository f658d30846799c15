"""Faces that a detector took for upright ones, looked at again from all four sides.

Detectors find many faces that stand on their head or lie on their side as if they were upright, and
landmark predictors then fit them the wrong way up, sure of themselves. No one score tells such a
face: each detector has scores of its own (MediaPipe 0.60 to 0.79 where it is wrong, YuNet 0.9,
MTCNN 0.98). But the same detector is surer where the same face is upright (0.89 to 0.97, 0.94,
0.999): so what counts is the best of its looks at the face, where landmarks lie on it.

Convention: boxes are x0, y0, x1, y1 in frame pixels, pixel i covers [i, i+1); angles are those of
`extras["roll_deg"]`, see `detect.Detector`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.detect import Detector, LocatedDetector
from understudy.detect.rotate import turned_back
from understudy.geometry import Float64
from understudy.geometry.boxes import overlap
from understudy.imaging.squares import cut_square
from understudy.types import Faces

_ROOM = 3.0
"""How much of the frame is looked at, in longer sides of the box."""
_SIZES_PX = (96, 256)
_SAME = 0.3
_NEAR = 60
"""Looks whose rolls differ by fewer degrees are one."""


def looks_around(detector: Detector, frame: NDArray[Any], face: Faces) -> Faces:
    """The detector's surest look at a face from each side, the face as it was found first.

    Args:
        detector: that found it; of one that looks at no pixels only the face itself comes back.
        frame: (h, w, 3) uint8 RGB.
        face: one face of that frame, without landmarks.
    """
    if isinstance(detector, LocatedDetector):
        return face
    box = face.boxes_xyxy[0]
    side = _ROOM * float((box[2:] - box[:2]).max())
    size = int(np.clip(round(side), *_SIZES_PX))
    square = np.array([*(box[:2] + box[2:]) / 2, side, 0.0])
    patch = cut_square(frame, square, size)
    turned = [np.ascontiguousarray(np.rot90(patch, k)) for k in range(4)]
    corner, scale = square[:2] - side / 2, side / size
    own = float(np.ravel(face.extras.get("roll_deg", np.zeros(1)))[0])
    found: list[tuple[float, Float64, float]] = []
    for k, look in enumerate(detector.detect(turned)):
        boxes = look.boxes_xyxy if k == 0 else turned_back(look.boxes_xyxy, 90 * k, size, size)
        boxes = boxes * scale + np.tile(corner, 2)
        rolls = np.ravel(look.extras.get("roll_deg", np.zeros(len(look)))) + 90 * k
        for b, score, roll in zip(boxes, look.scores, rolls, strict=True):
            if overlap(b[None], box[None])[0, 0] > _SAME:
                found.append((float(score), b, float((roll + 180) % 360 - 180)))
    # enlarged as the other looks are, the first one may score otherwise than in the whole frame
    as_found = [s for s, _, r in found if _turn(r, own) < _NEAR]
    kept = [(max([*as_found, float(face.scores[0])]), box, own)]
    for one in sorted(found, key=lambda one: -one[0]):
        if all(_turn(one[2], other[2]) >= _NEAR for other in kept):
            kept.append(one)
    return Faces(
        np.stack([b for _, b, _ in kept]),
        np.array([s for s, _, _ in kept]),
        extras={"roll_deg": np.array([r for _, _, r in kept], np.float32)},
    )


def _turn(one_deg: float, two_deg: float) -> float:
    """Degrees between two angles, 0 to 180."""
    return abs((one_deg - two_deg + 180) % 360 - 180)
