"""A small model for machines without a GPU: a recognisable swap after minutes.

Every choice buys learning per second on a CPU. Decoders begin at their person's mean face, so
training spends its time on what differs from it. A dense layer, the cheapest way to draw a whole
picture, sets the scene at 12 px; three light convolutions bring it to 96 px, the last one in half
resolution (sub-pixel). The code is narrow and shared, so that it has room for what both faces do
but not for who they are.

Convention: pictures are (n, 3, s, s) float32 RGB 0..1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from understudy.nn.blocks import Down, Residual, Up
from understudy.swap import Crop, Recipe
from understudy.swap.shared_encoder import SharedEncoder

CODE = 128
WIDTH = 64


class Quick(SharedEncoder):
    """64 px in, 96 px out."""

    crop = Crop(input_px=64, output_px=96, centering="face", coverage=0.8)
    recipe = Recipe(
        learning_rate=1e-3,
        betas=(0.9, 0.99),
        warm_up=50,
        final_rate=0.02,
        ema=0.99,
        dssim=1.0,
        mae=2.0,
        gradient=1.0,
    )

    def __init__(self) -> None:
        encoder = nn.Sequential(
            Down(3, 32),
            Down(32, 64, 3),
            Down(64, 128, 3),
            Down(128, 256, 3),
            nn.Flatten(),
            nn.Linear(4 * 4 * 256, CODE),
        )
        super().__init__(encoder, Decoder(), Decoder())

    def init_from(self, faces_a: Tensor, faces_b: Tensor) -> None:
        """Let each decoder begin at its person's mean face."""
        for side, faces in (("a", faces_a), ("b", faces_b)):
            self.decoders[side].get_parameter("mean").data.copy_(faces.mean(0))


class Decoder(nn.Module):
    """One person: a learned picture of the mean face, and how the code changes it."""

    def __init__(self) -> None:
        super().__init__()
        size = Quick.crop.output_px
        self.mean = nn.Parameter(torch.full((3, size, size), 0.5))
        self.scene = nn.Linear(CODE, 12 * 12 * WIDTH)
        last = nn.Conv2d(WIDTH // 2, 12, 3, padding=1)
        for start in last.parameters():
            nn.init.zeros_(start)
        self.refine = nn.Sequential(
            nn.LeakyReLU(0.1),
            Residual(WIDTH),
            Up(WIDTH, WIDTH),
            Up(WIDTH, WIDTH // 2),
            last,
            nn.PixelShuffle(2),
        )

    def forward(self, code: Tensor) -> Tensor:
        """(n, CODE) to (n, 3, 96, 96)."""
        scene = self.scene(code).view(-1, WIDTH, 12, 12)
        changed: Tensor = self.mean + self.refine(scene)
        return changed
