"""MediaPipe's full-range face detector: one small network, 2 ms a look on one core.

The network sees 192 x 192 pixels. Of 71 faces from films and stills, scaled until they were so
many of its pixels high, it found at the default confidence: 58 % at 10 pixels, 75 % at 12, 89 %
at 16, 97 % at 20 to 96, 83 % at 160. So the whole frame is looked at once, and where smaller
faces are wanted than that can show, again in overlapping squares, each a little more than half as
large as the ones before. Where nothing is found, a last look at half the size finds a face that
fills the frame.

Sources: V. Bazarevsky, Y. Kartynnik, A. Vakunov, K. Raveendran, M. Grundmann, "BlazeFace:
Sub-millisecond Neural Face Detection on Mobile GPUs", 2019 (also for the weighted mean in place
of non-maximum suppression); MediaPipe's graph of the model (Apache-2.0) for anchors and scales.

Convention: boxes are x0, y0, x1, y1 in frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.backends.litert import LiteModel
from understudy.detect.manifest import MEDIAPIPE_FULL_RANGE
from understudy.detect.mediapipe.looks import VIEW_PX, Square, around, squares, view_of
from understudy.detect.options import MediapipeOptions
from understudy.detect.picture import reduction, shrunk, smallest_px
from understudy.geometry import Float64
from understudy.geometry.boxes import overlap
from understudy.types import Faces
from understudy.weights.opening import opened

_CELLS = 48
_MIN_CONFIDENCE, _OVERLAP = 0.6, 0.3
_CONFIRM = 7.0
"""How wide the look is that confirms a find of a finer look alone, in sides of the find.

In 406 frames and pictures it dropped the only two false finds (a shirt with a printed skull), and
of 122 true ones, looked at so, 121 were found again.
"""

_UP, _WIDTH, _HEIGHT = 0.09, 0.87, 1.13
"""From MediaPipe's square, brow to chin, to the box that aligners expect, in sides of the square.

Over 461 faces that both found, MTCNN's box lay 0.092 higher, was 0.90 wide and 1.17 high
(medians); width and height here are less by what small rolls add (see `_CORNERS`). With these, on
the 423 faces of at most 20 degrees of roll, the two boxes agree to 2 % of the height in place
(deviation 0.04 across, 0.02 down) and 2 % in size (0.07 wide, 0.06 high).
`_UP` goes along the face's own axis: at 34 degrees of roll MTCNN's box lies to the side as well.
"""

_CORNERS = 0.77
"""How much of the face's other side a roll adds to a side of the box; 1 for a rectangle.

From 40 faces of 34 degrees of roll, where MTCNN's boxes were 1.19 wide and 1.32 high.
"""


class MediapipeDetector:
    """Finds faces of up to 60 degrees of roll, and some beyond; see `detect.Detector`.

    Scores are probabilities. `extras["roll_deg"]` is right to 2 degrees up to 45 and too small
    beyond (46 at 60); of faces upside down a half is found, as if they were upright.
    """

    def __init__(self, options: MediapipeOptions | None = None) -> None:
        self._options = options or MediapipeOptions()
        chosen = self._options.min_confidence
        self._min_confidence = _MIN_CONFIDENCE if chosen is None else chosen
        self._model = opened(MEDIAPIPE_FULL_RANGE, LiteModel, "a TFLite model")
        centre = (np.arange(_CELLS) + 0.5) * VIEW_PX / _CELLS
        self._anchors = np.stack([np.tile(centre, _CELLS), np.repeat(centre, _CELLS)], 1)

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces; see `detect.Detector.detect`.

        Raises:
            ValueRefused: a frame is not (h, w, 3) uint8.
        """
        return [self._one(frame) for frame in frames]

    def _one(self, frame: NDArray[Any]) -> Faces:
        options = self._options
        picture, frame_per_picture = shrunk(frame, options.max_detection_px)
        scale = reduction(frame, options.max_detection_px)
        smallest = smallest_px(options.min_face_px, scale)
        height, width = picture.shape[:2]
        coarse, *finer = squares(width, height, smallest)
        looks = [self._look(picture, square) for square in (coarse, *finer)]
        scores, numbers = merged(*(np.concatenate(part) for part in zip(*looks, strict=True)))
        if finer:
            seen = overlap(numbers[:, :4], looks[0][1][:, :4]).max(1, initial=0.0) > _OVERLAP
            kept = [s or self._confirmed(picture, n) for s, n in zip(seen, numbers, strict=True)]
            scores, numbers = scores[np.array(kept, bool)], numbers[np.array(kept, bool)]
        if not len(scores):
            scores, numbers = merged(*self._look(picture, around(width, height, 2.0)))
        boxes, roll_deg = as_other_boxes(numbers)
        return Faces(boxes * frame_per_picture, scores, extras={"roll_deg": roll_deg})

    def _confirmed(self, picture: NDArray[Any], numbers: Float64) -> bool:
        """Whether a find of a finer look alone is still one in the middle of its own look."""
        corner, far = numbers[:2], numbers[2:4]
        side = _CONFIRM * float((far - corner).max())
        x, y = ((corner + far - side) / 2).tolist()
        again = self._look(picture, Square(x, y, side, side))[1][:, :4]
        return bool((overlap(numbers[None, :4], again) > _OVERLAP).any())

    def _look(self, picture: NDArray[Any], square: Square) -> tuple[Float64, Float64]:
        """What the network finds in a square of the picture: (n,) scores and (n, 16) numbers.

        The numbers are the box and six points, as x and y in picture pixels.
        """
        view, corner, picture_per_view = view_of(picture, square)
        found, logits = self._model(view[None].astype(np.float32) / 127.5 - 1.0)
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits[0, :, 0].astype(np.float64), -100, 100)))
        sure = scores > self._min_confidence
        raw = found[0, sure].astype(np.float64).reshape(-1, 8, 2)
        points = raw + self._anchors[sure, None]
        half = raw[:, 1] / 2
        points[:, 1] = points[:, 0] + half
        points[:, 0] -= half
        points = points * picture_per_view + corner
        whole = square.holds(points[:, 0], points[:, 1])
        return scores[sure][whole], points[whole].reshape(-1, 16)


def merged(scores: Float64, numbers: Float64) -> tuple[Float64, Float64]:
    """Overlapping finds as one each: the best score, and the mean weighted by all scores.

    The mean trembles less from frame to frame than the best find alone.

    Args:
        scores: (n,).
        numbers: (n, 4 + k), box first.
    """
    order = np.argsort(-scores, kind="stable")
    kept_scores, kept = [], []
    while len(order):
        near = overlap(numbers[order[:1], :4], numbers[order, :4])[0] > _OVERLAP
        near[0] = True  # also where the box is empty
        group = order[near]
        kept_scores.append(scores[group[0]])
        kept.append(np.average(numbers[group], 0, scores[group]))
        order = order[~near]
    return np.array(kept_scores), np.array(kept).reshape(-1, numbers.shape[1])


def as_other_boxes(numbers: Float64) -> tuple[Float64, Float64]:
    """(n, 4) boxes as the other detectors draw them, and (n,) roll in degrees.

    Args:
        numbers: (n, 16), box, right eye, left eye, and four more points.
    """
    points = numbers.reshape(-1, 8, 2)
    side = (points[:, 1] - points[:, 0]).mean(1, keepdims=True)
    across = points[:, 3] - points[:, 2]
    roll = np.arctan2(across[:, 1], across[:, 0])
    up = np.stack([np.sin(roll), -np.cos(roll)], 1)
    centre = (points[:, 0] + points[:, 1]) / 2 + _UP * side * up
    sine, cosine = _CORNERS * np.abs(np.sin(roll)), np.abs(np.cos(roll))
    width, height = _WIDTH * cosine + _HEIGHT * sine, _HEIGHT * cosine + _WIDTH * sine
    half = side * np.stack([width, height], 1) / 2
    return np.concatenate([centre - half, centre + half], 1), np.degrees(roll)
