"""Building blocks of the field's encoders and decoders.

Source: the "original" autoencoder of 2017 and its descendants; sub-pixel upsampling after Shi et
al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
Convolutional Neural Network", CVPR 2016.

Convention: tensors are (n, channels, h, w) float32.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Down(nn.Sequential):
    """Half the size: convolution with stride 2, then LeakyReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 5, slope: float = 0.1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride=2, padding=kernel // 2),
            nn.LeakyReLU(slope, inplace=True),
        )


class Up(nn.Sequential):
    """Twice the size: 3x3 convolution to four times the channels, LeakyReLU, pixel shuffle."""

    def __init__(self, inputs: int, outputs: int, slope: float = 0.1) -> None:
        super().__init__(
            nn.Conv2d(inputs, 4 * outputs, 3, padding=1),
            nn.LeakyReLU(slope, inplace=True),
            nn.PixelShuffle(2),
        )


class Residual(nn.Module):
    """Two 3x3 convolutions beside a straight path; begins as the identity.

    The second convolution starts at zero, so a fresh net is as good as one without this block.
    """

    def __init__(self, channels: int, slope: float = 0.1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = nn.LeakyReLU(slope)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same shape."""
        return x + self.second(self.activation(self.first(x)))


class ConvNext(nn.Module):
    """A 7x7 convolution of each channel alone, then two dense layers at every place.

    Begins as the identity, as `Residual` does: the last layer starts at zero. A wider look
    around for half the products of a `Residual`, and worth it where depthwise convolutions are
    fast, which is on GPUs.

    Source: Liu, Mao, Wu, Feichtenhofer, Darrell and Xie, "A ConvNet for the 2020s", CVPR 2022;
    its layer scale is left out, since the zero start does its work.
    """

    def __init__(self, channels: int, wider: int = 3) -> None:
        super().__init__()
        self.around = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        # one group is a norm over a whole face: no face's result hangs on its neighbours
        self.norm = nn.GroupNorm(1, channels)
        self.wide = nn.Conv2d(channels, wider * channels, 1)
        self.second = nn.Conv2d(wider * channels, channels, 1)
        self.activation = nn.GELU()
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same shape."""
        return x + self.second(self.activation(self.wide(self.norm(self.around(x)))))


def glorot(module: nn.Module) -> None:
    """Start convolutions and dense layers Glorot-uniform with zero bias, as the field does.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def kaiming(module: nn.Module, slope: float = 0.1) -> None:
    """Start convolutions and dense layers so that signals keep their size through LeakyReLUs.

    Second convolutions of residual blocks stay at zero.

    Source: He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", ICCV 2015.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, a=slope)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for part in module.modules():
        if isinstance(part, Residual | ConvNext):
            nn.init.zeros_(part.second.weight)


def all_finite(tensors: list[Tensor]) -> bool:
    """Whether no number in any of them is NaN or infinite."""
    return all(bool(torch.isfinite(t).all()) for t in tensors)
