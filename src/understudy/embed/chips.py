"""Face chips as the ArcFace family of identity networks was trained to see them.

Source: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019,
and the five points of its public code; networks of other authors took the same ones over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Space, Warp, five_points, umeyama
from understudy.imaging.resample import warp_image
from understudy.types import Alignment

CHIP_PX = 112

_FIVE_INDICES = np.array(
    (
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    )
)
"""Right eye, left eye, nose tip, right and left mouth corner in the chip; centres at integers."""


def chip_from_frame(alignment: Alignment) -> Warp:
    """The similarity that brings a face's five points onto those of the chip.

    The networks' own detectors give five points; here the eyes are the means of the six points
    round each, the others are landmarks 30, 48 and 54.
    """
    matrix = umeyama(five_points(alignment.landmarks), _FIVE_INDICES + 0.5)
    return Warp(matrix, alignment.unit_from_frame.src, Space("chip:arcface", CHIP_PX, CHIP_PX))


def arcface_chips(frame: NDArray[Any], alignments: list[Alignment]) -> NDArray[np.uint8]:
    """(n, 112, 112, 3) uint8 RGB chips of the faces of a frame; black beyond the frame.

    Sampled at the pixels' centres alone, as the pictures that the networks were trained on were.
    """
    warps = [chip_from_frame(alignment) for alignment in alignments]
    return np.stack([warp_image(frame, warp, antialias=False) for warp in warps])


def of_length_one(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """(n, d) vectors scaled to length 1: their distance d tells their cosine, 1 - d**2 / 2."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
