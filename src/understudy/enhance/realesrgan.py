"""Real-ESRGAN's compact network: four times the size, of whatever picture.

Convolutions at the size of the input, whose last one holds the 4x4 pixels of each; they are added
to the input as it is, enlarged by repetition. Names and shapes of the weights are those of the
official files, so these load as they are.

Source: X. Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic
Data", ICCVW 2021; the compact network is `SRVGGNetCompact` of its public code.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from understudy.enhance.manifest import ANIMEVIDEO, GENERAL
from understudy.nn.inference import Runner
from understudy.nn.published import loaded
from understudy.plugin import Weights

SCALE = 4
_FEATURES = 64


class Compact(nn.Module):
    """(n, 3, h, w) RGB 0..1 to (n, 3, 4h, 4w), about 0..1.

    Args:
        depth: convolutions between the first and the last.
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, _FEATURES, 3, 1, 1), nn.PReLU(_FEATURES)]
        for _ in range(depth):
            layers += [nn.Conv2d(_FEATURES, _FEATURES, 3, 1, 1), nn.PReLU(_FEATURES)]
        layers.append(nn.Conv2d(_FEATURES, 3 * SCALE**2, 3, 1, 1))
        self.body = nn.ModuleList(layers)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        x = pictures
        for layer in self.body:
            x = layer(x)
        plain = F.interpolate(pictures, scale_factor=SCALE, mode="nearest")
        return F.pixel_shuffle(x, SCALE) + plain


class RealEsrgan:
    """Four times the size by the general network; see `enhance.Enhancer`."""

    face_px = None
    _record, _depth = GENERAL, 32

    def __init__(self, device: str = "cpu") -> None:
        self.fingerprint = self._record.sha256
        self._run = _load(self._record, self._depth, device)

    def enhance(self, pictures: NDArray[Any]) -> NDArray[Any]:
        """See `enhance.Enhancer.enhance`."""
        planes = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32)
        (found,) = self._run(planes)
        return found.clamp(0, 1).permute(0, 2, 3, 1).contiguous().cpu().numpy()


class RealEsrganAnime(RealEsrgan):
    """The same by the network for drawn films, which has half the layers."""

    _record, _depth = ANIMEVIDEO, 16


@lru_cache(maxsize=2)
def _load(record: Weights, depth: int, device: str) -> Runner:
    """The network, shared by every enhancer of the process on that device."""
    # One by one: a picture's result may not hang on how many there are. In fp32, since bf16 holds
    # no more than 8 bits of a value that is not near 0.
    return Runner(loaded(Compact(depth), record), device, "fp32", 1)
