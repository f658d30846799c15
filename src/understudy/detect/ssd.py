"""What S3FD and RetinaFace share: frames of one size run together, boxes measured from anchors.

Source: W. Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016; numbers of the anchors by
each network's own paper.

Convention: pixel i covers [i, i+1); anchors are centre x, centre y, width, height.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from understudy.detect.picture import shrunk
from understudy.geometry import Float64
from understudy.nn.inference import Runner
from understudy.types import Faces

_MEAN_BGR = np.array([104.0, 117.0, 123.0], np.float32)
_CENTRE_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2


def detect_by_size(
    frames: Sequence[NDArray[Any]],
    longest_px: int,
    run: Runner,
    read: Callable[[list[Tensor], int, int], Faces],
) -> list[Faces]:
    """Run a network over frames, those of one size together.

    Args:
        frames: (h, w, 3) uint8 RGB.
        longest_px: longer side of what the network sees at most.
        run: the network; it eats (n, 3, h, w) BGR less the mean of its training pictures.
        read: from the outputs for one picture (without the batch's axis), its width and its
            height to faces in picture pixels.

    Returns:
        One `Faces` per frame, in frame pixels.
    """
    pictures = [shrunk(frame, longest_px) for frame in frames]
    found = [Faces.none()] * len(frames)
    for shape in dict.fromkeys(picture.shape for picture, _ in pictures):
        alike = [i for i, (picture, _) in enumerate(pictures) if picture.shape == shape]
        for start in range(0, len(alike), run.batch):
            chosen = alike[start : start + run.batch]
            stack = np.stack([pictures[i][0] for i in chosen])[..., ::-1] - _MEAN_BGR
            outputs = run(np.ascontiguousarray(stack.transpose(0, 3, 1, 2)))
            for row, i in enumerate(chosen):
                faces = read([o[row].cpu() for o in outputs], shape[1], shape[0])
                boxes = faces.boxes_xyxy * pictures[i][1]
                found[i] = Faces(boxes, faces.scores, extras=faces.extras)
    return found


def grid(rows: int, columns: int, stride: int, sizes: Sequence[int]) -> Float64:
    """(rows * columns * sizes, 4) anchors in the middle of each cell, in the order of outputs."""
    y, x, size = np.meshgrid(np.arange(rows), np.arange(columns), sizes, indexing="ij")
    parts = [(x + 0.5) * stride, (y + 0.5) * stride, size, size]
    return np.stack([p.ravel().astype(np.float64) for p in parts], 1)


def decoded(anchors: Float64, shifts: Float64) -> Float64:
    """(n, 4) boxes x0, y0, x1, y1 from what the network says of each anchor."""
    centre = anchors[:, :2] + _CENTRE_VARIANCE * shifts[:, :2] * anchors[:, 2:]
    # Shifts of anchors without a face may be anything; e to the 10th is far beyond any picture.
    half = anchors[:, 2:] * np.exp(np.minimum(_SIZE_VARIANCE * shifts[:, 2:], 10)) / 2
    return np.concatenate([centre - half, centre + half], 1)


def decoded_points(anchors: Float64, shifts: Float64) -> Float64:
    """(n, k, 2) points from (n, 2 k) shifts."""
    steps = _CENTRE_VARIANCE * shifts.reshape(len(anchors), shifts.shape[1] // 2, 2)
    return anchors[:, None, :2] + steps * anchors[:, None, 2:]
