"""MTCNN: a pyramid of cheap guesses, then two networks that sift and sharpen them.

Source: K. Zhang, Z. Zhang, Z. Li, Y. Qiao, "Joint Face Detection and Alignment Using Multitask
Cascaded Convolutional Networks", IEEE Signal Processing Letters 23(10), 2016.

Convention: boxes are x0, y0, x1, y1 in frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy.detect.manifest import ONET, PNET, RNET
from understudy.detect.mtcnn.nets import load_nets
from understudy.detect.options import MtcnnOptions
from understudy.detect.picture import reduction, shrunk, smallest_px
from understudy.geometry import Float64
from understudy.geometry.boxes import suppress
from understudy.imaging.resample import resize
from understudy.types import Faces

_WINDOW, _STRIDE = 12, 2
_LEVEL_OVERLAP, _OVERLAP = 0.5, 0.7
_CROPS_AT_ONCE = 256
_MIN_CONFIDENCE = 0.9


class MtcnnDetector:
    """Finds upright faces; `detect.Detector` says what goes in and comes out.

    Scores are probabilities. Frames are looked at one by one, so what else is in the batch
    cannot change a result.
    """

    def __init__(self, options: MtcnnOptions | None = None, device: str = "cpu") -> None:
        self._options = options or MtcnnOptions()
        chosen = self._options.min_confidence
        self._min_confidence = _MIN_CONFIDENCE if chosen is None else chosen
        self._device = torch.device(device)
        self._proposal, self._refine, self._output = load_nets(PNET, RNET, ONET, self._device)

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces; see `detect.Detector.detect`.

        Raises:
            ValueRefused: a frame is not (h, w, 3) uint8.
        """
        with torch.inference_mode():
            return [self._one(frame) for frame in frames]

    def _one(self, frame: NDArray[Any]) -> Faces:
        options = self._options
        picture, frame_per_picture = shrunk(frame, options.max_detection_px)
        scale = reduction(frame, options.max_detection_px)
        found = self._propose(picture, smallest_px(options.min_face_px, scale))
        found = self._judge(self._refine, 24, picture, found.moved, self._options.refine_threshold)
        found = found.thinned(_OVERLAP)
        found = self._judge(self._output, 48, picture, found.moved, self._min_confidence)
        boxes = found.moved
        kept = suppress(boxes, found.scores, _OVERLAP, of_smaller=True)
        return Faces(boxes[kept] * frame_per_picture, found.scores[kept])

    def _propose(self, picture: NDArray[Any], smallest: float) -> _Candidates:
        """Windows that the first network takes for faces, at all scales."""
        levels, source = [], picture
        scale = _WINDOW / smallest
        while min(picture.shape[:2]) * scale >= _WINDOW:
            height, width = (round(side * scale) for side in picture.shape[:2])
            # Halving is cheap: each level is made from the smallest half that is large enough.
            while source.shape[0] >= 2 * height and source.shape[1] >= 2 * width:
                half = (source.shape[1] // 2, source.shape[0] // 2)
                source = resize(source, half, "area")
            level = resize(source, (width, height), "area")
            levels.append(self._level(level, picture))
            scale *= self._options.scale_factor
        return _Candidates.join(levels).thinned(_OVERLAP)

    def _level(self, level: NDArray[Any], picture: NDArray[Any]) -> _Candidates:
        """Windows found in one level of the pyramid, in pixels of the picture."""
        logits, shifts = self._proposal(self._tensor(level[None]))
        face = logits.softmax(1)[0, 1].cpu().numpy()
        rows, columns = np.nonzero(face > self._options.proposal_threshold)
        corner = np.stack([columns, rows], 1) * float(_STRIDE)
        windows = np.concatenate([corner, corner + _WINDOW], 1)
        windows *= [picture.shape[1] / level.shape[1], picture.shape[0] / level.shape[0]] * 2
        scores = face[rows, columns].astype(np.float64)
        found = _Candidates(windows, scores, shifts[0].cpu().numpy()[:, rows, columns].T)
        return found.thinned(_LEVEL_OVERLAP)

    def _judge(
        self,
        net: nn.Module,
        size: int,
        picture: NDArray[Any],
        boxes: Float64,
        threshold: float,
    ) -> _Candidates:
        """The squares around boxes that a network takes for faces."""
        if not len(boxes):
            return _Candidates.join([])
        squares = _squares(boxes)
        crops = np.stack([_crop(picture, square, size) for square in squares])
        parts = [
            net(self._tensor(crops[i : i + _CROPS_AT_ONCE]))
            for i in range(0, len(crops), _CROPS_AT_ONCE)
        ]
        scores = torch.cat([p[0] for p in parts]).softmax(1)[:, 1].double().cpu().numpy()
        shifts = torch.cat([p[1] for p in parts]).cpu().numpy()
        found = _Candidates(squares.astype(np.float64), scores, shifts)
        return found.pick(scores > threshold)

    def _tensor(self, pixels: NDArray[Any]) -> Tensor:
        """(n, h, w, 3) uint8 to (n, 3, h, w) float32 in -1..1."""
        tensor = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
        return (tensor.float() - 127.5) / 128.0


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Windows, how sure a network is of each, and where it would move their sides.

    Overlapping windows are thinned out *before* they are moved, as in the paper's own code: the
    next network then has more to choose from, and is surer in the end (0.990 to 0.999 on stills).
    """

    boxes: Float64
    scores: Float64
    shifts: NDArray[np.float32]

    @staticmethod
    def join(parts: Sequence[_Candidates]) -> _Candidates:
        return _Candidates(
            np.concatenate([np.zeros((0, 4)), *(p.boxes for p in parts)]),
            np.concatenate([np.zeros(0), *(p.scores for p in parts)]),
            np.concatenate([np.zeros((0, 4), np.float32), *(p.shifts for p in parts)]),
        )

    def thinned(self, overlap: float) -> _Candidates:
        return self.pick(suppress(self.boxes, self.scores, overlap))

    def pick(self, chosen: NDArray[Any]) -> _Candidates:
        return _Candidates(self.boxes[chosen], self.scores[chosen], self.shifts[chosen])

    @property
    def moved(self) -> Float64:
        """(n, 4) boxes with each side moved by its shift, in shares of width and height."""
        return self.boxes + self.shifts * np.tile(self.boxes[:, 2:] - self.boxes[:, :2], 2)


def _squares(boxes: Float64) -> NDArray[np.intp]:
    """Squares of whole pixels around the same centres, as long as the longer side."""
    side = np.maximum(np.rint((boxes[:, 2:] - boxes[:, :2]).max(1, initial=1.0)), 1)
    corner = np.rint((boxes[:, :2] + boxes[:, 2:]) / 2 - side[:, None] / 2)
    return np.concatenate([corner, corner + side[:, None]], 1).astype(np.intp)


def _crop(picture: NDArray[Any], square: NDArray[np.intp], size: int) -> NDArray[Any]:
    """A square of the picture, black where it reaches beyond, resampled to `size` pixels."""
    x0, y0, x1, y1 = (int(v) for v in square)
    inside = picture[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    if inside.shape[:2] != (y1 - y0, x1 - x0):
        whole = np.zeros((y1 - y0, x1 - x0, 3), np.uint8)
        top, left = max(-y0, 0), max(-x0, 0)
        whole[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
        inside = whole
    return resize(inside, (size, size), "area")
