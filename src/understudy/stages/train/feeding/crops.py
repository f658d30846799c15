"""From a face picture to what is trained on: small 8-bit planes, and numbers.

Crops carry a margin, so that rotation, zoom and shift show no border. Beside the colours lies a
plane that says how much each pixel counts (0 outside the mask, 1 inside, more on eyes and mouth),
and a plane of each mask that the model asks for.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import PARTS, Space, Warp
from understudy.geometry.facemesh import N_MESH_WITH_IRISES, fit_heads
from understudy.geometry.facemesh.build import CORNERS, LIDS, LIPS, MOUTH_CORNERS
from understudy.geometry.facemesh.surface import seen, surface
from understudy.imaging.depth import eight_bit, from_unit
from understudy.imaging.resample import crop_image, warp_image
from understudy.imaging.unwrap import unwrapped
from understudy.nn.augment import MARGIN
from understudy.stages.faces.signals import N_BLENDSHAPES, signals_of
from understudy.stages.faces.surfaces import mesh_of, surface_of
from understudy.stages.train.options import TrainOptions
from understudy.store.faceset import FaceRecord
from understudy.swap import Crop, SignalName
from understudy.types import Face, Mask

WEIGHT_UNIT = 60
"""Value of the weight's plane that counts once; 240 counts four times."""
SIGNALS: dict[SignalName, tuple[int, ...]] = {
    "pose": (3,),
    "landmarks": (68, 2),
    "blendshapes": (N_BLENDSHAPES,),
    "mesh": (N_MESH_WITH_IRISES, 3),
}
"""Shapes of what a model may ask to be told of a face."""
_FEATURES = (("eyes", ("right_eye", "left_eye")), ("mouth", ("outer_lips",)))
_VERSION = 1
"""Raise it when the same face and choices give another crop."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """How faces are cut; the same face and cutting give the same bytes.

    Attributes:
        crop: what the model sees.
        mask: the mask that bounds what is learnt, or None to learn the whole crop.
        eyes, mouth: how much more these count.
        masks: masks that are planes of their own.
        signals: what is told of each face.
    """

    crop: Crop
    mask: str | None
    eyes: float
    mouth: float
    masks: tuple[str, ...] = ()
    signals: tuple[SignalName, ...] = ()

    @classmethod
    def of(cls, model: Any, options: TrainOptions) -> Cutting:
        """What a model needs, as the options want it."""
        mask = options.mask if options.masked else None
        needs = model.needs
        return cls(model.crop, mask, options.eyes, options.mouth, needs.masks, tuple(needs.signals))

    @property
    def kinds(self) -> tuple[str, ...]:
        """All masks that are looked for."""
        return tuple(dict.fromkeys([*((self.mask,) if self.mask else ()), *self.masks]))

    @property
    def side_px(self) -> int:
        """Pixels of a side of the crop with its margin; textures have none."""
        if self.crop.surface:
            return self.crop.output_px
        return self.crop.output_px + 2 * margin_px(self.crop.output_px)

    @property
    def inner(self) -> float:
        """Share of the side that the crop without its margin takes."""
        return self.crop.output_px / self.side_px

    @property
    def dtype(self) -> np.dtype[Any]:
        """A face: planes (4 + masks, s, s) uint8, RGB and weight first, and the signals in a row.

        The weight is in units of `WEIGHT_UNIT`, masks in units of 1/255.
        """
        planes = (4 + len(self.masks), self.side_px, self.side_px)
        n_signals = sum(math.prod(SIGNALS[name]) for name in self.signals)
        return np.dtype([("planes", np.uint8, planes), ("signals", "<f4", (n_signals,))])

    @property
    def key(self) -> str:
        """A name for all that a cut face depends on beside the face."""
        text = json.dumps([_VERSION, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def margin_px(size: int) -> int:
    """Pixels of margin on each side of a crop of this size."""
    return math.ceil(MARGIN * size)


def cut(
    pixels: NDArray[Any],
    record: FaceRecord,
    masks: Mapping[str, Mask],
    cutting: Cutting,
) -> NDArray[Any]:
    """Cut one face.

    A 16-bit picture is cut with all its bits and rounded once, at the end.

    Args:
        pixels: of the picture.
        record: of the picture; where signals ask for it, with what the aligner knew.
        masks: `cutting.kinds`.
        cutting: how.

    Returns:
        () of `cutting.dtype`.
    """
    if cutting.crop.surface:
        return _cut_surface(pixels, record, masks, cutting)
    size, face = cutting.crop.output_px, record.face
    crop_from_frame = face.alignment.crop(size, cutting.crop.coverage, cutting.crop.centering)
    margin = margin_px(size)
    padded = Space(f"padded:{size}", cutting.side_px, cutting.side_px)
    shift = np.array([[1, 0, margin], [0, 1, margin]])
    padded_from_frame = Warp(shift, crop_from_frame.dst, padded) @ crop_from_frame
    picture = eight_bit(crop_image(pixels, padded_from_frame @ record.crop_from_frame.inverse()))

    def on_crop(kind: str) -> NDArray[Any]:
        mask = masks[kind]
        return warp_image(mask.alpha, padded_from_frame @ mask.grid_from_frame.inverse())

    weight = np.ones(padded.size_wh, np.float32)
    if cutting.mask is not None:
        weight = _grown(on_crop(cutting.mask), size)
    points = padded_from_frame.points(face.alignment.landmarks)
    weight = weight * emphasis(points, padded.width, cutting.eyes, cutting.mouth)
    planes = [on_crop(kind) for kind in cutting.masks]
    return _row(cutting, picture, weight, planes, face, crop_from_frame)


def _cut_surface(
    pixels: NDArray[Any], record: FaceRecord, masks: Mapping[str, Mask], cutting: Cutting
) -> NDArray[Any]:
    """As `cut`, for models that see textures: what the skin turns away from counts for nothing."""
    size, face = cutting.crop.output_px, record.face
    mesh = mesh_of(face)
    points = surface_of(mesh)
    on_picture = np.column_stack([record.crop_from_frame.points(points[:, :2]), points[:, 2]])
    picture = eight_bit(unwrapped(pixels, on_picture, size))

    def on_texture(kind: str) -> NDArray[Any]:
        mask = masks[kind]
        at = mask.grid_from_frame.points(points[:, :2])
        return unwrapped(mask.alpha.astype(np.float32), at, size)

    heads = fit_heads(mesh[None])
    weight = seen(heads, heads.canonical(mesh[None]), size)[0]
    if cutting.mask is not None:
        weight = weight * _grown(on_texture(cutting.mask), size)
    weight = weight * _flat_emphasis(size, cutting.eyes, cutting.mouth)
    crop = face.alignment.crop(size, cutting.crop.coverage, cutting.crop.centering)
    return _row(cutting, picture, weight, [on_texture(k) for k in cutting.masks], face, crop)


def _row(
    cutting: Cutting,
    picture: NDArray[Any],
    weight: NDArray[Any],
    masks: Sequence[NDArray[Any]],
    face: Face,
    crop_from_frame: Warp,
) -> NDArray[Any]:
    """() of `cutting.dtype`."""
    row = np.zeros((), cutting.dtype)
    row["planes"][:3] = picture.transpose(2, 0, 1)
    row["planes"][3] = np.clip(np.rint(weight * WEIGHT_UNIT), 0, 255)
    for i, mask in enumerate(masks, 4):
        row["planes"][i] = from_unit(mask, np.uint8)
    if cutting.signals:
        told = signals_of([face], [crop_from_frame], cutting.signals)
        row["signals"] = np.concatenate([told[name].ravel() for name in cutting.signals])
    return row


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
    every = [([points[PARTS[part]] for part in parts]) for _, parts in _FEATURES]
    return _raised(every, (eyes, mouth), size)


@lru_cache(maxsize=8)
def _flat_emphasis(size: int, eyes: float, mouth: float) -> NDArray[np.float32]:
    """As `emphasis`, on a texture, where eyes and mouth are always in one place."""
    uv = surface().uv * size
    lids = [
        [v for pair in pairs for v in pair] + [*at] for pairs, at in zip(LIDS, CORNERS, strict=True)
    ]
    lips = [v for pair in LIPS for v in pair] + [*MOUTH_CORNERS]
    return _raised([[uv[lid] for lid in lids], [uv[lips]]], (eyes, mouth), size)


def _raised(
    features: Sequence[Sequence[NDArray[np.float64]]], factors: Sequence[float], size: int
) -> NDArray[np.float32]:
    """1, rising softly to each feature's factor where its parts lie."""
    weight = np.ones((size, size), np.float32)
    for parts, factor in zip(features, factors, strict=True):
        plane = np.zeros((size, size), np.uint8)
        for part in parts:
            _fill(plane, part)
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
