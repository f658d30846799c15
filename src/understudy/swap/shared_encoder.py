"""What all models with one encoder and two decoders have in common."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from understudy.swap import SIDES, Side


class SharedEncoder(nn.Module):
    """One encoder, one decoder a side; nothing to learn from the faces before training."""

    def __init__(self, encoder: nn.Module, decoder_a: nn.Module, decoder_b: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoders = nn.ModuleDict(dict(zip(SIDES, (decoder_a, decoder_b), strict=True)))

    def forward(self, faces: Tensor, side: Side) -> Tensor:
        """Faces of anybody, shown as that side's person."""
        shown: Tensor = self.decoders[side](self.encoder(faces))
        return shown

    def both(self, faces_a: Tensor, faces_b: Tensor) -> tuple[Tensor, Tensor]:
        """Each side's faces through its own decoder, with one pass of the encoder for all."""
        code = self.encoder(torch.cat([faces_a, faces_b]))
        return (
            self.decoders["a"](code[: len(faces_a)]),
            self.decoders["b"](code[len(faces_a) :]),
        )

    def init_from(self, faces_a: Tensor, faces_b: Tensor) -> None:
        """Nothing: these models begin from chance."""
