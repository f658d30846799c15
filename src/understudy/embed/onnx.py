"""Identity networks of the ArcFace family through ONNX Runtime.

They are trained so that the angle between two vectors tells two people apart. Vectors are scaled
to length 1 here, so that the distance that the rest of Understudy goes by does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.backends.onnx import OnnxModel
from understudy.embed.chips import arcface_chips, of_length_one
from understudy.embed.manifest import MOBILEFACENET, W600K_R50
from understudy.plugin import Weights
from understudy.types import Alignment
from understudy.weights.opening import opened

_IMAGENET_MEAN = np.array((0.485, 0.456, 0.406), np.float32) * 255
_IMAGENET_STD = np.array((0.229, 0.224, 0.225), np.float32) * 255


class MobileFaceNetEmbedder:
    """MobileFaceNet, 128 numbers; `embed.Embedder` says what goes in and comes out.

    On 177 faces of fourteen people the pairs of one person lay 0.57 apart in the middle (99 %
    below 1.02), those of two people 1.39 (99 % above 1.16); below 1.08 lie 99.8 % of the first
    and 0.02 % of the second, which were faces of some 60 px.

    Source: Chen et al., "MobileFaceNets", 2018; trained with the ArcFace loss.
    """

    dimensions = 128
    same_person_below = 1.08

    def __init__(self, device: str = "cpu") -> None:
        self._net = _load(MOBILEFACENET, device)

    def embed(self, frame: NDArray[Any], alignments: Sequence[Alignment]) -> NDArray[Any]:
        """Embed the faces of one frame; see `embed.Embedder.embed`."""
        return _embed(self._net, self.dimensions, _IMAGENET_MEAN, _IMAGENET_STD, frame, alignments)


class ArcFaceEmbedder:
    """ArcFace with ResNet-50 on WebFace600K, 512 numbers; see `embed.Embedder`.

    The distance of 1.2 is a cosine of 0.28, a usual threshold; it was not measured here.
    """

    dimensions = 512
    same_person_below = 1.2

    def __init__(self, device: str = "cpu") -> None:
        self._net = _load(W600K_R50, device)

    def embed(self, frame: NDArray[Any], alignments: Sequence[Alignment]) -> NDArray[Any]:
        """Embed the faces of one frame; see `embed.Embedder.embed`."""
        middle = np.float32(127.5)
        return _embed(self._net, self.dimensions, middle, middle, frame, alignments)


def _embed(
    net: OnnxModel,
    dimensions: int,
    mean: NDArray[np.float32] | np.float32,
    std: NDArray[np.float32] | np.float32,
    frame: NDArray[Any],
    alignments: Sequence[Alignment],
) -> NDArray[np.float32]:
    if not alignments:
        return np.zeros((0, dimensions), np.float32)
    inputs = ((arcface_chips(frame, list(alignments)) - mean) / std).transpose(0, 3, 1, 2)
    # One at a time: the file of MobileFaceNet fixes the batch to one.
    found = [net(np.ascontiguousarray(one[None], np.float32))[0][0] for one in inputs]
    return of_length_one(np.stack(found))


@lru_cache(maxsize=2)
def _load(record: Weights, device: str) -> OnnxModel:
    """The network, shared by every embedder of the process on that device."""
    return opened(record, partial(OnnxModel, device=device), "an ONNX model")
