"""dlib's residual network for identity: 128 numbers a face.

Source: D. King, "High Quality Face Recognition with Deep Metric Learning", 2017 (dlib blog);
the network is a 29-layer cut of K. He et al., "Deep Residual Learning", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import dlib
import numpy as np
from numpy.typing import NDArray

from understudy.embed.manifest import RESNET_128
from understudy.store.weights import weights_path
from understudy.types import Alignment

_CHIP_PX, _CHIP_PADDING = 150, 0.25


class Dlib128Embedder:
    """Embeds faces; `embed.Embedder` says what goes in and comes out."""

    dimensions = 128
    same_person_below = 0.6

    def __init__(self) -> None:
        self._net = _load(weights_path(RESNET_128))

    def embed(self, frame: NDArray[Any], alignments: Sequence[Alignment]) -> NDArray[Any]:
        """Embed the faces of one frame; see `embed.Embedder.embed`."""
        if not alignments:
            return np.zeros((0, self.dimensions), np.float32)
        pixels = np.ascontiguousarray(frame)
        chips = [face_chip(pixels, alignment) for alignment in alignments]
        vectors = [self._net.compute_face_descriptor(chip) for chip in chips]
        return np.array(vectors, np.float32)


def face_chip(frame: NDArray[Any], alignment: Alignment) -> NDArray[Any]:
    """(150, 150, 3) uint8: the face as the network was trained to see it.

    dlib takes landmarks as whole pixels, with centres counted as integers.
    """
    x0, y0, x1, y1 = (
        round(float(v)) for v in (*alignment.landmarks.min(0), *alignment.landmarks.max(0))
    )
    parts = [dlib.point(int(x), int(y)) for x, y in np.rint(alignment.landmarks - 0.5)]
    shape = dlib.full_object_detection(dlib.rectangle(x0, y0, x1, y1), parts)
    return dlib.get_face_chip(frame, shape, size=_CHIP_PX, padding=_CHIP_PADDING)


@lru_cache(maxsize=1)
def _load(path: Path) -> Any:
    """The network, shared by every embedder of the process."""
    return dlib.face_recognition_model_v1(str(path))
