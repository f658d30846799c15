"""S3FD: a VGG network with anchors at six scales, from 16 to 512 pixels; slow on a CPU, sure.

Source: S. Zhang, X. Zhu, Z. Lei, H. Shi, X. Wang, S. Z. Li, "S3FD: Single Shot Scale-invariant
Face Detector", ICCV 2017.

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

from understudy.detect.manifest import S3FD
from understudy.detect.options import SsdOptions
from understudy.detect.ssd import decoded, detect_by_size, grid
from understudy.geometry.boxes import suppress
from understudy.nn.inference import Runner
from understudy.nn.published import loaded
from understudy.types import Faces

_MIN_CONFIDENCE, _OVERLAP = 0.5, 0.3
_STRIDES, _ANCHOR_STRIDES = (4, 8, 16, 32, 64, 128), 4


class S3fdDetector:
    """Finds faces from 16 pixels up; `detect.Detector` says what goes in and comes out.

    Scores are probabilities.
    """

    def __init__(self, options: SsdOptions | None = None, device: str = "cpu") -> None:
        self._options = options or SsdOptions()
        chosen = self._options.min_confidence
        self._min_confidence = _MIN_CONFIDENCE if chosen is None else chosen
        self._run = Runner(loaded(S3fdNet(), S3FD), device)

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces; see `detect.Detector.detect`.

        Raises:
            ValueRefused: a frame is not (h, w, 3) uint8.
        """
        return detect_by_size(frames, self._options.max_detection_px, self._run, self._read)

    def _read(self, outputs: list[Tensor], _width: int, _height: int) -> Faces:
        return read_faces(outputs, self._min_confidence)


def read_faces(outputs: Sequence[Tensor], min_confidence: float) -> Faces:
    """Faces from the network's outputs for one picture.

    Args:
        outputs: per level face logits (2, h, w) and box shifts (4, h, w).
        min_confidence: faces less sure are dropped.
    """
    boxes, scores = [np.zeros((0, 4))], [np.zeros(0)]
    levels = zip(_STRIDES, outputs[::2], outputs[1::2], strict=True)
    for stride, logits, shifts in levels:
        face = logits.softmax(0)[1].flatten().double().numpy()
        sure = face > min_confidence
        anchors = grid(logits.shape[1], logits.shape[2], stride, [_ANCHOR_STRIDES * stride])
        moves = shifts.flatten(1).T.double().numpy()
        boxes.append(decoded(anchors[sure], moves[sure]))
        scores.append(face[sure])
    found, certain = np.concatenate(boxes), np.concatenate(scores)
    kept = suppress(found, certain, _OVERLAP)
    return Faces(found[kept], certain[kept])


class S3fdNet(nn.Module):
    """(n, 3, h, w) BGR less (104, 117, 123) to logits and shifts of six levels, in turn.

    Names are those of the published weights.
    """

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        for block, (width, convolutions) in enumerate(
            ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), start=1
        ):
            for number in range(1, convolutions + 1):
                self.add_module(f"conv{block}_{number}", nn.Conv2d(channels, width, 3, padding=1))
                channels = width
        self.fc6 = nn.Conv2d(512, 1024, 3, padding=3)
        self.fc7 = nn.Conv2d(1024, 1024, 1)
        self.conv6_1 = nn.Conv2d(1024, 256, 1)
        self.conv6_2 = nn.Conv2d(256, 512, 3, stride=2, padding=1)
        self.conv7_1 = nn.Conv2d(512, 128, 1)
        self.conv7_2 = nn.Conv2d(128, 256, 3, stride=2, padding=1)
        for name, width in (("conv3_3", 256), ("conv4_3", 512), ("conv5_3", 512)):
            self.add_module(f"{name}_norm", _Norm(width))
        for name, width in _HEADS.items():
            logits = 4 if name == "conv3_3_norm" else 2
            self.add_module(f"{name}_mbox_conf", nn.Conv2d(width, logits, 3, padding=1))
            self.add_module(f"{name}_mbox_loc", nn.Conv2d(width, 4, 3, padding=1))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """See the class."""
        features, seen = pictures, {}
        for block, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
            for number in range(1, convolutions + 1):
                features = self._relu(f"conv{block}_{number}", features)
            if block > 2:
                name = f"conv{block}_3_norm"
                seen[name] = self.get_submodule(name)(features)
            features = F.max_pool2d(features, 2, 2)
        for names in (("fc6", "fc7"), ("conv6_1", "conv6_2"), ("conv7_1", "conv7_2")):
            for name in names:
                features = self._relu(name, features)
            seen[names[1]] = features
        found = []
        for name in _HEADS:
            logits = self.get_submodule(f"{name}_mbox_conf")(seen[name])
            if logits.shape[1] == 4:  # the finest level guesses "no face" three ways
                logits = torch.cat([logits[:, :3].amax(1, keepdim=True), logits[:, 3:]], 1)
            found += [logits, self.get_submodule(f"{name}_mbox_loc")(seen[name])]
        return found

    def _relu(self, name: str, features: Tensor) -> Tensor:
        activated: Tensor = self.get_submodule(name)(features).relu()
        return activated


_HEADS = {
    "conv3_3_norm": 256,
    "conv4_3_norm": 512,
    "conv5_3_norm": 512,
    "fc7": 1024,
    "conv6_2": 512,
    "conv7_2": 256,
}


class _Norm(nn.Module):
    """Scales each pixel's features to a learned length per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, features: Tensor) -> Tensor:
        length = features.float().pow(2).sum(1, keepdim=True).sqrt() + 1e-10
        return features / length.to(features.dtype) * self.weight.view(1, -1, 1, 1)
