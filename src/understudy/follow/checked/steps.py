"""One step of following: a face found again in the next frame, or in the one before.

A landmark predictor starts from where the face was. It finds back from 0.4 of the eye distance
(MediaPipe's mesh, two looks: an error of 0.02; one look: 0.14 to 0.36), and from further away it
settles on a forehead or a neck and says that it is sure. So where landmarks moved, it looks again
from its own result until it holds still; and what was followed is compared with the picture of the
face a frame ago. In 645 steps of seven real clips that picture correlated with the next by 0.96 and
more, and by 0.82 at most with what lies 0.4 eye distances beside it (0.88 and 0.96 in a clip of 12
pictures a second, whose head moves by a quarter of the eye distance from one to the next). Where it
does not, the step is doubtful, and a detector must be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from understudy.backends.mesh.runtime import squares_from_landmarks
from understudy.follow.likeness import follows, sightings_of, stepped
from understudy.follow.sightings import Sighting
from understudy.geometry import Float64
from understudy.imaging.depth import largest
from understudy.imaging.squares import corner, turn
from understudy.types import Faces, Frame

_MOVED = 0.12
"""Landmarks that lie so far from the guess, in face sizes, are looked at again from there."""
_STILL = 0.06
"""They hold still where another look moves them by less."""
_LOOKS = 4
_FAR = 0.3
"""How far a predictor finds back for sure, in face sizes."""
_ALIKE = 0.9
_CHIP_PX = 24
_FLAT = 0.002
_QUARTERS = np.array([(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)])[:, None, None]


class Looks(Protocol):
    """What a step needs of the plug-ins."""

    def align(self, frame: Frame, faces: Faces) -> Faces:
        """Landmarks; those given are a guess."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A face found again.

    Attributes:
        sighting: as it is seen now; None where it was lost.
        doubtful: whether a detector should be asked.
    """

    sighting: Sighting | None
    doubtful: bool = False


class Steps:
    """Goes from frame to frame with what the aligner sees."""

    def __init__(self, eyes: Looks) -> None:
        self._eyes = eyes
        self._chips: dict[int, tuple[Sighting, NDArray[np.float32]]] = {}

    def forget(self) -> None:
        """Drop the pictures of faces that were kept for the next step."""
        self._chips.clear()

    def aligned(self, frame: Frame, guesses: Sequence[Sighting], how: str) -> list[Sighting | None]:
        """What the aligner sees from these guesses, looking again where landmarks moved much."""
        found = self._looked(frame, guesses, how)
        return self._still(frame, list(guesses), found, how, _MOVED)

    def anew(self, frame: Frame, faces: Faces) -> list[Sighting | None]:
        """What the aligner sees in boxes alone, looking again where that does not hold still."""
        if not len(faces):
            return []
        found = sightings_of(frame, self._eyes.align(frame, faces), "detected")
        seen = [n for n, one in enumerate(found) if one is not None]
        first = [one for one in found if one is not None]
        again = self._looked(frame, first, "detected") if first else []
        restless = [
            k
            for k, (one, now) in enumerate(zip(first, again, strict=True))
            if now is not None and stepped(one, now) > _STILL
        ]
        calm = self._still(
            frame, [first[k] for k in restless], [again[k] for k in restless], "detected", _STILL
        )
        for k, one in zip(restless, calm, strict=True):
            found[seen[k]] = one
        return found

    def _still(
        self,
        frame: Frame,
        start: list[Sighting],
        found: list[Sighting | None],
        how: str,
        moved: float,
    ) -> list[Sighting | None]:
        """Look again from what was found until it holds still."""
        for _ in range(_LOOKS - 1):
            open_ = [
                (n, now)
                for n, (one, now) in enumerate(zip(start, found, strict=True))
                if now is not None and stepped(one, now) > moved
            ]
            if not open_:
                break
            again = self._looked(frame, [now for _, now in open_], how)
            for (n, now), then in zip(open_, again, strict=True):
                start[n], found[n] = now, then
            moved = _STILL
        return found

    def go(
        self, frame: Frame, before: Sequence[tuple[Frame | None, Sighting]], how: str = "followed"
    ) -> list[Step]:
        """Find faces of a neighbouring frame again.

        Args:
            frame: to find them in.
            before: the frame they were in, where it is at hand, and how they were seen there.
            how: see `Sighting.how`.
        """
        found = self.aligned(frame, [sighting for _, sighting in before], how)
        return [
            self._step(frame, now, was, was_in)
            for now, (was_in, was) in zip(found, before, strict=True)
        ]

    def _step(
        self, frame: Frame, now: Sighting | None, was: Sighting, was_in: Frame | None
    ) -> Step:
        if now is None or not follows(was, now):
            return Step(None)
        now = now.moved_from(was)
        if was_in is None:
            return Step(now, stepped(was, now) > _FAR)
        alike = self.alike((frame, now), (was_in, was))
        return Step(now, alike < _ALIKE or stepped(was, now) > _FAR)

    def alike(self, one: tuple[Frame, Sighting], two: tuple[Frame, Sighting]) -> float:
        """How much two looks show the same picture, -1 to 1; 1 where there is nothing to see."""
        first, second = self._chip(*one), self._chip(*two)
        return float((first * second).sum()) if first.any() and second.any() else 1.0

    def _looked(self, frame: Frame, guesses: Sequence[Sighting], how: str) -> list[Sighting | None]:
        faces = Faces(
            np.stack([g.box_xyxy for g in guesses]),
            np.array([g.score for g in guesses]),
            np.stack([g.landmarks for g in guesses]),
        )
        return sightings_of(frame, self._eyes.align(frame, faces), how)

    def _chip(self, frame: Frame, sighting: Sighting) -> NDArray[np.float32]:
        known = self._chips.get(id(sighting))
        if known is None or known[0] is not sighting:
            known = (sighting, chip(frame.pixels, sighting.landmarks))
            self._chips[id(sighting)] = known
        return known[1]


def chip(pixels: NDArray[Any], landmarks: Float64) -> NDArray[np.float32]:
    """(24, 24) the face's green light, upright, without its mean and of length 1; 0 where flat.

    Args:
        pixels: (h, w, 3) of any depth.
        landmarks: (68, 2) frame pixels.
    """
    square = squares_from_landmarks(landmarks[None])[0]
    steps = (np.arange(_CHIP_PX) + 0.5) * (square[2] / _CHIP_PX)
    grid = np.stack(np.meshgrid(steps, steps), -1) @ turn(square[3]).T + corner(square)
    limits = np.array([pixels.shape[1], pixels.shape[0]]) - 1
    # the mean of four samples in each cell: enough to be compared, at no cost for large faces
    at = np.clip((grid[None] + _QUARTERS * (square[2] / _CHIP_PX)).astype(np.int64), 0, limits)
    seen = pixels[at[..., 1], at[..., 0], 1].astype(np.float32).sum(0)
    seen -= seen.mean()
    contrast = float(np.linalg.norm(seen))
    whole = 1.0 if pixels.dtype.kind == "f" else largest(pixels.dtype)
    flat = contrast < _FLAT * _CHIP_PX * len(_QUARTERS) * whole
    return np.asarray(0 * seen if flat else seen / contrast, np.float32)
