"""Faces that lie on their side or stand on their head: the frame is turned until one is found.

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
from understudy.types import Faces

_TURNS = (90, 180, 270)


class RotatedDetector:
    """A detector that also looks at the frame turned by right angles.

    Turned looks are taken for frames whose best upright score is below `sure`; the look with the
    best score of all is the one that counts. A detector may take a face upside down for an upright
    one, with a low score: with `sure` above that, the turned look wins. `sure` 0 looks further
    only where nothing was found.

    Results carry `extras["roll_deg"]`: the turn, plus what the detector itself says of the roll.

    Args:
        detector: any that looks at pixels.
        angles_deg: faces' rolls to look for, out of 90, 180 and 270, in the order of looking.
        sure: a score of the detector.

    Raises:
        ValueRefused: an angle is another one, or the detector looks at no pixels.
    """

    def __init__(self, detector: Detector, angles_deg: Sequence[int], sure: float = 0.0) -> None:
        wrong = [angle for angle in angles_deg if angle not in _TURNS]
        if wrong:
            raise ValueRefused(f"rotation: expected angles out of 90, 180, 270, got {wrong}")
        if isinstance(detector, LocatedDetector):
            raise ValueRefused(
                f"rotation: {type(detector).__name__} knows its boxes beforehand; turn rotation off"
            )
        self._detector, self._angles, self._sure = detector, list(angles_deg), sure

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces; see `detect.Detector.detect`."""
        found = [_rolled(faces, 0) for faces in self._detector.detect(frames)]
        for angle in self._angles:
            open_ = [i for i, faces in enumerate(found) if _best(faces) <= self._sure]
            turned = [np.ascontiguousarray(np.rot90(frames[i], angle // 90)) for i in open_]
            for i, faces in zip(open_, self._detector.detect(turned), strict=True):
                if _best(faces) > _best(found[i]):
                    height, width = frames[i].shape[:2]
                    boxes = turned_back(faces.boxes_xyxy, angle, width, height)
                    back = Faces(boxes, faces.scores, extras=faces.extras)
                    found[i] = _rolled(back, angle)
        return found


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


def _best(faces: Faces) -> float:
    return float(faces.scores[0]) if len(faces) else 0.0


def _rolled(faces: Faces, angle_deg: int) -> Faces:
    """With the roll that the detector gave, or none, and the turn; -180 to 180."""
    own = faces.extras.get("roll_deg", np.zeros(len(faces), np.float32))
    roll = (own + angle_deg + 180) % 360 - 180
    return Faces(faces.boxes_xyxy, faces.scores, extras={**faces.extras, "roll_deg": roll})
