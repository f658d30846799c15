"""What every face of a person does, read from the pictures' records before training begins.

Records are read without their pixels, a quarter of a millisecond each, so that this needs no
cache: 50,000 faces take some ten seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from understudy.flow import mapped
from understudy.imaging.resample import warp_image
from understudy.stages.faces.found import Finder
from understudy.stages.train.moments.traits import traits
from understudy.store.faceset import FaceRecord, read_record
from understudy.types import Mask

OCCLUSION, OUTLINE = "occlusion", "extended"
FaceKey: TypeAlias = tuple[str, str]
"""Fingerprint of the film, and id of the face in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """A person's faces in the order of training.

    Attributes:
        traits: (n, 4) float32, see `traits.traits`.
        covered: (n,) float32, share of the face behind hands or things; 0 where no occlusion mask
            tells.
        keys: which face of which film each one is.
    """

    traits: NDArray[np.float32]
    covered: NDArray[np.float32]
    keys: tuple[FaceKey, ...] = ()


def read_moments(paths: Sequence[Path], finder: Finder, workers: int) -> Moments:
    """Look at faces.

    Args:
        paths: of their pictures, one or more.
        finder: of masks.
        workers: threads that read.

    Raises:
        StoreError: a picture is damaged or not ours; says which.
    """
    look_up = finder.keeps(OCCLUSION)

    def one(path: Path) -> tuple[NDArray[Any], float, FaceKey]:
        record = read_record(path)
        key = record.source_fingerprint, record.face.id
        covered = _covered(record, path, finder, look_up)
        return record.face.alignment.landmarks_unit, covered, key

    points, shares, keys = zip(*mapped(one, paths, workers), strict=True)
    return Moments(traits(np.stack(points)), np.array(shares, np.float32), keys)


def _covered(record: FaceRecord, path: Path, finder: Finder, look_up: bool) -> float:
    if OCCLUSION not in record.face.masks and not look_up:
        return 0.0
    row = finder.face(record) if look_up else None
    if OCCLUSION not in {*record.face.masks, *(row.masks if row is not None else ())}:
        return 0.0
    free = finder.mask(record, row, OCCLUSION, path).mask
    return share_covered(free, finder.mask(record, row, OUTLINE, path).mask)


def share_covered(free: Mask, outline: Mask) -> float:
    """How much of a face's outline is not in the mask of what is free of it, 0..1."""
    seen = warp_image(free.alpha, outline.grid_from_frame @ free.grid_from_frame.inverse())
    whole = float(outline.alpha.sum())
    return float(np.maximum(outline.alpha - seen, 0).sum()) / whole if whole else 0.0
