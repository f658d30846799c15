"""Which frames somebody should look at before a film is converted, and why.

Nothing is decoded: what extraction kept of each face tells most of what goes wrong later. A face
is compared with itself in the frames around it, since a film is smooth and faults are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from understudy.follow.likeness import PRESENT
from understudy.imaging.focus import COLOUR
from understudy.stages.repair.looking.find import MISALIGNED, Found
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.types import Face
from understudy.words import counted

_JUMP = 0.15
"""Of the eye distance, beside the way that the frames around it give."""
_WINDOW = 5
_COLOUR_JUMP = 0.06
"""Of full scale, in any of red, green and blue, beside the mean of the frames before and behind:
a flash, or a camera that sets its exposure or its white anew."""
_MASK_JUMP = 0.1
"""Of a mask's square, beside the mean of the frames before and behind."""
_STRANGE, _FEWEST_VECTORS = 2.0, 4
"""Times the usual distance from the identity of a track; and how many make it usual."""
_LEFT_EYE, _RIGHT_EYE = slice(36, 42), slice(42, 48)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A face that somebody should look at.

    Attributes:
        frame: index of its frame.
        id: of the face.
        reasons: in words, at least one.
    """

    frame: int
    id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is compared of a face; masks are let go."""

    frame: int
    id: str
    landmarks: NDArray[np.float64]
    covers: Mapping[str, float]
    colour: tuple[float, ...]


@dataclass(slots=True)
class _Told:
    """Reasons, gathered face by face."""

    reasons: dict[tuple[int, str], list[str]] = field(default_factory=dict)

    def add(self, face: Face | _Known, words: str) -> None:
        frame = face.at.index if isinstance(face, Face) else face.frame
        self.reasons.setdefault((frame, face.id), []).append(words)


def review(store: Alignments) -> list[Doubt]:
    """Faces to look at, in order of frame.

    A face is named where the net was unsure of it, its landmarks lie far from the mean face or
    jump, its mask or its colour jumps, it was not seen but bridged, something made from it is out
    of date, or its identity is not that of its track. The colour is the film's own, as extraction
    measured it; what a conversion makes of it needs the converted frame.
    """
    told = _Told()
    lately: dict[int, list[_Known]] = {}
    jumps: dict[tuple[int, str], dict[int, tuple[float, _Known, str]]] = {}
    vectors: dict[int, list[tuple[_Known, NDArray[np.float64]]]] = {}
    for _, faces in store.by_frame():
        for face in faces:
            for words in _alone(face):
                told.add(face, words)
            if face.track is None:
                continue
            known = _Known(
                face.at.index,
                face.id,
                face.alignment.landmarks,
                {kind: float(mask.alpha.mean()) for kind, mask in face.masks.items()},
                tuple(face.quality[name] for name in COLOUR if name in face.quality),
            )
            if face.embedding is not None:
                vector = np.asarray(face.embedding, np.float64)
                vectors.setdefault(face.track, []).append((known, vector))
            last = [*lately.get(face.track, ()), known][-_WINDOW:]
            lately[face.track] = last
            if len(last) == _WINDOW and last[-1].frame - last[0].frame == _WINDOW - 1:
                at = last[_WINDOW // 2]
                for what, jump, words in _between(*last):
                    jumps.setdefault((face.track, what), {})[at.frame] = jump, at, words
    for of_track in jumps.values():
        for frame, (jump, known, words) in of_track.items():
            near = (n for n in range(frame - 2, frame + 3) if n != frame)
            beside = (of_track[n][0] for n in near if n in of_track)
            if jump >= max(beside, default=0.0):  # its neighbours are unlike it, and right
                told.add(known, words)
    for track, found in vectors.items():
        for known in _strangers(found):
            told.add(known, f"identity is not that of track {track}")
    return [Doubt(*where, tuple(why)) for where, why in sorted(told.reasons.items())]


def to_review(store: Alignments) -> Found:
    """Faces to look at, as the other searches tell it."""
    doubts = review(store)
    why = {doubt.id: "; ".join(doubt.reasons) for doubt in doubts}
    rows = tuple(row for row in store.select(Query()) if row.id in why)
    frames = tuple(dict.fromkeys(doubt.frame for doubt in doubts))
    words = counted(len(frames), "frame to review", "frames to review")
    said = "\n".join([words, *(f"  {row.frame}: face {row.id}: {why[row.id]}" for row in rows)])
    return Found("review", frames, rows, said, why)


def _alone(face: Face) -> Iterator[str]:
    quality = face.quality
    if "bridged" in quality:
        yield "not seen here, only before and behind"
    elif quality.get("presence", 1.0) < PRESENT:
        yield f"low confidence, {quality['presence']:.2f}"
    if (distance := quality.get("average_distance", 0.0)) >= MISALIGNED:
        yield f"misaligned, {distance:.2f} from the mean face"
    if face.stale:
        yield f"out of date: {', '.join(sorted(face.stale))}"


def _between(*window: _Known) -> Iterator[tuple[str, float, str]]:
    """What is unlike its neighbours: what it is, by how much, and in words.

    Landmarks are compared with the cubic through two frames before and two behind: a dancer's head
    goes along one, and half of what would be a jump beside the mean of two frames is none.
    """
    first, before, at, behind, last = window
    eyes = at.landmarks[_LEFT_EYE].mean(0) - at.landmarks[_RIGHT_EYE].mean(0)
    way = (4 * (before.landmarks + behind.landmarks) - first.landmarks - last.landmarks) / 6
    off = np.linalg.norm(at.landmarks - way, axis=1)[17:].mean()
    jump = float(off / max(float(np.linalg.norm(eyes)), 1e-6))
    if jump >= _JUMP:
        yield "landmarks", jump, f"landmarks jump by {jump:.2f} of the eye distance"
    if before.colour and at.colour and behind.colour:
        middle = np.add(before.colour, behind.colour) / 2
        off = np.abs(np.subtract(at.colour, middle))
        jump = float(off.max())
        if jump >= _COLOUR_JUMP:
            which = COLOUR[int(off.argmax())]
            yield "colour", jump, f"colour jumps: {which} by {jump:.0%} of full scale"
    for kind in sorted(before.covers.keys() & at.covers.keys() & behind.covers.keys()):
        usual = (before.covers[kind] + behind.covers[kind]) / 2
        jump = abs(at.covers[kind] - usual)
        if jump >= _MASK_JUMP:
            yield kind, jump, f"mask {kind} jumps from {usual:.0%} to {at.covers[kind]:.0%}"


def _strangers(
    found: Iterable[tuple[_Known, NDArray[np.float64]]],
) -> Iterator[_Known]:
    """Those far from all the others of a track, by its own measure: nets differ in theirs."""
    known, vectors = [k for k, _ in found], [v for _, v in found]
    if len({v.shape for v in vectors}) != 1 or len(vectors) < _FEWEST_VECTORS:
        return
    all_ = np.stack(vectors)
    apart = np.linalg.norm(all_ - np.median(all_, axis=0), axis=1)
    limit = _STRANGE * float(np.median(apart))
    yield from (one for one, far in zip(known, apart, strict=True) if limit > 0 and far > limit)
