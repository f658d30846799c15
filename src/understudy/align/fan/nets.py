"""FAN's networks: four stacked hourglasses of heat maps, and a ResNet for depth.

Source: A. Bulat, G. Tzimiropoulos, "How far are we from solving the 2D & 3D Face Alignment
problem?", ICCV 2017. Names of modules follow the published checkpoints, so these load strictly.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_STACKS, _LEVELS, _WIDTH, _POINTS = 4, 4, 256, 68


class Fan(nn.Module):
    """(n, 3, 256, 256) RGB 0..1 to (n, 68, 64, 64) heat maps of the last hourglass."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2, self.conv3, self.conv4 = _Block(64, 128), _Block(128, 128), _Block(128, _WIDTH)
        for i in range(_STACKS):
            self.add_module(f"m{i}", _Hourglass())
            self.add_module(f"top_m_{i}", _Block(_WIDTH, _WIDTH))
            self.add_module(f"conv_last{i}", nn.Conv2d(_WIDTH, _WIDTH, 1))
            self.add_module(f"bn_end{i}", nn.BatchNorm2d(_WIDTH))
            self.add_module(f"l{i}", nn.Conv2d(_WIDTH, _POINTS, 1))
            if i < _STACKS - 1:
                self.add_module(f"bl{i}", nn.Conv2d(_WIDTH, _WIDTH, 1))
                self.add_module(f"al{i}", nn.Conv2d(_POINTS, _WIDTH, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """The heat maps."""
        part = self.get_submodule
        x = functional.relu(self.bn1(self.conv1(pictures)))
        x = self.conv4(self.conv3(functional.avg_pool2d(self.conv2(x), 2)))
        for i in range(_STACKS):
            y = part(f"top_m_{i}")(part(f"m{i}")(x))
            y = functional.relu(part(f"bn_end{i}")(part(f"conv_last{i}")(y)))
            heat: Tensor = part(f"l{i}")(y)
            if i < _STACKS - 1:
                x = x + part(f"bl{i}")(y) + part(f"al{i}")(heat)
        return heat


class FanDepth(nn.Module):
    """(n, 3 + 68, 256, 256), picture and a spot per landmark, to (n, 68) depths in pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3 + _POINTS, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _layer(64, 64, 3, 1)
        self.layer2 = _layer(256, 128, 8, 2)
        self.layer3 = _layer(512, 256, 36, 2)
        self.layer4 = _layer(1024, 512, 3, 2)
        self.fc = nn.Linear(2048, _POINTS)

    def forward(self, pictures: Tensor) -> Tensor:
        """The depths."""
        x = functional.relu(self.bn1(self.conv1(pictures)))
        x = functional.max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        depths: Tensor = self.fc(functional.avg_pool2d(x, 7).flatten(1))
        return depths


class _Block(nn.Module):
    """Three convolutions whose outputs are joined, around a shortcut."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        half, quarter = width // 2, width // 4
        self.bn1, self.conv1 = nn.BatchNorm2d(width_in), _conv3(width_in, half)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), _conv3(half, quarter)
        self.bn3, self.conv3 = nn.BatchNorm2d(quarter), _conv3(quarter, quarter)
        self.downsample: nn.Module = nn.Identity()
        if width_in != width:
            wider = nn.Conv2d(width_in, width, 1, bias=False)
            self.downsample = nn.Sequential(nn.BatchNorm2d(width_in), nn.ReLU(), wider)

    def forward(self, x: Tensor) -> Tensor:
        a = self.conv1(functional.relu(self.bn1(x)))
        b = self.conv2(functional.relu(self.bn2(a)))
        c = self.conv3(functional.relu(self.bn3(b)))
        return torch.cat((a, b, c), 1) + self.downsample(x)


class _Hourglass(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        for level in range(_LEVELS, 0, -1):
            for name in ("b1", "b2", "b3") if level > 1 else ("b1", "b2", "b2_plus", "b3"):
                self.add_module(f"{name}_{level}", _Block(_WIDTH, _WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return self._level(_LEVELS, x)

    def _level(self, level: int, x: Tensor) -> Tensor:
        part = self.get_submodule
        low = part(f"b2_{level}")(functional.avg_pool2d(x, 2))
        low = self._level(level - 1, low) if level > 1 else part("b2_plus_1")(low)
        low = functional.interpolate(part(f"b3_{level}")(low), scale_factor=2, mode="nearest")
        up: Tensor = part(f"b1_{level}")(x)
        return up + low


class _Bottleneck(nn.Module):
    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width_in, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or width_in != 4 * width:
            wider = nn.Conv2d(width_in, 4 * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(wider, nn.BatchNorm2d(4 * width))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.downsample(x))


def _layer(width_in: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    first = _Bottleneck(width_in, width, stride)
    return nn.Sequential(first, *(_Bottleneck(4 * width, width, 1) for _ in range(blocks - 1)))


def _conv3(width_in: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(width_in, width, 3, padding=1, bias=False)
