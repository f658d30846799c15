"""The nets of the hybrid model: a trunk for everybody over the drawn face, and a critic.

Convention: pictures are (n, c, s, s); a code is (n, c).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from understudy.nn.blocks import ConvNext, Residual, Up, kaiming

Kind = Literal["residual", "convnext"]
_SMALLEST_PX = 32
"""The trunk goes down to about this size, where a block sees the whole of an eye or a mouth."""


class Steered(nn.Module):
    """A block whose channels the code turns up and down; without effect at the start.

    Source: E. Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", 2018.
    """

    def __init__(self, kind: Kind, channels: int, code: int) -> None:
        super().__init__()
        self.block = Residual(channels) if kind == "residual" else ConvNext(channels)
        self.turn = nn.Linear(code, 2 * channels)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """(n, c, h, w) to the same shape."""
        gain, shift = self.turn(code)[:, :, None, None].chunk(2, 1)
        return self.block(x * (1 + gain) + shift)


class Trunk(nn.Module):
    """What to do to a drawn face, the same for everybody: a U-Net from half the crop's size down.

    At full size it only looks (pixels are folded into channels): a convolution there costs four
    times one at half, and every head unfolds its answer again.
    """

    def __init__(
        self, inputs: int, crop_px: int, code: int, width: int, depth: int, kind: Kind
    ) -> None:
        super().__init__()
        widths, size = [width], crop_px // 2
        while size > _SMALLEST_PX:
            widths.append(2 * widths[0])
            size //= 2
        self.fold = nn.PixelUnshuffle(2)
        self.first = nn.Conv2d(4 * inputs, width, 3, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(wide, after, 3, stride=2, padding=1) for wide, after in pairwise(widths)
        )
        self.blocks = nn.ModuleList(Steered(kind, widths[-1], code) for _ in range(depth))
        self.up = nn.ModuleList(Up(after, wide) for wide, after in pairwise(widths))
        self.fine = nn.ModuleList(Steered("residual", wide, code) for wide in widths[:-1])
        self.activation = nn.LeakyReLU(0.1)
        kaiming(self)
        for steered in (*self.blocks, *self.fine):
            nn.init.zeros_(steered.turn.weight)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """(n, inputs, s, s) to (n, width, s / 2, s / 2)."""
        x = self.first(self.fold(x).contiguous(memory_format=torch.channels_last))
        beside = []
        for down in self.down:
            beside.append(x)
            x = self.activation(down(self.activation(x)))
        for block in self.blocks:
            x = block(x, code)
        for up, fine, before in reversed(list(zip(self.up, self.fine, beside, strict=True))):
            x = fine(up(x) + before, code)
        return self.activation(x)


class Head(nn.Module):
    """What one person looks like that the drawing did not show: a change of colours and matte.

    It starts at none, so a fresh model shows the drawn face as it is.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 16, 3, padding=1)
        self.activation, self.unfold = nn.LeakyReLU(0.1), nn.PixelShuffle(2)
        kaiming(self)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, s / 2, s / 2) to (n, 4, s, s)."""
        changed: Tensor = self.unfold(self.last(self.activation(self.mix(x))))
        return changed


class Critic(nn.Sequential):
    """Whether each patch of a face is filmed, above 0, or made, below.

    Source: P. Isola, J.-Y. Zhu, T. Zhou, A. A. Efros, "Image-to-Image Translation with Conditional
    Adversarial Networks", CVPR 2017. Without norms: statistics of a batch of faces of several
    persons say who is in it.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__(
            nn.Conv2d(3, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 1, 3, padding=1),
        )
        kaiming(self, 0.2)
