"""The smallest swap model that trains, for tests of whatever happens around a model.

A checkpoint of it is some hundred kilobytes and an iteration some milliseconds, so a test can kill
and resume a training twenty times. It has all that a real one has: an encoder of everybody's, a
decoder for each person, moments of an optimizer, and a running mean. What it shows is of no use.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from understudy.plugin import Plugin
from understudy.swap import Crop, Recipe
from understudy.swap.standard import SharedEncoder

TINY = Plugin("swap", "tiny", "understudy.testing.tiny:Tiny", "as small as a model can be")


class Tiny(SharedEncoder):
    """32 pixels in and out."""

    crop = Crop(input_px=32, output_px=32, centering="face", coverage=0.8)
    recipe = Recipe(learning_rate=1e-3, warm_up=5, level=8, ema=0.9)

    def __init__(self, options: None, persons: Sequence[str]) -> None:
        start = nn.Sequential(nn.Conv2d(3, 8, 5, 4, 2), nn.ReLU(), nn.Flatten())
        encoder = nn.Sequential(start, nn.Linear(512, 32))
        super().__init__(persons, encoder, [self.decoder() for _ in persons])

    @staticmethod
    def decoder() -> nn.Module:
        """From a code of 32 numbers to a picture."""
        return nn.Sequential(
            nn.Linear(32, 48 * 64), nn.Unflatten(1, (48, 8, 8)), nn.PixelShuffle(4)
        )
