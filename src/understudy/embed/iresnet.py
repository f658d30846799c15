"""ArcFace's residual network in PyTorch, for its published checkpoints and for GPUs.

Every block normalises before its first convolution and ends without an activation. Names and
shapes of the weights are those of the official checkpoints, so these load as they are.

Source: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019;
Duta et al., "Improved Residual Networks for Image and Video Recognition", ICPR 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy.embed.chips import CHIP_PX, arcface_chips, of_length_one
from understudy.embed.manifest import MS1MV3_R50
from understudy.nn.inference import Runner
from understudy.nn.published import loaded
from understudy.types import Alignment

DIMENSIONS = 512
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}
"""Residual blocks of the four stages, by the network's usual name."""


class IResNet(nn.Module):
    """(n, 3, 112, 112) RGB in -1..1 to (n, 512), not of length 1.

    Args:
        depth: one of `BLOCKS`.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        inputs = 64
        for stage, blocks in enumerate(BLOCKS[depth]):
            outputs = 64 << stage
            first = _Block(inputs, outputs, 2)
            rest = (_Block(outputs, outputs, 1) for _ in range(blocks - 1))
            setattr(self, f"layer{stage + 1}", nn.Sequential(first, *rest))
            inputs = outputs
        self.bn2 = nn.BatchNorm2d(512)
        self.fc = nn.Linear(512 * (CHIP_PX // 16) ** 2, DIMENSIONS)
        self.features = nn.BatchNorm1d(DIMENSIONS)

    def forward(self, chips: Tensor) -> Tensor:
        """See the class."""
        x = self.prelu(self.bn1(self.conv1(chips)))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        embedded: Tensor = self.features(self.fc(self.bn2(x).flatten(1)))
        return embedded


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        changed = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        added: Tensor = self.bn3(self.conv2(changed)) + self.downsample(x)
        return added


class ArcFaceTorchEmbedder:
    """ArcFace with ResNet-50 on MS1MV3 in PyTorch, 512 numbers; see `embed.Embedder`."""

    dimensions = DIMENSIONS
    same_person_below = 1.2

    def __init__(self, device: str = "cpu") -> None:
        self._run = _load(device)

    def embed(self, frame: NDArray[Any], alignments: Sequence[Alignment]) -> NDArray[Any]:
        """Embed the faces of one frame; see `embed.Embedder.embed`."""
        if not alignments:
            return np.zeros((0, self.dimensions), np.float32)
        chips = arcface_chips(frame, list(alignments)).transpose(0, 3, 1, 2)
        (vectors,) = self._run((chips / np.float32(127.5) - 1).astype(np.float32))
        return of_length_one(vectors.cpu().numpy())


@lru_cache(maxsize=2)
def _load(device: str) -> Runner:
    """The network, shared by every embedder of the process on that device."""
    return Runner(loaded(IResNet(50), MS1MV3_R50), device)
