"""Help for any landmark predictor: better light, several looks, a second look upright.

Each face is looked at by itself, so what else is in the frame changes nothing.

Convention: frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.align import Aligner, align_all
from understudy.align.options import Normalisation, RefineOptions
from understudy.backends.mesh.runtime import boxes_from_landmarks, squares_from_landmarks
from understudy.geometry import Float64
from understudy.imaging.squares import cut_square, from_frame, into_frame
from understudy.types import Faces

Picture = NDArray[Any]

_AROUND = 0.5
"""How much is seen around a box, in its longer sides."""
_SHIFT, _GROWTH = 0.03, 0.04
"""How far a fed-again box is moved and scaled at most, in its longer sides."""
_PATCH_ROOM, _SMALLEST_PX, _LARGEST_PX = 1.5, 64, 768


def refined(aligner: Aligner, options: RefineOptions) -> Aligner:
    """The same aligner, helped as the options say; itself where they ask for nothing."""
    return aligner if options == RefineOptions() else RefinedAligner(aligner, options)


class RefinedAligner:
    """An aligner around another; `align.Aligner` says what goes in and comes out."""

    def __init__(self, aligner: Aligner, options: RefineOptions) -> None:
        self._aligner = aligner
        self._options = options

    def align(self, frame: Picture, faces: Faces) -> Faces:
        """Fill in landmarks; see `align.Aligner.align`."""
        return self.align_batch([frame], [faces])[0]

    def align_batch(self, frames: Sequence[Picture], faces: Sequence[Faces]) -> Sequence[Faces]:
        """Fill in the landmarks of several frames' faces at once."""
        views = [
            self._view(frame, found[i])
            for frame, found in zip(frames, faces, strict=True)
            for i in range(len(found))
        ]
        looks = self._look(views)
        if self._options.realign and views:
            sources = [f for f, found in zip(frames, faces, strict=True) for _ in range(len(found))]
            looks = self._upright_looks(sources, looks)
        results, start = [], 0
        for frame, found in zip(frames, faces, strict=True):
            mine = looks[start : start + len(found)]
            start += len(found)
            if not mine:
                results.append(self._aligner.align(frame, found))
                continue
            joined = Faces.concat(mine)
            results.append(
                replace(
                    found,
                    landmarks=joined.landmarks,
                    presence=joined.presence,
                    extras={**found.extras, **joined.extras},
                )
            )
        return results

    def _view(self, frame: Picture, face: Faces) -> _View:
        """The neighbourhood of one face, in better light where that is asked for."""
        if self._options.normalise == "none":
            return _View(frame, np.zeros(2), face)
        corner, end = _neighbourhood(frame, face)
        seen = frame[corner[1] : end[1], corner[0] : end[0]]
        light = normalised(seen, self._options.normalise)
        return _View(light, corner.astype(np.float64), _moved(face, -corner))

    def _look(self, views: Sequence[_View]) -> list[Faces]:
        """One face a view, in frame pixels: the mean of all its looks."""
        fed = [shaken(view.face, self._options.refeed) for view in views]
        found = align_all(self._aligner, [view.picture for view in views], fed)
        return [
            _moved(_mean(looks, view.face), view.corner)
            for looks, view in zip(found, views, strict=True)
        ]

    def _upright_looks(self, frames: Sequence[Picture], looks: Sequence[Faces]) -> list[Faces]:
        patches, squares, fed = [], [], []
        for frame, look in zip(frames, looks, strict=True):
            assert look.landmarks is not None  # noqa: S101 - for mypy; every look has them
            square = squares_from_landmarks(look.landmarks)[0]
            square[2] *= _PATCH_ROOM
            size = int(np.clip(round(square[2]), _SMALLEST_PX, _LARGEST_PX))
            points = from_frame(look.landmarks[0], square, size)[None]
            patch = cut_square(frame, square, size)
            patches.append(normalised(patch, self._options.normalise))
            squares.append(square)
            upright = replace(look, boxes_xyxy=boxes_from_landmarks(points), landmarks=points)
            fed.append(shaken(upright, self._options.refeed))
        found = align_all(self._aligner, patches, fed)
        results = []
        for seen, look, square, patch in zip(found, looks, squares, patches, strict=True):
            mean = _mean(seen, look)
            assert mean.landmarks is not None  # noqa: S101 - for mypy
            points = into_frame(mean.landmarks[0], square, len(patch))[None]
            scale = float(square[2]) / len(patch)
            extras = {k: v * scale if k in _LENGTHS else v for k, v in mean.extras.items()}
            if "mesh" in extras:
                mesh = extras["mesh"].reshape(-1, 3)
                placed = into_frame(mesh[:, :2], square, len(patch))
                whole = np.column_stack([placed, mesh[:, 2] * scale])
                extras["mesh"] = whole.reshape(1, -1).astype(np.float32)
            results.append(replace(mean, landmarks=points, extras=extras))
        return results


_LENGTHS = frozenset({"depth"})
"""Extras that are lengths in pixels and grow with the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A picture, where in the frame its corner lies, and one face in its pixels."""

    picture: Picture
    corner: Float64
    face: Faces


def normalised(picture: Picture, how: Normalisation) -> Picture:
    """A picture in better light.

    Args:
        picture: (h, w, 3) uint8 RGB.
        how: "none", "hist", "clahe" or "mean".
    """
    if how == "none":
        return picture
    if how == "mean":
        means = picture.reshape(-1, 3).mean(0)
        gains = 127.5 / np.maximum(means, 1.0)
        return np.clip(np.rint(picture * gains), 0, 255).astype(np.uint8)
    parts = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
    bright = np.ascontiguousarray(parts[:, :, 0])
    if how == "hist":
        parts[:, :, 0] = cv2.equalizeHist(bright)
    else:
        parts[:, :, 0] = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4)).apply(bright)
    return cv2.cvtColor(parts, cv2.COLOR_YCrCb2RGB)


def shaken(face: Faces, times: int) -> Faces:
    """One face and `times` copies of it, each moved and scaled a little.

    The steps are the same for all faces and frames, in the measure of the box, so they add
    nothing that trembles.
    """
    if not times:
        return face
    # A plastic number sequence fills the cube evenly, whatever the count.
    steps = np.arange(1, times + 1)[:, None] * (0.8191725134, 0.6710436067, 0.5497004779)
    even = 2 * ((0.5 + steps) % 1) - 1
    boxes = np.repeat(face.boxes_xyxy, times + 1, 0)
    side = float((face.boxes_xyxy[0, 2:] - face.boxes_xyxy[0, :2]).max())
    middle = (boxes[:1, :2] + boxes[:1, 2:]) / 2
    shift = np.vstack([np.zeros(2), even[:, :2] * _SHIFT * side])
    scale = np.concatenate([[1.0], 1 + even[:, 2] * _GROWTH])
    boxes = np.concatenate(
        [
            (boxes[:, :2] - middle) * scale[:, None] + middle + shift,
            (boxes[:, 2:] - middle) * scale[:, None] + middle + shift,
        ],
        1,
    )
    copies = face[np.zeros(times + 1, int)]
    landmarks = None
    if face.landmarks is not None:
        points = np.repeat(face.landmarks, times + 1, 0)
        landmarks = (points - middle) * scale[:, None, None] + middle + shift[:, None]
    return replace(copies, boxes_xyxy=boxes, landmarks=landmarks)


def _mean(looks: Faces, face: Faces) -> Faces:
    """The mean of several looks at one face, under the face's own box."""
    assert looks.landmarks is not None  # noqa: S101 - for mypy; aligners fill them in
    return replace(
        face,
        landmarks=looks.landmarks.mean(0)[None],
        presence=None if looks.presence is None else looks.presence.mean(0)[None],
        extras={name: values.mean(0)[None] for name, values in looks.extras.items()},
    )


def _moved(face: Faces, by: NDArray[Any]) -> Faces:
    landmarks = None if face.landmarks is None else face.landmarks + by
    extras = dict(face.extras)
    if "mesh" in extras:
        mesh = extras["mesh"]
        # points like the landmarks, laid in a row
        moved = mesh + np.tile(np.array([*by, 0]), mesh.shape[1] // 3)
        extras["mesh"] = moved.astype(np.float32)
    boxes = face.boxes_xyxy + np.tile(by, 2)
    return replace(face, boxes_xyxy=boxes, landmarks=landmarks, extras=extras)


def _neighbourhood(frame: Picture, face: Faces) -> tuple[NDArray[Any], NDArray[Any]]:
    """First and last pixel of what is seen around a face; at least one pixel of the frame."""
    low, high = face.boxes_xyxy[0, :2], face.boxes_xyxy[0, 2:]
    if face.landmarks is not None:
        low = np.minimum(low, face.landmarks[0].min(0))
        high = np.maximum(high, face.landmarks[0].max(0))
    around = _AROUND * float((high - low).max())
    limits = np.array([frame.shape[1], frame.shape[0]])
    corner = np.clip(np.floor(low - around), 0, limits - 1).astype(int)
    return corner, np.maximum(np.clip(np.ceil(high + around), 0, limits).astype(int), corner + 1)
