"""The model that the field began with, and its smaller sibling.

Source: the autoencoder published as "deepfakes" in 2017, as "Exploring Deepfakes" (2023) and
Faceswap describe it; layer sizes give 82.1 and 51.1 million parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from understudy.nn.blocks import Down, Up, glorot
from understudy.swap import Crop, Recipe
from understudy.swap.standard import SharedEncoder

_CROP = Crop(input_px=64, output_px=64, centering="legacy", coverage=1.0)
_RECIPE = Recipe(learning_rate=5e-5, betas=(0.5, 0.99), dssim=1.0, mae=1.0)


class Original(SharedEncoder):
    """64 px in and out; encoder 128 to 1024, dense 1024, decoders 256 to 64."""

    crop = _CROP
    recipe = _RECIPE

    def __init__(self, options: None, persons: Sequence[str]) -> None:
        encoder = nn.Sequential(
            Down(3, 128),
            Down(128, 256),
            Down(256, 512),
            Down(512, 1024),
            nn.Flatten(),
            nn.Linear(4 * 4 * 1024, 1024),
            nn.Linear(1024, 4 * 4 * 1024),
            nn.Unflatten(1, (1024, 4, 4)),
            Up(1024, 512),
        )
        super().__init__(persons, encoder, [_decoder(512, 256, 128, 64) for _ in persons])
        glorot(self)


class Lightweight(SharedEncoder):
    """64 px in and out; encoder 128 to 512, dense 512, decoders 512 to 128."""

    crop = _CROP
    recipe = _RECIPE

    def __init__(self, options: None, persons: Sequence[str]) -> None:
        encoder = nn.Sequential(
            Down(3, 128),
            Down(128, 256),
            Down(256, 512),
            nn.Flatten(),
            nn.Linear(8 * 8 * 512, 512),
            nn.Linear(512, 4 * 4 * 512),
            nn.Unflatten(1, (512, 4, 4)),
            Up(512, 256),
        )
        super().__init__(persons, encoder, [_decoder(256, 512, 256, 128) for _ in persons])
        glorot(self)


def _decoder(*widths: int) -> nn.Sequential:
    steps = [Up(i, o) for i, o in pairwise(widths)]
    return nn.Sequential(*steps, nn.Conv2d(widths[-1], 3, 5, padding=2), nn.Sigmoid())
