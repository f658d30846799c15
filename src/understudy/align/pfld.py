"""PFLD: 68 points from a small crop, for when time matters most.

Source: X. Guo, S. Li, J. Zhang, J. Ma, L. Ma, W. Liu, H. Ling, "PFLD: A Practical Facial Landmark
Detector", arXiv 1902.10859, 2019.

Convention: frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.align.manifest import PFLD_68
from understudy.backends.onnx import OnnxModel
from understudy.geometry import Float64
from understudy.imaging.depth import to_unit
from understudy.imaging.squares import cut_square, into_frame
from understudy.types import Faces
from understudy.weights.opening import opened

_SIZE_PX, _ROOM = 112, 1.1


class PfldAligner:
    """Finds 68 landmarks; `align.Aligner` says what goes in and comes out."""

    def __init__(self, device: str = "cpu") -> None:
        self._model = opened(PFLD_68, partial(OnnxModel, device=device), "an ONNX model")

    def align(self, frame: NDArray[Any], faces: Faces) -> Faces:
        """Fill in landmarks; see `align.Aligner.align`."""
        found = [self._one(frame, square) for square in pfld_squares(faces)]
        return replace(faces, landmarks=np.reshape(found, (-1, 68, 2)))

    def _one(self, frame: NDArray[Any], square: Float64) -> Float64:
        # Trained on pictures as OpenCV reads them, blue first.
        bgr = cut_square(frame, square, _SIZE_PX)[:, :, ::-1]
        picture = to_unit(np.ascontiguousarray(bgr.transpose(2, 0, 1)[None]))
        points = self._model(picture)[0].reshape(68, 2).astype(np.float64) * _SIZE_PX
        return into_frame(points, square, _SIZE_PX)


def pfld_squares(faces: Faces) -> Float64:
    """(n, 4) squares around boxes; around the landmarks, and upright, where there are some."""
    boxes, roll = faces.boxes_xyxy, np.zeros(len(faces))
    if faces.landmarks is not None:
        points = faces.landmarks
        across = points[:, 45] - points[:, 36]
        roll = np.arctan2(across[:, 1], across[:, 0])
        brow, chin = points[:, 17:27].mean(1), points[:, 8]
        height = np.linalg.norm(brow - chin, axis=1)
        down = np.column_stack([-np.sin(roll), np.cos(roll)])
        middle = (brow + chin) / 2 - (_FOREHEAD / 2 * height)[:, None] * down
        side = _ROOM * (1 + _FOREHEAD) * height
        return np.column_stack([middle, np.maximum(side, 1.0), roll])
    sides = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.column_stack([centre, np.maximum(_ROOM * sides.max(1, initial=0.0), 1.0), roll])


_FOREHEAD = 0.25
"""How far a detector's box reaches above the brows, in heights from brow to chin."""
