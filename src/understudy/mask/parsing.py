"""Masks from face parsing: every pixel of a crop gets one of 19 classes; chosen ones make the mask.

Parsing sees what landmarks cannot: where hair, hat or background begin. But a hand is skin to it;
`occlusion` adds what knows hands.

Convention: crops are (n, s, s, 3) uint8 RGB, framed as the pictures of CelebAMask-HQ are, with
which both networks were trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from understudy.backends.litert import LiteModel
from understudy.geometry import Warp
from understudy.imaging.depth import to_unit
from understudy.imaging.resample import warp_image
from understudy.mask.grid import face_grid, resampled
from understudy.mask.manifest import BISENET, BISENET_V2
from understudy.mask.options import ParsingOptions, classes_of
from understudy.types import Alignment, Mask
from understudy.weights.opening import opened

COVERAGE = 0.9
"""Share of the head crop that the networks are shown. CelebAMask-HQ's own framing is near 0.8. With
BiSeNet V2 on 37 frames of six clips, 0.6, 0.8, 0.9 and 1.0 found 0.89, 0.97, 0.97 and 0.97 of the
jaw's polygon to be face and overlapped the lips' by 0.71, 0.71, 0.74 and 0.74; below 0.8 labels
also jump more when the face moves."""


class FaceParser(Protocol):
    """A network that classifies the pixels of crops."""

    size_px: int

    def __call__(self, crops: NDArray[np.uint8], classes: frozenset[int]) -> NDArray[np.float32]:
        """(n, s, s) float32 in 0..1: how surely each pixel is of one of the classes."""


class BiSeNetParser:
    """BiSeNet with ResNet-18; a class's share of the softmax makes soft edges."""

    size_px = 512

    def __init__(self, device: str = "cpu") -> None:
        self._run = _bisenet(device)

    def __call__(self, crops: NDArray[np.uint8], classes: frozenset[int]) -> NDArray[np.float32]:
        """See `FaceParser`."""
        pictures = (to_unit(crops) - _MEAN) / _STD
        (logits,) = self._run(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32))
        chosen = logits.softmax(1)[:, sorted(classes)].sum(1)
        return chosen.clamp(0, 1).cpu().numpy()


class BiSeNetV2Parser:
    """BiSeNet V2 in eight bits; it gives labels alone, so edges are as soft as pixels are large."""

    size_px = 448

    def __init__(self) -> None:
        self._model = _bisenet_v2()

    def __call__(self, crops: NDArray[np.uint8], classes: frozenset[int]) -> NDArray[np.float32]:
        """See `FaceParser`."""
        return np.isin(self.labels(crops), sorted(classes)).astype(np.float32)

    def labels(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(n, 448, 448) uint8 classes."""
        inputs = crops.astype(np.float32) / 127.5 - 1
        found = [np.asarray(self._model(one[None])[0]) for one in inputs]
        return np.stack([f.reshape(self.size_px, self.size_px) for f in found]).astype(np.uint8)


_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_STD = np.array((0.229, 0.224, 0.225), np.float32)


class ParsingMasker:
    """Chosen regions of one parser; `mask.Masker` and `mask.BatchMasker`."""

    def __init__(self, kind: str, parser: FaceParser, options: ParsingOptions) -> None:
        self._kind, self._parser, self._options = kind, parser, options
        self._classes = classes_of(options.regions)

    def mask(self, frame: NDArray[Any], alignment: Alignment) -> Mask:
        """The mask of one face; see `mask.Masker.mask`."""
        return self.mask_batch([frame], [alignment])[0]

    def mask_batch(
        self, frames: Sequence[NDArray[Any]], alignments: Sequence[Alignment]
    ) -> list[Mask]:
        """The masks of several faces at once; see `mask.BatchMasker.mask_batch`."""
        grids = [face_grid(alignment, self._options.mask_px) for alignment in alignments]
        alphas = parsed(self._parser, self._classes, frames, alignments, grids)
        return [Mask(self._kind, a, g) for a, g in zip(alphas, grids, strict=True)]


class BiSeNetMasker(ParsingMasker):
    """Face parsing by BiSeNet with ResNet-18."""

    def __init__(self, options: ParsingOptions | None = None, device: str = "cpu") -> None:
        super().__init__("bisenet", BiSeNetParser(device), options or ParsingOptions())


class BiSeNetV2Masker(ParsingMasker):
    """Face parsing by the small BiSeNet V2."""

    def __init__(self, options: ParsingOptions | None = None) -> None:
        super().__init__("bisenet-v2", BiSeNetV2Parser(), options or ParsingOptions())


def parsed(
    parser: FaceParser,
    classes: frozenset[int],
    frames: Sequence[NDArray[Any]],
    alignments: Sequence[Alignment],
    grids: Iterable[Warp],
) -> list[NDArray[np.float32]]:
    """How surely each grid pixel is of one of the classes, a grid a face; 0 beyond the crop."""
    if not alignments:
        return []
    warps = [a.crop(parser.size_px, COVERAGE, "head") for a in alignments]
    crops = np.stack([_cut(f, w) for f, w in zip(frames, warps, strict=True)])
    found = parser(crops, classes)
    return [resampled(one, w, g) for one, w, g in zip(found, warps, grids, strict=True)]


def _cut(frame: NDArray[Any], crop_from_frame: Warp) -> NDArray[np.uint8]:
    """The crop, without aliasing where it is smaller than the face; black beyond the frame."""
    return np.asarray(warp_image(frame, crop_from_frame), np.uint8)


@lru_cache(maxsize=2)
def _bisenet(device: str) -> Any:
    # PyTorch takes a second to import, which the small parser should not cost.
    from understudy.mask.bisenet import BiSeNet
    from understudy.nn.inference import Runner
    from understudy.nn.published import loaded

    return Runner(loaded(BiSeNet(), BISENET), device)


@lru_cache(maxsize=1)
def _bisenet_v2() -> LiteModel:
    return opened(BISENET_V2, LiteModel, "a TFLite model")
