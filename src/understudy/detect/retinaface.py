"""RetinaFace with a quarter of a MobileNet: small, quick, sure of small and large faces.

Sources: J. Deng, J. Guo, Y. Zhou, J. Yu, I. Kotsia, S. Zafeiriou, "RetinaFace: Single-stage Dense
Face Localisation in the Wild", CVPR 2020; M. Najibi et al., "SSH: Single Stage Headless Face
Detector", ICCV 2017.

Convention: boxes are x0, y0, x1, y1 in frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from understudy.detect.manifest import RETINAFACE
from understudy.detect.options import SsdOptions
from understudy.detect.picture import roll_deg
from understudy.detect.ssd import decoded, decoded_points, detect_by_size, grid
from understudy.geometry.boxes import suppress
from understudy.nn.inference import Runner
from understudy.nn.published import loaded
from understudy.types import Faces

_MIN_CONFIDENCE, _OVERLAP = 0.8, 0.4
# Its boxes are MTCNN's to 2 % in place and 5 % in size (medians over 252 faces); they stay.
_ANCHORS = {8: (16, 32), 16: (64, 128), 32: (256, 512)}


class RetinafaceDetector:
    """Finds faces from 10 pixels up; `detect.Detector` says what goes in and comes out.

    Scores are probabilities; `extras["roll_deg"]` comes from the network's eyes.
    """

    def __init__(self, options: SsdOptions | None = None, device: str = "cpu") -> None:
        self._options = options or SsdOptions()
        chosen = self._options.min_confidence
        self._min_confidence = _MIN_CONFIDENCE if chosen is None else chosen
        self._run = Runner(loaded(RetinafaceNet(), RETINAFACE), device)

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces; see `detect.Detector.detect`.

        Raises:
            ValueRefused: a frame is not (h, w, 3) uint8.
        """
        return detect_by_size(frames, self._options.max_detection_px, self._run, self._read)

    def _read(self, outputs: list[Tensor], width: int, height: int) -> Faces:
        shifts, logits, points = outputs
        anchors = np.concatenate(
            [grid(-(-height // s), -(-width // s), s, sizes) for s, sizes in _ANCHORS.items()]
        )
        face = logits.softmax(1)[:, 1].double().numpy()
        sure = face > self._min_confidence
        boxes = decoded(anchors[sure], shifts.double().numpy()[sure])
        kept = suppress(boxes, face[sure], _OVERLAP)
        five = decoded_points(anchors[sure][kept], points.double().numpy()[sure][kept])
        roll = roll_deg(five[:, 0], five[:, 1])
        return Faces(boxes[kept], face[sure][kept], extras={"roll_deg": roll})


class RetinafaceNet(nn.Module):
    """(n, 3, h, w) BGR less (104, 117, 123) to what it says of each anchor.

    Box shifts (n, a, 4), face logits (n, a, 2), shifts of five points (n, a, 10). Names are those
    of the published weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = _Body()
        self.fpn = _Pyramid()
        self.ssh1, self.ssh2, self.ssh3 = _Context(), _Context(), _Context()
        for name, numbers in (("ClassHead", 2), ("BboxHead", 4), ("LandmarkHead", 10)):
            self.add_module(name, nn.ModuleList(_Head(numbers) for _ in range(3)))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """See the class."""
        levels = self.fpn(*self.body(pictures))
        seen = [ssh(f) for ssh, f in zip((self.ssh1, self.ssh2, self.ssh3), levels, strict=True)]
        return [self._heads(name, seen) for name in ("BboxHead", "ClassHead", "LandmarkHead")]

    def _heads(self, name: str, seen: list[Tensor]) -> Tensor:
        heads: Any = self.get_submodule(name)
        return torch.cat([head(features) for head, features in zip(heads, seen, strict=True)], 1)


class _Body(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        first = [(8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)]
        self.stage1 = nn.Sequential(_conv(3, 8, 3, 2), *(_separable(*shape) for shape in first))
        second = [(64, 128, 2), *[(128, 128, 1)] * 5]
        self.stage2 = nn.Sequential(*(_separable(*shape) for shape in second))
        self.stage3 = nn.Sequential(_separable(128, 256, 2), _separable(256, 256, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        one = self.stage1(pictures)
        two = self.stage2(one)
        return one, two, self.stage3(two)


class _Pyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.output1, self.output2, self.output3 = (_conv(n, 64, 1) for n in (64, 128, 256))
        self.merge1, self.merge2 = _conv(64, 64, 3), _conv(64, 64, 3)

    def forward(self, one: Tensor, two: Tensor, three: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        one, two, three = self.output1(one), self.output2(two), self.output3(three)
        two = self.merge2(two + F.interpolate(three, size=two.shape[-2:]))
        one = self.merge1(one + F.interpolate(two, size=one.shape[-2:]))
        return one, two, three


class _Context(nn.Module):
    """Windows of 3, 5 and 7 pixels side by side, the larger ones as 3x3 convolutions in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.conv3X3 = _conv(64, 32, 3, leak=None)
        self.conv5X5_1 = _conv(64, 16, 3)
        self.conv5X5_2 = _conv(16, 16, 3, leak=None)
        self.conv7X7_2 = _conv(16, 16, 3)
        self.conv7x7_3 = _conv(16, 16, 3, leak=None)

    def forward(self, features: Tensor) -> Tensor:
        wider = self.conv5X5_1(features)
        parts = [self.conv3X3(features), self.conv5X5_2(wider)]
        return torch.cat([*parts, self.conv7x7_3(self.conv7X7_2(wider))], 1).relu()


class _Head(nn.Module):
    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.numbers = numbers
        self.conv1x1 = nn.Conv2d(64, 2 * numbers, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(n, h * w * 2 anchors, numbers)."""
        return self.conv1x1(features).permute(0, 2, 3, 1).reshape(len(features), -1, self.numbers)


def _conv(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    leak: float | None = 0.1,
) -> nn.Sequential:
    padding = kernel // 2
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    activation = [] if leak is None else [nn.LeakyReLU(leak)]
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), *activation)


def _separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        *_conv(inputs, inputs, 3, stride, groups=inputs), *_conv(inputs, outputs, 1)
    )
