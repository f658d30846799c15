"""dlib's max-margin network in PyTorch: dlib's own boxes, ten to fifteen times as quick.

The network slides an 80 pixel window over a picture that holds the frame at all scales, laid out
side by side as dlib does it.

Source: D. King, "Max-Margin Object Detection", 2015, and the public headers of dlib (Boost
Software License), which define the layers, the layout and the file.

Convention: boxes are x0, y0, x1, y1 in frame pixels, pixel i covers [i, i+1); dlib's own count
pixel centres as integers, so half a pixel is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from understudy.backends.dlib_file import DlibReader
from understudy.detect.manifest import MMOD
from understudy.detect.options import DlibOptions
from understudy.detect.picture import reduction, resized, scaled, smallest_px
from understudy.geometry import Float64
from understudy.geometry.boxes import suppress
from understudy.types import Faces
from understudy.weights.opening import opened

_WINDOW_PX, _MIN_CONFIDENCE, _OVERLAP = 80, 0.5, 0.338
_MEAN_RGB, _SCALE, _EPSILON = (122.782, 117.001, 104.298), 256.0, 1e-4
_STRIDE, _FIRST = 8, 14
"""An output cell's window centre: 8 pixels a cell, the first at 14."""

_LEVEL, _BETWEEN, _AROUND, _LOWEST = 5 / 6, 10, 11, 5
"""Size of each scale to the one before, space between scales and around all, smallest height."""

_SMALLEST_CANVAS = 29
"""Less than this is nothing for the network's first three layers."""


_DOWN, _WIDTH, _HEIGHT = -0.027, 0.911, 1.198
"""From dlib's square, brow to chin, to the box that aligners expect.

Medians over 98 faces that MTCNN found as well; the deviations are 0.05, 0.09 and 0.16.
"""


class DlibCnnDetector:
    """Finds faces of many poses; `detect.Detector` says what goes in and comes out.

    Scores are the logistic function of dlib's margin: its own threshold of 0 is 0.5.
    """

    def __init__(self, options: DlibOptions | None = None, device: str = "cpu") -> None:
        self._options = options or DlibOptions()
        chosen = self._options.min_confidence
        self._min_confidence = _MIN_CONFIDENCE if chosen is None else chosen
        self._device = torch.device(device)
        self._net = _load(self._device)

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces; see `detect.Detector.detect`.

        Raises:
            ValueRefused: a frame is not (h, w, 3) uint8.
        """
        return [self._one(frame) for frame in frames]

    def _one(self, frame: NDArray[Any]) -> Faces:
        options = self._options
        scale = reduction(frame, options.max_detection_px)
        further = _WINDOW_PX / smallest_px(options.min_face_px, scale)
        picture, frame_per_picture = scaled(frame, options.max_detection_px, further)
        boxes, margins = self.windows(picture)
        scores = 1.0 / (1.0 + np.exp(-margins))
        boxes, scores = boxes[scores > self._min_confidence], scores[scores > self._min_confidence]
        kept = suppress(boxes, scores, _OVERLAP)
        return Faces(
            resized(boxes[kept] + 0.5, _DOWN, _WIDTH, _HEIGHT) * frame_per_picture, scores[kept]
        )

    def windows(self, picture: NDArray[Any]) -> tuple[Float64, Float64]:
        """All windows with a margin above -2: (n, 4) boxes in dlib's counting, (n,) margins."""
        places, width, height = layout(picture.shape[1], picture.shape[0])
        with torch.inference_mode():
            levels = _levels(torch.from_numpy(picture).to(self._device), places)
            canvas = torch.zeros(1, 3, height, width, device=self._device)
            for level, (x, y, w, h) in zip(levels, places, strict=True):
                canvas[:, :, y : y + h, x : x + w] = level
            margins = self._net(canvas)[0, 0].double().cpu().numpy()
        rows, columns = np.nonzero(margins > -2.0)
        centres = np.stack([columns, rows], 1).astype(np.float64) * _STRIDE + _FIRST
        return _in_picture(centres, np.array(places)), margins[rows, columns]


def layout(width: int, height: int) -> tuple[list[tuple[int, int, int, int]], int, int]:
    """Where the scales of a picture lie in dlib's canvas: x, y, width, height each; its size.

    The scales go down a first column, as far as half of what is left would fit beside it, and
    then back up at the right edge, until one would touch the first.
    """
    sizes = [(width, height)]
    while True:
        smaller = (int(sizes[-1][0] * 5 / 6), int(sizes[-1][1] * 5 / 6))
        if not smaller[0] or smaller[1] < _LOWEST:
            break
        sizes.append(smaller)
    total = sum(h + _BETWEEN for _, h in sizes) - 2 * _BETWEEN
    down, before = 0, 0
    for w, h in sizes:
        if w <= width - before - _BETWEEN and (down - height) * 2 >= total - height:
            break
        down, before = down + h + _BETWEEN, w
    down -= _BETWEEN
    places: list[tuple[int, int, int, int]] = []
    y = _AROUND
    while y < down + _AROUND and len(places) < len(sizes):
        w, h = sizes[len(places)]
        places.append((_AROUND, y, w, h))
        y += h + _BETWEEN
    y -= _BETWEEN
    for w, h in sizes[len(places) :]:
        if y - h < _AROUND + height:
            break
        places.append((_AROUND + width - w, y - h, w, h))
        y -= h + _BETWEEN
    across, down = width + 2 * _AROUND, down + 2 * _AROUND
    return places, max(across, _SMALLEST_CANVAS), max(down, _SMALLEST_CANVAS)


class MmodNet(nn.Module):
    """(n, 3, h, w) RGB about 0 to margins (n, 1, h', w'), a cell for every eighth pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(3, 16, 5, 2),
                nn.Conv2d(16, 32, 5, 2),
                nn.Conv2d(32, 32, 5, 2),
                nn.Conv2d(32, 45, 5, padding=2),
                nn.Conv2d(45, 45, 5, padding=2),
                nn.Conv2d(45, 45, 5, padding=2),
            ]
        )
        self.window = nn.Conv2d(45, 1, 9, padding=4)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        for layer in self.layers:
            features = layer(features).relu()
        margins: Tensor = self.window(features)
        return margins

    @classmethod
    def from_bytes(cls, data: bytes) -> MmodNet:
        """The network with the weights of a `mmod_human_face_detector.dat`.

        Raises:
            WeightsError: the bytes are not such a file.
        """
        net, reader = cls(), DlibReader(data)
        for layer in [m for m in net.modules() if isinstance(m, nn.Conv2d)]:
            numbers = torch.from_numpy(reader.numbers("con_4")).double()
            count = layer.weight.numel()
            kernels = numbers[:count].view_as(layer.weight)
            biases = numbers[count:].view(layer.out_channels)
            if layer is not net.window:
                scale, shift = _normalisation(reader)
                kernels, biases = kernels * scale.view(-1, 1, 1, 1), biases * scale + shift
            layer.weight.data = kernels.float()
            layer.bias = nn.Parameter(biases.float())
        return net.requires_grad_(False).eval()


def _normalisation(reader: DlibReader) -> tuple[Tensor, Tensor]:
    """A batch normalisation as a scale and a shift per channel."""
    gamma, beta = torch.from_numpy(reader.numbers("bn_con2")).double().view(2, -1)
    reader.skip(10)  # how the two share one tensor
    _, _, mean, variance = (torch.from_numpy(reader.tensor("bn_con2")).double() for _ in range(4))
    scale = gamma / (variance + _EPSILON).sqrt()
    return scale, beta - scale * mean


def _levels(picture: Tensor, places: Sequence[tuple[int, int, int, int]]) -> list[Tensor]:
    """(1, 3, h, w) as the network wants it at each scale, each made from the one before."""
    mean = torch.tensor(_MEAN_RGB, device=picture.device).view(1, 3, 1, 1)
    level = (picture.permute(2, 0, 1)[None] - mean) / _SCALE
    found = [level]
    for _, _, width, height in places[1:]:
        level = F.interpolate(level, (height, width), mode="bilinear", align_corners=True)
        found.append(level)
    return found


def _in_picture(centres: Float64, places: NDArray[Any]) -> Float64:
    """(n, 4) windows around points of the canvas, in the picture and in dlib's counting."""
    low, high = places[:, :2], places[:, :2] + places[:, 2:] - 1
    nearest = np.clip(centres[:, None], low, high)
    level = np.linalg.norm(centres[:, None] - nearest, axis=2).argmin(1)
    half = (_WINDOW_PX - 1) / 2
    boxes = np.concatenate([centres - half, centres + half], 1) - np.tile(low[level], 2)
    for step in range(int(level.max(initial=0))):
        deeper = level > step
        boxes[deeper] = boxes[deeper] / _LEVEL + 0.3
    return boxes


@lru_cache(maxsize=2)
def _load(device: torch.device) -> MmodNet:
    """The network, shared by every detector of the process on that device."""
    return opened(MMOD, MmodNet.from_bytes, "dlib's MMOD network").to(device)
