"""Where the faces are that were replaced: by a casting's alignments, or found where none are."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import NoFaces, StoreError
from understudy.imaging.composite import feathered
from understudy.imaging.edges import Edge
from understudy.imaging.resample import warp_image
from understudy.score.regions import face_region
from understudy.stages.evaluate.looking import Eyes, crop_of
from understudy.stages.faces.casting import EVERYBODY, Casting, Part
from understudy.stages.faces.mattes import mask_of
from understudy.types import Alignment, Frame

_BATCH = 16
_SOFT = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A face that was replaced.

    Attributes:
        part: whose it was and whose it became.
        box_xyxy: (4,) where it lies in the frame.
        alignment: the fit that its crops are cut by.
        matte: (h, w) float32 0..1 on the frame, where it was replaced.
    """

    part: Part
    box_xyxy: NDArray[Any]
    alignment: Alignment
    matte: NDArray[Any]

    def matte_on_crop(self) -> NDArray[np.float32]:
        """The matte on the crop that pictures are compared in."""
        on_crop = warp_image(self.matte, crop_of(self.alignment))
        return np.asarray(np.clip(on_crop, 0, 1), np.float32)


class Plates(Protocol):
    """Knows of each frame which faces were replaced."""

    frames_of: dict[Part, Sequence[int]]
    """In which frames each part has a face that was replaced; some bytes a face."""
    size_wh: tuple[int, int] | None
    """The grid in which faces are told; None is that of the films."""

    def faces(self, index: int) -> dict[Part, int]:
        """How many faces of each part were replaced in a frame."""

    def counted(self, n_frames: int) -> tuple[int, dict[Part, int]]:
        """In how many frames of a film of so many faces were replaced, and how many of each part.

        Args:
            n_frames: of the film, as it was read.
        """

    def targets(self, frame: Frame) -> list[Target]:
        """The faces of one frame that were replaced."""

    def fits(self, frame: Frame) -> dict[Part, Alignment]:
        """The fit of each part in one frame, where it has one."""


class CastPlates:
    """By the alignments that the conversion worked with."""

    def __init__(self, casting: Casting, mask: str, edge: Edge) -> None:
        """Look where the faces are.

        Raises:
            StoreError: a face lacks the mask.
            NoFaces: the casting replaces nobody.
        """
        self._casting, self._mask, self._edge = casting, mask, edge
        source = casting.store.source
        self.size_wh: tuple[int, int] | None = (source.width, source.height)
        self._held: dict[int, list[tuple[Any, Part]]] = {}
        self._n_faces: dict[Part, int] = {}
        self.frames_of: dict[Part, Sequence[int]] = self._frames_of()

    def faces(self, index: int) -> dict[Part, int]:
        """See `Plates.faces`."""
        count: dict[Part, int] = {}
        for _, part in self._at(index):
            count[part] = count.get(part, 0) + 1
        return count

    def counted(self, n_frames: int) -> tuple[int, dict[Part, int]]:
        """See `Plates.counted`."""
        return len(set().union(*self.frames_of.values())), dict(self._n_faces)

    def targets(self, frame: Frame) -> list[Target]:
        """See `Plates.targets`."""
        return [
            Target(part, face.box_xyxy, face.alignment, self._matte(face, frame))
            for face, part in self._at(frame.at.index)
        ]

    def fits(self, frame: Frame) -> dict[Part, Alignment]:
        """See `Plates.fits`."""
        return {part: face.alignment for face, part in self._at(frame.at.index)}

    def _at(self, index: int) -> list[tuple[Any, Part]]:
        # read a few frames at a time, and dropped when they are passed
        if index not in self._held:
            there = self._casting.between(index, index + _BATCH)
            kept = {k: v for k, v in self._held.items() if k >= index - _BATCH}
            self._held = kept | {k: there.get(k, []) for k in range(index, index + _BATCH + 1)}
        return self._held[index]

    def _frames_of(self) -> dict[Part, Sequence[int]]:
        """In which frames each part has a face; how many those are is counted on the way."""
        frames: dict[Part, array[int]] = {}
        for index, found in self._casting.in_frames(self._mask):
            for look, part in found:
                if not look.has_mask:
                    raise StoreError(
                        f"face {look.id} has no mask {self._mask!r}; make it with understudy mask"
                    )
                mine = frames.setdefault(part, array("q"))
                if not mine or mine[-1] != index:
                    mine.append(index)
                self._n_faces[part] = self._n_faces.get(part, 0) + 1
        if not frames:
            name = self._casting.store.source.name
            raise NoFaces(f"no face of {name} is replaced by this casting")
        return dict(sorted(frames.items()))

    def _matte(self, face: Any, frame: Frame) -> NDArray[np.float32]:
        mask = mask_of(face, self._mask)
        patch = feathered(mask, mask.grid_from_frame, frame.space, edge=self._edge)
        alpha = np.zeros(frame.pixels.shape[:2], np.float32)
        patch.window(alpha)[:] = patch.alpha
        return alpha


class SeenPlates:
    """The largest face of each frame, where nobody extracted the film."""

    def __init__(self, eyes: Eyes, n_frames: int, to: str) -> None:
        self._eyes = eyes
        self.size_wh: tuple[int, int] | None = None
        self.part = Part(EVERYBODY, to)
        self.frames_of: dict[Part, Sequence[int]] = {self.part: range(n_frames)}
        self._held: dict[int, Alignment | None] = {}

    def faces(self, index: int) -> dict[Part, int]:
        """See `Plates.faces`; that every frame has one is an assumption."""
        return {self.part: 1}

    def counted(self, n_frames: int) -> tuple[int, dict[Part, int]]:
        """See `Plates.counted`."""
        return n_frames, {self.part: n_frames}

    def targets(self, frame: Frame) -> list[Target]:
        """See `Plates.targets`."""
        return [
            Target(part, _box_of(alignment), alignment, _hull(alignment, frame))
            for part, alignment in self.fits(frame).items()
        ]

    def fits(self, frame: Frame) -> dict[Part, Alignment]:
        """See `Plates.fits`."""
        index = frame.at.index
        if index not in self._held:
            self._held = {k: v for k, v in self._held.items() if k > index - _BATCH}
            self._held[index] = self._eyes.place(frame.pixels)
        alignment = self._held[index]
        return {} if alignment is None else {self.part: alignment}


def _box_of(alignment: Alignment) -> NDArray[np.float64]:
    points = alignment.landmarks
    return np.concatenate([points.min(0), points.max(0)])


def _hull(alignment: Alignment, frame: Frame) -> NDArray[np.float32]:
    crop = crop_of(alignment)
    region = face_region(crop.points(alignment.landmarks), crop.dst.width)
    # as soft as conversions usually are: what was really pasted with is not known
    region = np.asarray(cv2.GaussianBlur(region, (0, 0), _SOFT * crop.dst.width), np.float32)
    return np.asarray(np.clip(warp_image(region, crop.inverse()), 0, 1), np.float32)
