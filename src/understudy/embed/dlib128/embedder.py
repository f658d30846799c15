"""dlib's identity embedding: its face chips, and its network in PyTorch.

The network of dlib itself takes 100 to 200 ms a face on a CPU, that of `dlib_resnet` 8 to 16; the
largest difference in any of the 128 numbers is 4e-7.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from understudy.embed.dlib128.chip import face_chip
from understudy.embed.dlib128.resnet import DIMENSIONS, DlibResNet
from understudy.embed.manifest import RESNET_128
from understudy.types import Alignment
from understudy.weights.opening import opened

_FACES_AT_ONCE = 64


class Dlib128Embedder:
    """Embeds faces; `embed.Embedder` says what goes in and comes out."""

    dimensions = DIMENSIONS
    same_person_below = 0.6

    def __init__(self, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._net = _load(self._device)

    def embed(self, frame: NDArray[Any], alignments: Sequence[Alignment]) -> NDArray[Any]:
        """Embed the faces of one frame; see `embed.Embedder.embed`."""
        if not alignments:
            return np.zeros((0, self.dimensions), np.float32)
        pixels = np.ascontiguousarray(frame)
        chips = np.stack([face_chip(pixels, alignment) for alignment in alignments])
        with torch.inference_mode():
            parts = [
                self._net(torch.from_numpy(chips[i : i + _FACES_AT_ONCE]).to(self._device))
                for i in range(0, len(chips), _FACES_AT_ONCE)
            ]
            return torch.cat(parts).cpu().numpy()


@lru_cache(maxsize=2)
def _load(device: torch.device) -> DlibResNet:
    """The network, shared by every embedder of the process on that device."""
    return opened(RESNET_128, DlibResNet.from_bytes, "dlib's identity network").to(device)
