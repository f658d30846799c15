"""What the readers of all formats give: faces without a film, and an account of what is left out.

Convention: everything here follows ours, pixel i covers [i, i+1). Files of other tools count pixel
centres as integers; `moved` and `from_index` carry points and matrices over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError, ValueRefused
from understudy.files import open_to_read
from understudy.geometry import N_LANDMARKS, UNIT, Centering, Float64, Space, Warp
from understudy.imaging.depth import to_unit
from understudy.interchange import checks
from understudy.store import codec
from understudy.types import Alignment, Face, Mask, Timestamp

HALF = 0.5
MAX_FACES_PER_FRAME = 1000

_SHIFT = np.array([[1, 0, HALF], [0, 1, HALF], [0, 0, 1]])
_BACK = np.array([[1, 0, -HALF], [0, 1, -HALF], [0, 0, 1]])
_LISTED = 20


@dataclass(frozen=True, slots=True, eq=False)
class ForeignMask:
    """A mask of another tool.

    Attributes:
        kind: the masker's name there.
        levels: (h, w) uint8.
        grid_from_frame: (3, 3) float64 from frame pixels to mask pixels.
    """

    kind: str
    levels: NDArray[np.uint8]
    grid_from_frame: Float64


@dataclass(frozen=True, slots=True, eq=False)
class ForeignFace:
    """A face of another tool, in frame pixels.

    Attributes:
        frame: the name under which the tool keeps the frame.
        landmarks: (68, 2) float64.
        box_xyxy: (4,) float64.
        made_by: step to "tool@version".
        masks: with where they lie.
        extras: identity vectors of the tool's networks, "identity:<network>", float32 each.
        unit_from_frame: (3, 3) the tool's own alignment where ours is to follow it, else None.
        frame_size: (width, height) of the frame, None where the file does not say.
    """

    frame: str
    landmarks: Float64
    box_xyxy: Float64
    made_by: Mapping[str, str]
    masks: Sequence[ForeignMask] = ()
    extras: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    unit_from_frame: Float64 | None = None
    frame_size: tuple[int, int] | None = None

    def to_face(self, face_id: str, at: Timestamp, frame: Space) -> Face:
        """The face in a frame of this grid.

        Raises:
            ValueRefused: points that allow no fit.
        """
        if self.unit_from_frame is None:
            alignment = Alignment.fit(self.landmarks, frame)
        else:
            alignment = Alignment(self.landmarks, Warp(self.unit_from_frame, frame, UNIT))
        corners = np.asarray(self.box_xyxy, np.float64).reshape(2, 2)
        return Face(
            id=face_id,
            at=at,
            box_xyxy=self.box_xyxy,
            score=1.0,
            alignment=alignment,
            masks={m.kind: _mask(m, frame) for m in self.masks},
            quality={
                "average_distance": alignment.distance,
                "size_px": float(np.sqrt(np.prod(np.maximum(np.diff(corners, axis=0), 0)))),
            },
            made_by=self.made_by,
            extras=self.extras,
        )


@dataclass(frozen=True, slots=True, eq=False)
class FaceImage:
    """A face picture of another tool, its pixels still in the file.

    Attributes:
        name: of the picture, for people and for order.
        person: sub-folder that the tool keeps the person's pictures in, or "".
        face: what the picture says of its face.
        crop_from_frame: (3, 3) from frame pixels to picture pixels.
        size_px: side of the picture.
        centering: ours that shows about the same.
        path, offset, length: where the encoded picture lies.
    """

    name: str
    person: str
    face: ForeignFace
    crop_from_frame: Float64
    size_px: int
    centering: Centering
    path: Path
    offset: int
    length: int

    def encoded(self) -> bytes:
        """The picture as it lies in the file.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            with open_to_read(self.path) as file:
                file.seek(self.offset)
                return file.read(self.length)
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read ({error.strerror}); check it") from error


@dataclass(slots=True)
class ForeignSet:
    """All that a file or folder of another tool holds.

    Attributes:
        tool: "name@version".
        frames: faces by frame name; a frame that was looked at and holds none has an empty list.
        images: the face pictures, where that is what was read; `frames` then holds their faces.
    """

    tool: str
    frames: dict[str, list[ForeignFace]] = field(default_factory=dict)
    images: list[FaceImage] = field(default_factory=list)

    def add(self, face: ForeignFace) -> None:
        """One more face of its frame.

        Raises:
            ValueRefused: more faces than any frame shows.
        """
        faces = self.frames.setdefault(face.frame, [])
        if len(faces) >= MAX_FACES_PER_FRAME:
            raise ValueRefused(f"more than {MAX_FACES_PER_FRAME} faces in one frame")
        faces.append(face)


class Ledger:
    """What was skipped and what was lost, kept short however much it is."""

    def __init__(self) -> None:
        self.n_skipped = 0
        self.skipped: list[str] = []
        self._lost: Counter[str] = Counter()

    def skip(self, what: str, why: object) -> None:
        """A frame or face that was left out, and why; the first few are kept in words."""
        self.n_skipped += 1
        if len(self.skipped) < _LISTED:
            self.skipped.append(f"{_short(what)}: {_short(str(why))}")

    def lose(self, what: str) -> None:
        """A kind of thing that does not fit on the other side; told once, with its count."""
        if what in self._lost or len(self._lost) < _LISTED:
            self._lost[what] += 1

    @property
    def lost(self) -> list[str]:
        """All kinds of things that were lost, with how often."""
        return [f"{what} ({n} times)" if n > 1 else what for what, n in self._lost.items()]


def moved(xy: Float64, by: float = HALF) -> Float64:
    """Points or box corners of an index grid in ours; `by` -0.5 goes back."""
    shifted: Float64 = xy + by
    return shifted


def from_index(matrix: NDArray[Any]) -> Float64:
    """(3, 3) between our pixel coordinates, from (2, 3) or (3, 3) between pixel indices.

    Raises:
        ValueRefused: another shape, numbers that are not finite, or no way back.
    """
    whole = np.eye(3)
    if matrix.shape not in ((2, 3), (3, 3)):
        raise ValueRefused(f"matrix: expected shape (2, 3) or (3, 3), got {matrix.shape}")
    whole[: len(matrix)] = matrix
    if not np.isfinite(whole).all() or np.abs(whole).max() > 1e9:
        raise ValueRefused("matrix: expected finite numbers of a sensible size")
    if not 1e-9 < abs(np.linalg.det(whole)) < 1e9:
        raise ValueRefused("matrix: it maps the picture onto a line or point, or beyond measure")
    mapped: Float64 = _SHIFT @ whole @ _BACK
    return mapped


def landmarks_68(value: Any) -> Float64:
    """(68, 2) landmarks in our pixels from those of an index grid.

    Raises:
        ValueRefused: another number of points, with what to do.
    """
    count = len(value) if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) else 0
    if count != N_LANDMARKS:
        raise ValueRefused(
            f"{count} landmarks, and only faces with {N_LANDMARKS} are taken; "
            "find these faces again with `understudy extract`"
        )
    return moved(checks.numbers("landmarks", value, (N_LANDMARKS, 2)))


def box_around(landmarks: Float64) -> Float64:
    """The smallest (4,) box around landmarks, for files that keep none."""
    box: Float64 = np.concatenate([landmarks.min(0), landmarks.max(0)])
    return box


def _mask(mask: ForeignMask, frame: Space) -> Mask:
    height, width = mask.levels.shape
    if max(width, height) > codec.MAX_MASK_SIDE_PX:
        raise ValueRefused(f"mask {mask.kind!r}: {width}x{height} is too large")
    grid = Space(f"mask:{mask.kind}:{width}", width, height)
    alpha = to_unit(mask.levels)
    return Mask(mask.kind, alpha, Warp(mask.grid_from_frame, frame, grid))


def _short(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= 200 else f"{line[:200]}…"
