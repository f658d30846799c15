"""A small model for machines without a GPU: a recognisable swap after minutes.

Every choice buys learning per second on a CPU. What can be had in closed form is not learnt:
before the first iteration the code is made the main directions in which *both* faces vary, each
decoder gets its person's eigenfaces and the least-squares way from the code to them. So training
begins with a swap that is blurred but right, and spends its time on what a linear model cannot
do. A dense layer, the cheapest way to draw a whole picture, sets the scene at 12 px; light
convolutions refine it to 96 px, the last one at half resolution (sub-pixel).

Source: eigenfaces after Turk and Pentland, "Eigenfaces for Recognition", 1991; the start-up is
our own.

Convention: pictures are (n, 3, s, s) float32 RGB 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from understudy.nn.blocks import Down, Residual, Up, kaiming
from understudy.swap import Batch, Crop, Recipe
from understudy.swap.closed_form import eigenfaces, ridge, shared_directions
from understudy.swap.standard import SharedEncoder

CODE = 128
LIGHT = 6
"""Numbers of the code that say how bright and contrasty each colour is; given, not learnt."""
OVAL = (0.62, 0.8)
"""Half axes of what the encoder sees, as shares of half a crop's side."""
EIGENFACES = 96
WIDTH = 64
SCENE_PX = 12
CROP = Crop(input_px=64, output_px=96, centering="legacy", coverage=1.0)


class Quick(SharedEncoder):
    """64 px in, 96 px out."""

    crop = CROP
    instant = True
    recipe = Recipe(
        learning_rate=1.5e-3,
        betas=(0.9, 0.99),
        warm_up=40,
        level=400,
        ema=0.9998,
        dssim=1.0,
        dssim_stride=2,
        mae=2.0,
        gradient=1.0,
        batch=8,
        transform=0.2,
    )
    encoder: Encoder

    def __init__(self, options: None, persons: Sequence[str]) -> None:
        super().__init__(persons, Encoder(), [Decoder() for _ in persons])

    def init_from(self, batches: Sequence[Batch]) -> None:
        """Fit code, eigenfaces and the way between them to the faces in closed form."""
        size = (CROP.input_px, CROP.input_px)
        inputs = [
            F.interpolate(batch.planes["rgb"], size, mode="bilinear", antialias=True)
            for batch in batches
        ]
        found = [self.encoder.features(seen)[0] for seen in inputs]
        directions, centre = shared_directions(found, CODE - LIGHT)
        self.encoder.code.weight.copy_(directions.T)
        self.encoder.code.bias.copy_(-centre @ directions)
        for decoder, seen, batch in zip(self.decoders, inputs, batches, strict=True):
            planes = batch.planes
            cast(Decoder, decoder).fit(self.encoder(seen), planes["rgb"], planes["weight"])


class Encoder(nn.Module):
    """A face to what it does: (n, 3, 64, 64) to (n, CODE).

    The net sees the face in grey with its middle brought to zero mean and unit spread, so that
    two skins, or one skin in two lights, look alike to it. What that took away is told to the
    decoders in `LIGHT` numbers beside what the net finds: mean and spread of each colour. Beyond
    a soft oval it sees nothing, for hair and background tell who it is and where.
    """

    centre: Tensor
    oval: Tensor
    luma: Tensor

    def __init__(self) -> None:
        super().__init__()
        at = (torch.arange(CROP.input_px) + 0.5) / CROP.input_px * 2 - 1
        bell = torch.exp(-(at**2) / (2 * 0.4**2))
        bell = torch.outer(bell, bell)
        self.register_buffer("centre", bell / bell.sum(), persistent=False)
        radius = torch.hypot(at[None, :] / OVAL[0], at[:, None] / OVAL[1])
        self.register_buffer("oval", torch.sigmoid((1 - radius) * 16), persistent=False)
        luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
        self.register_buffer("luma", luma, persistent=False)
        self.body = nn.Sequential(
            Down(1, 32), Down(32, 64, 3), Down(64, 128, 3), Down(128, 256, 3), nn.Flatten()
        )
        self.code = nn.Linear(256 * (CROP.input_px // 16) ** 2, CODE - LIGHT)
        kaiming(self)

    def features(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, 64, 64) to what the net finds (n, 4096) and the light (n, LIGHT)."""
        mean, spread = self._moments(faces)
        light = torch.cat([(mean - 0.5) * 6, spread.log() + 2], 1).flatten(1)
        grey = (faces * self.luma).sum(1, keepdim=True)
        mean, spread = self._moments(grey)
        return self.body((grey - mean) / spread * self.oval), light

    def forward(self, faces: Tensor) -> Tensor:
        """(n, 3, 64, 64) to (n, CODE)."""
        found, light = self.features(faces)
        return torch.cat([self.code(found), light], 1)

    def _moments(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and spread of each plane's middle, (n, c, 1, 1) each."""
        mean = (planes * self.centre).sum((2, 3), keepdim=True)
        variance = ((planes - mean) ** 2 * self.centre).sum((2, 3), keepdim=True)
        return mean, (variance + 1e-4).sqrt()


class Decoder(nn.Module):
    """One person: eigenfaces, and convolutions for all that is not linear."""

    mean: Tensor
    basis: Tensor

    def __init__(self) -> None:
        super().__init__()
        pixels = 3 * CROP.output_px**2
        self.register_buffer("mean", torch.full((pixels,), 0.5))
        self.register_buffer("basis", torch.zeros(EIGENFACES, pixels))
        self.coefficients = nn.Linear(CODE, EIGENFACES)
        self.scene = nn.Linear(CODE, SCENE_PX**2 * WIDTH)
        last = nn.Conv2d(WIDTH // 2, 12, 3, padding=1)
        self.refine = nn.Sequential(
            nn.LeakyReLU(0.1),
            Residual(WIDTH),
            Up(WIDTH, WIDTH),
            Up(WIDTH, WIDTH // 2),
            last,
            nn.PixelShuffle(2),
        )
        kaiming(self)
        for start in (*self.coefficients.parameters(), *last.parameters()):
            nn.init.zeros_(start)  # at first, what the eigenfaces show is all there is

    def fit(self, code: Tensor, faces: Tensor, weight: Tensor) -> None:
        """Take the person's eigenfaces, and go to them from the code by least squares.

        Args:
            code: (n, CODE) of these faces.
            faces: (n, 3, 96, 96).
            weight: (n, 1, 96, 96) how much each pixel counts.
        """
        counts = weight.clamp_max(1).mean(0).expand(3, -1, -1).flatten()
        self.mean, self.basis, targets = eigenfaces(faces.flatten(1), counts, EIGENFACES)
        weight, bias = ridge(code, targets)
        self.coefficients.weight.copy_(weight)
        self.coefficients.bias.copy_(bias)

    def forward(self, code: Tensor) -> Tensor:
        """(n, CODE) to (n, 3, 96, 96)."""
        scene = self.scene(code).view(-1, WIDTH, SCENE_PX, SCENE_PX)
        refined: Tensor = self.refine(scene.contiguous(memory_format=torch.channels_last))
        linear = torch.addmm(self.mean, self.coefficients(code), self.basis)
        return linear.view_as(refined) + refined
