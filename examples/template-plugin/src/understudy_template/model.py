"""A model of straight lines: a picture to a few numbers, and those to another person's picture.

The numbers are the main directions in which all persons' faces vary, without those that tell the
persons apart. Each person's decoder is one layer. Both begin in closed form and are trained on.

Source: eigenfaces after Turk and Pentland, "Eigenfaces for Recognition", 1991.

Convention: pictures are (n, 3, s, s) float32 RGB 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from understudy.swap import Batch, Crop, Recipe
from understudy.swap.closed_form import ridge, shared_directions
from understudy.swap.standard import SharedEncoder
from understudy_template.options import LinearOptions

_INPUT_PX, _OUTPUT_PX = 32, 48


class LinearSwap(SharedEncoder):
    """32 px in, 48 px out; forward, convert, losses and optimizer are those of the base class."""

    crop = Crop(_INPUT_PX, _OUTPUT_PX, centering="legacy", coverage=1.0)
    recipe = Recipe(learning_rate=1e-3, warm_up=20, level=500, batch=16, warp=0.5)
    encoder: Encoder

    def __init__(self, options: LinearOptions | None, persons: Sequence[str]) -> None:
        code = (options or LinearOptions()).code
        super().__init__(persons, Encoder(code), [Decoder(code) for _ in persons])

    def init_from(self, batches: Sequence[Batch]) -> None:
        """Find the directions, and each person's way from them to pictures by least squares."""
        size = (_INPUT_PX, _INPUT_PX)
        seen = [F.interpolate(b.planes["rgb"], size, mode="area") for b in batches]
        self.encoder.fit(seen)
        for decoder, faces, batch in zip(self.decoders, seen, batches, strict=True):
            cast(Decoder, decoder).fit(self.encoder(faces), batch.planes["rgb"])


class Encoder(nn.Module):
    """(n, 3, 32, 32) to (n, code)."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.layer = nn.Linear(_INPUT_PX**2, code)

    def fit(self, seen: Sequence[Tensor]) -> None:
        """Take the main directions of these faces, a tensor a person."""
        count = self.layer.out_features
        directions, centre = shared_directions([grey(faces) for faces in seen], count)
        self.layer.weight.copy_(directions.T)
        self.layer.bias.copy_(-centre @ directions)

    def forward(self, faces: Tensor) -> Tensor:
        """What the face does."""
        code: Tensor = self.layer(grey(faces))
        return code


class Decoder(nn.Module):
    """(n, code) to (n, 3, 48, 48): one person."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.layer = nn.Linear(code, 3 * _OUTPUT_PX**2)

    def fit(self, code: Tensor, faces: Tensor) -> None:
        """Go from these codes to these faces by least squares."""
        weight, bias = ridge(code, faces.flatten(1))
        self.layer.weight.copy_(weight)
        self.layer.bias.copy_(bias)

    def forward(self, code: Tensor) -> Tensor:
        """How that person does it."""
        flat: Tensor = self.layer(code)
        return flat.view(-1, 3, _OUTPUT_PX, _OUTPUT_PX)


def grey(faces: Tensor) -> Tensor:
    """(n, 3, s, s) to (n, s * s) of zero mean and unit spread: two skins look alike."""
    flat = faces.mean(1).flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(1, keepdim=True) + 1e-4)
