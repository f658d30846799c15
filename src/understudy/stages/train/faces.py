"""Training material: every face picture is decoded once and kept as a small uint8 crop.

Crops carry a margin, so that rotation, zoom and shift show no border, and a fourth plane that
says how much each pixel counts: 0 outside the mask, 1 inside, more on eyes and mouth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import NoFaces, StoreError
from understudy.flow import Progress, mapped
from understudy.flow.progress import stop_if_cancelled
from understudy.geometry import PARTS, Space, Warp
from understudy.imaging.depth import eight_bit
from understudy.imaging.resample import crop_image, warp_image
from understudy.nn.augment import MARGIN
from understudy.nn.device import cpu_count
from understudy.stages.train.options import TrainOptions
from understudy.store.faceset import FaceFolder, FaceRecord, read_face_png
from understudy.swap import Crop

WEIGHT_UNIT = 60
"""Value of the fourth plane that counts once; 240 counts four times."""
_FEATURES = (("eyes", ("right_eye", "left_eye")), ("mouth", ("outer_lips",)))


@dataclass(frozen=True, slots=True, eq=False)
class FaceArrays:
    """One person's faces, ready to be augmented.

    Attributes:
        pixels: (n, 4, s, s) uint8: RGB and the weight in units of `WEIGHT_UNIT`; s is the crop's
            side and a margin on each side.
        inner_px: side of the crop without its margin.
    """

    pixels: NDArray[np.uint8]
    inner_px: int

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def inner(self) -> float:
        """Share of the side that the crop without its margin takes."""
        return self.inner_px / self.pixels.shape[-1]


def margin_px(size: int) -> int:
    """Pixels of margin on each side of a crop of this size."""
    return math.ceil(MARGIN * size)


def load_faces(
    faceset: Sequence[FaceFolder],
    person: str,
    crop: Crop,
    options: TrainOptions,
    progress: Progress,
) -> FaceArrays:
    """Read a person's faces, each picture once.

    Raises:
        NoFaces: the folders hold no face picture.
        StoreError: a picture without our record or without the mask; says which.
        Cancelled: the person asked to stop.
    """
    paths = [path for folder in faceset for path in folder.pictures()]
    if not paths:
        where = ", ".join(str(folder.path) for folder in faceset) or "no folder"
        raise NoFaces(
            f"{where}: holds no face picture of {person}; extract {person} again, or put pictures "
            "back"
        )

    def read(path: Path) -> tuple[NDArray[np.uint8], bool]:
        pixels, record = read_face_png(path)
        is_stale = options.masked and f"mask:{options.mask}" in record.face.stale
        return training_crop(pixels, record, crop, options, path), is_stale

    crops = []
    n_stale = 0
    with progress.task(f"reading faces of {person}", len(paths), "faces") as bar:
        for one, is_stale in mapped(read, paths, options.threads or cpu_count()):
            crops.append(one)
            n_stale += is_stale
            bar.advance(1)
            stop_if_cancelled(progress, "nothing was trained yet")
    if n_stale:
        progress.warn(
            f"the mask {options.mask!r} of {n_stale} pictures of {person} is older than "
            f"their landmarks; make it again with: understudy mask {faceset[0].path} "
            f"--kind {options.mask}",
            code="stale-masks",
            mask=options.mask,
            faces=n_stale,
            folder=str(faceset[0].path),
        )
    return FaceArrays(np.stack(crops), crop.output_px)


def training_crop(
    pixels: NDArray[Any], record: FaceRecord, crop: Crop, options: TrainOptions, path: Path
) -> NDArray[np.uint8]:
    """(4, s, s) uint8: the crop with its margin, and what each pixel counts.

    A 16-bit picture is cut with all its bits and rounded once, at the end.

    Raises:
        StoreError: the record has no such mask.
    """
    face = record.face
    size = crop.output_px
    crop_from_frame = face.alignment.crop(size, crop.coverage, crop.centering)
    margin = margin_px(size)
    padded = Space(f"padded:{size}", size + 2 * margin, size + 2 * margin)
    shift = np.array([[1, 0, margin], [0, 1, margin]])
    padded_from_frame = Warp(shift, crop_from_frame.dst, padded) @ crop_from_frame
    picture = eight_bit(crop_image(pixels, padded_from_frame @ record.crop_from_frame.inverse()))
    weight = np.ones(padded.size_wh, np.float32)
    if options.masked:
        if options.mask not in face.masks:
            known = ", ".join(face.masks) or "none"
            raise StoreError(
                f"{path}: has no mask {options.mask!r} (it has {known}); "
                "choose another with --mask, or extract again"
            )
        mask = face.masks[options.mask]
        weight = _grown(
            warp_image(mask.alpha, padded_from_frame @ mask.grid_from_frame.inverse()), size
        )
    points = padded_from_frame.points(face.alignment.landmarks)
    weight = weight * emphasis(points, padded.width, options.eyes, options.mouth)
    plane = np.clip(np.rint(weight * WEIGHT_UNIT), 0, 255).astype(np.uint8)
    return np.concatenate([picture.transpose(2, 0, 1), plane[None]])


def emphasis(
    points: NDArray[np.float64], size: int, eyes: float, mouth: float
) -> NDArray[np.float32]:
    """(size, size) float32: 1, rising softly to `eyes` and `mouth` where these are.

    Args:
        points: (68, 2) landmarks in pixels of this grid.
        size: side of the grid.
        eyes: weight on the eyes.
        mouth: weight on the mouth.
    """
    weight = np.ones((size, size), np.float32)
    for (_, parts), factor in zip(_FEATURES, (eyes, mouth), strict=True):
        plane = np.zeros((size, size), np.uint8)
        for part in parts:
            _fill(plane, points[PARTS[part]])
        reach = max(1, round(0.03 * size))
        wide = cv2.dilate(plane, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
        soft = cv2.GaussianBlur(wide.astype(np.float32), (0, 0), 0.015 * size)
        weight = np.maximum(weight, 1 + (factor - 1) * soft)
    return weight


def _fill(plane: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
    hull: Any = cv2.convexHull(np.rint(points - 0.5).astype(np.int32))
    cv2.fillConvexPoly(plane, hull, 1)


def _grown(mask: NDArray[Any], size: int) -> NDArray[np.float32]:
    """A little larger and softer than the mask, so that what is blended is learnt to its edge."""
    reach = max(1, round(0.025 * size))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    grown = cv2.GaussianBlur(cv2.dilate(mask, kernel), (0, 0), max(0.5, 0.012 * size))
    return np.clip(grown, 0, 1).astype(np.float32)


def evenly(n: int, count: int) -> Sequence[int]:
    """`count` of n indices, evenly spread; fewer when there are fewer."""
    return [int(i) for i in np.linspace(0, n - 1, min(n, count)).round()]
