"""Faces that lie on their side or stand on their head: the frame is looked at turned as well.

Most detectors know upright faces only. Any of them can be wrapped in `RotatedDetector`.

Convention: boxes are x0, y0, x1, y1 in frame pixels, pixel i covers [i, i+1); angles are those of
`extras["roll_deg"]`, see `detect.Detector`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.detect import Detector, LocatedDetector
from understudy.errors import ValueRefused
from understudy.geometry import Float64
from understudy.geometry.boxes import suppress
from understudy.types import Faces

_TURNS = (90, 180, 270)
_ONE_PLACE = 0.5
"""Boxes of several looks that share so much of the smaller one are of one face."""


class RotatedDetector:
    """A detector that also looks at the frame turned by right angles.

    All looks are taken, and at each place the one with the best score counts. Detectors take some
    faces upside down for upright ones, each with scores of its own, so no score of an upright look
    is good enough to end the search; but of one detector's looks at one face that at the upright
    one has the best score.

    Results carry `extras["roll_deg"]`: the turn, plus what the detector itself says of the roll.

    Args:
        detector: any that looks at pixels.
        angles_deg: faces' rolls to look for, out of 90, 180 and 270.

    Raises:
        ValueRefused: an angle is another one, or the detector looks at no pixels.
    """

    def __init__(self, detector: Detector, angles_deg: Sequence[int]) -> None:
        wrong = [angle for angle in angles_deg if angle not in _TURNS]
        if wrong:
            raise ValueRefused(f"rotation: expected angles out of 90, 180, 270, got {wrong}")
        if isinstance(detector, LocatedDetector):
            raise ValueRefused(
                f"rotation: {type(detector).__name__} knows its boxes beforehand; turn rotation off"
            )
        self._detector, self._angles = detector, sorted(set(angles_deg))

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces; see `detect.Detector.detect`."""
        looks = [[_rolled(faces, 0)] for faces in self._detector.detect(frames)]
        for angle in self._angles:
            turned = [np.ascontiguousarray(np.rot90(frame, angle // 90)) for frame in frames]
            for frame, faces, found in zip(
                frames, self._detector.detect(turned), looks, strict=True
            ):
                height, width = frame.shape[:2]
                boxes = turned_back(faces.boxes_xyxy, angle, width, height)
                found.append(_rolled(Faces(boxes, faces.scores, extras=faces.extras), angle))
        return [_best_of(found) for found in looks]


def turned_back(boxes_xyxy: Float64, angle_deg: int, width: int, height: int) -> Float64:
    """Boxes found in a frame that was turned counter-clockwise, in the frame as it was.

    Args:
        boxes_xyxy: (n, 4) pixels of the turned frame.
        angle_deg: 90, 180 or 270, how far it was turned.
        width: of the frame as it was.
        height: of the frame as it was.
    """
    x0, y0, x1, y1 = boxes_xyxy.T
    if angle_deg == 90:
        return np.stack([width - y1, x0, width - y0, x1], 1)
    if angle_deg == 180:
        return np.stack([width - x1, height - y1, width - x0, height - y0], 1)
    return np.stack([y0, height - x1, y1, height - x0], 1)


def _best_of(looks: Sequence[Faces]) -> Faces:
    """The best look at each place, the best score first."""
    faces = Faces.concat(looks)
    if not len(faces):
        return faces
    return faces[suppress(faces.boxes_xyxy, faces.scores, _ONE_PLACE, of_smaller=True)]


def _rolled(faces: Faces, angle_deg: int) -> Faces:
    """With the roll that the detector gave, or none, and the turn; -180 to 180."""
    own = faces.extras.get("roll_deg", np.zeros(len(faces), np.float32))
    roll = (own + angle_deg + 180) % 360 - 180
    return Faces(faces.boxes_xyxy, faces.scores, extras={**faces.extras, "roll_deg": roll})
