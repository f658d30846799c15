"""dlib's face recognition network in PyTorch, equal to dlib's and several times as quick.

Layers: a 7x7 convolution, 14 residual blocks of two 3x3 convolutions each, the mean over the
picture, and one matrix to 128 numbers. Every convolution is followed by a fixed scale and shift
per channel, which are folded into it here. Convolutions and pools of stride 2 have no padding;
where the two arms of a block differ in size or channels, the smaller is filled up with zeros.

Source: D. King, "High Quality Face Recognition with Deep Metric Learning", 2017, and the public
headers of dlib (Boost Software License), which define the layers and the file.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from understudy.backends.dlib_file import DlibReader

CHIP_PX, DIMENSIONS = 150, 128
_MEAN_RGB, _SCALE = (122.782, 117.001, 104.298), 256.0
_BLOCKS = (
    *[(32, 32, 1)] * 3,
    *[(32, 64, 2), (64, 64, 1), (64, 64, 1), (64, 64, 1)],
    *[(64, 128, 2), (128, 128, 1), (128, 128, 1)],
    *[(128, 256, 2), (256, 256, 1), (256, 256, 1)],
    (256, 256, 2),
)
"""Channels in, channels out and stride of each residual block."""


class DlibResNet(nn.Module):
    """(n, 150, 150, 3) uint8 RGB face chips to (n, 128) float32 identity vectors."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN_RGB).view(1, 3, 1, 1), persistent=False)
        self.stem = nn.Conv2d(3, 32, 7, 2)
        self.blocks = nn.Sequential(*(_Block(*shape) for shape in _BLOCKS))
        self.head = nn.Linear(256, DIMENSIONS, bias=False)

    def forward(self, chips: Tensor) -> Tensor:
        """See the class."""
        pixels = (chips.permute(0, 3, 1, 2).float() - self.mean) / _SCALE
        features = F.max_pool2d(self.stem(pixels).relu(), 3, 2)
        embedded: Tensor = self.head(self.blocks(features).mean((2, 3)))
        return embedded

    @classmethod
    def from_bytes(cls, data: bytes) -> DlibResNet:
        """The network with the weights of a `dlib_face_recognition_resnet_model_v1.dat`.

        Raises:
            WeightsError: the bytes are not such a file.
        """
        net, reader = cls(), DlibReader(data)
        for module in net.modules():
            if isinstance(module, nn.Conv2d):
                _fill(module, reader.numbers("con_4"), reader.numbers("affine_"))
        matrix = torch.from_numpy(reader.numbers("fc_2", integers_before=2)).view(256, DIMENSIONS)
        net.head.weight.data = matrix.T.contiguous()
        return net.requires_grad_(False).eval()


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.first = nn.Conv2d(inputs, outputs, 3, stride, padding=0 if stride > 1 else 1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.second(self.first(features).relu())
        if self.stride > 1:
            features = F.avg_pool2d(features, 2, 2)
            if features.shape != changed.shape:
                like = torch.Size(map(max, features.shape, changed.shape))
                features, changed = _filled_up(features, like), _filled_up(changed, like)
        return (changed + features).relu()


def _filled_up(features: Tensor, like: torch.Size) -> Tensor:
    _, channels, rows, columns = (a - b for a, b in zip(like, features.shape, strict=True))
    return F.pad(features, (0, columns, 0, rows, 0, channels))


def _fill(
    conv: nn.Conv2d, kernels_and_biases: NDArray[np.float32], affine: NDArray[np.float32]
) -> None:
    """Set a convolution from dlib's numbers, with the scale and shift behind it folded in."""
    numbers = torch.from_numpy(kernels_and_biases).double()
    scale, shift = torch.from_numpy(affine).double().view(2, conv.out_channels)
    kernels = numbers[: conv.weight.numel()].view_as(conv.weight)
    biases = numbers[conv.weight.numel() :].view(conv.out_channels)
    conv.weight.data = (kernels * scale.view(-1, 1, 1, 1)).float()
    conv.bias = nn.Parameter((biases * scale + shift).float())
