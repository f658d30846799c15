"""Following faces through a film: shots, then tracks within each shot.

A detector looks at key frames only. Between them the aligner itself carries each face on: it starts
from where the landmarks were, and says (or shows by an impossible shape or jump) when it has lost
them; then the detector is asked at once. A face that the detector finds anew is also followed
backward, to where it really came into view. Now and then, and always after a doubtful moment, the
identity embedding is compared with the track's: a track never goes on with another person.

Frames come in windows; a window's last frames wait for the next, because smoothing looks ahead.
All that is remembered fits into a `State`, so an interrupted extraction goes on to the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from understudy.follow.likeness import (
    DISTANCE_AT_MOST,
    PRESENT,
    SAME_FACE,
    SAME_PLACE,
    apart,
    best_match,
    covered,
    follows,
    known_as,
    moved,
    sightings_of,
)
from understudy.follow.shots import Shots
from understudy.follow.sightings import Sighting, State, Trail
from understudy.follow.smooth import REACH, carried, smoothed, split
from understudy.geometry import Float64
from understudy.geometry.boxes import overlap
from understudy.types import Faces, Frame, Track

KEY_EVERY = 6
"""A detector looks at every so manieth frame."""
IDENTITY_EVERY = 12
"""So often, in frames, the identity of every face is looked at; a multiple of `KEY_EVERY`."""
BRIDGED_AT_MOST = 5
"""Gaps of so many frames are filled between two sightings of one face."""
FORGOTTEN_AFTER = 75
"""A lost face that comes back within so many frames of its shot keeps its track."""

_PRESENT_UNSEEN = 0.8
"""How sure the aligner must be of a face that the detector did not see at a key frame."""
_MISSED_AT_MOST = 3
_OTHER_PERSON = 1.15
"""An embedding so many times further away than one person's usually is, is somebody else's."""
_OTHER_FOR_SURE = 1.5


class Eyes(Protocol):
    """The plug-ins that following needs."""

    same_person_below: float

    def detect(self, frames: Sequence[Frame]) -> list[Faces]:
        """Faces of several frames, without landmarks."""

    def align(self, frame: Frame, faces: Faces) -> Faces:
        """Landmarks; those given are a guess."""

    def embed(self, frame: Frame, landmarks: Sequence[Float64]) -> NDArray[np.float32] | None:
        """(n, d) identity vectors, or None where none are wanted."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A face of one frame, final.

    Attributes:
        track: its number, or None where nothing was followed.
        sighting: as it was found.
        landmarks: (68, 2) frame pixels, smoothed.
        extras: what else the aligner knew, moved as smoothing moved the head.
        square: (3, 3) from the frame onto the unit square by the mesh, smoothed; None where no mesh
            is known, or nothing was followed.
        identity: (d,) the track's mean identity vector so far, or the face's own; None where none
            was made.
    """

    track: int | None
    sighting: Sighting
    landmarks: Float64
    identity: NDArray[Any] | None = None
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    square: Float64 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Frames whose faces are final.

    Attributes:
        frames: in order.
        faces: of each frame.
        shots: first frames of shots that begin in this window.
        tracks: what is known now of every track that was followed in it.
        state: what the next window goes on from.
    """

    frames: list[Frame]
    faces: list[list[Seen]]
    shots: list[int]
    tracks: list[Track]
    state: bytes | None


class Follower:
    """Follows faces through frames given in order, window by window."""

    def __init__(
        self, eyes: Eyes, *, cut: float = 27.0, smooth: bool = True, state: bytes | None = None
    ) -> None:
        self._eyes, self._smooth = eyes, smooth
        self._shots = Shots(cut)
        self._state = State() if state is None else State.unpacked(state)
        self._pending: list[Frame] = []
        self._detected: dict[int, Faces] = {}

    @property
    def seen(self) -> int:
        """Last frame that was followed, -1 before the first."""
        return self._state.seen

    def take(self, frames: Sequence[Frame], *, last: bool = False) -> Window:
        """Follow faces through more frames.

        Args:
            frames: the next ones; after an interruption the first are those that had been pending.
            last: whether the film ends with them.
        """
        known = [f for f in frames if f.at.index <= self._state.seen]
        for frame in known:
            self._shots.begins(frame.pixels)
        self._pending += known
        cuts = []
        for segment, begins in self._segments(frames[len(known) :]):
            if begins:
                self._state.began = segment[0].at.index
                cuts.append(self._state.began)
                self._state.shot += 1
                for trail in self._state.trails:
                    trail.open = False
            self._pending += segment
            shot = [f for f in self._pending if f.at.index >= self._state.began]
            self._follow(segment, shot, begins)
            self._state.seen = segment[-1].at.index
        return self._released(cuts, last)

    def _segments(self, frames: Sequence[Frame]) -> Iterator[tuple[list[Frame], bool]]:
        """Runs of frames of one shot, and whether each begins it."""
        run: list[Frame] = []
        begins = False
        for frame in frames:
            cut = self._shots.begins(frame.pixels)
            if cut and run:
                yield run, begins
                run = []
            begins = cut if not run else begins
            run.append(frame)
        if run:
            yield run, begins

    def _released(self, cuts: list[int], last: bool) -> Window:
        """Give out what is final, and keep what smoothing still has to look ahead for."""
        n_kept = 0 if last else min(REACH, len(self._pending))
        out, self._pending = (
            self._pending[: len(self._pending) - n_kept],
            self._pending[len(self._pending) - n_kept :],
        )
        faces = [self._final(frame.at.index) for frame in out]
        tracks = [t.as_track() for t in self._state.trails]
        if out:
            horizon = out[-1].at.index + 1 - REACH
            for trail in self._state.trails:
                newest = max(trail.sightings)
                trail.forget_before(horizon if newest >= horizon else newest)
                if trail.lost is not None and self._state.seen - trail.lost > FORGOTTEN_AFTER:
                    trail.open = False
            self._state.trails = [
                t for t in self._state.trails if t.open or max(t.sightings) >= horizon
            ]
        return Window(out, faces, cuts, tracks, self._state.packed())

    def _final(self, index: int) -> list[Seen]:
        found = []
        for trail in self._state.trails:
            sighting = trail.sightings.get(index)
            if sighting is None:
                continue
            landmarks = sighting.landmarks
            if self._smooth:
                around = {i: s.parts for i, s in trail.sightings.items() if abs(i - index) <= REACH}
                landmarks = smoothed(around, index)
            extras = dict(sighting.extras)
            if "mesh" in extras and self._smooth:
                head = split(landmarks).head
                extras["mesh"] = carried(extras["mesh"], sighting.parts.head, head)
            square = trail.square_at(index, smooth=self._smooth)
            found.append(Seen(trail.number, sighting, landmarks, trail.mean, extras, square))
        return found

    def _follow(self, segment: Sequence[Frame], shot: Sequence[Frame], begins: bool) -> None:
        """Follow through frames of one shot; `shot` are all of its frames still at hand."""
        keys = [
            f for n, f in enumerate(segment) if f.at.index % KEY_EVERY == 0 or (begins and n == 0)
        ]
        self._detected = dict(
            zip((f.at.index for f in keys), self._eyes.detect(keys), strict=True) if keys else ()
        )
        by_index = {f.at.index: f for f in shot}
        for frame in segment:
            self._carry_on(frame)
            if frame.at.index in self._detected:
                self._compare(frame, by_index)

    # -- one frame further

    def _carry_on(self, frame: Frame) -> None:
        """Let the aligner find each followed face again, a step further."""
        active = [t for t in self._state.trails if t.open and t.lost is None]
        if not active:
            return
        found = self._aligned(frame, [t.last for t in active], "followed")
        for trail, sighting in zip(active, found, strict=True):
            if sighting is not None and follows(trail.last, sighting):
                trail.sightings[frame.at.index] = sighting.moved_from(trail.last)
            else:
                trail.lost, trail.doubt = frame.at.index, True
        self._part(frame.at.index)
        if any(t.lost == frame.at.index for t in active) and frame.at.index not in self._detected:
            self._detected[frame.at.index] = self._eyes.detect([frame])[0]

    def _aligned(
        self, frame: Frame, guesses: Sequence[Sighting], how: str
    ) -> list[Sighting | None]:
        faces = Faces(
            np.stack([g.box_xyxy for g in guesses]),
            np.array([g.score for g in guesses]),
            np.stack([g.landmarks for g in guesses]),
        )
        return sightings_of(frame, self._eyes.align(frame, faces), how)

    def _part(self, index: int) -> None:
        """Two tracks on one face: the one that fits its own past worse has lost its own."""
        active = [t for t in self._state.trails if t.open and index in t.sightings]
        for n, trail in enumerate(active):
            for other in active[n + 1 :]:
                if index not in trail.sightings or index not in other.sightings:
                    continue
                boxes = [t.sightings[index].box_xyxy[None] for t in (trail, other)]
                shared = float(overlap(*boxes)[0, 0])
                if shared > SAME_FACE:
                    trail.doubt = other.doubt = True
                if shared > SAME_PLACE:
                    worse = max((trail, other), key=lambda t: moved(t, index))
                    del worse.sightings[index]
                    worse.lost = index
                    if not worse.sightings:
                        worse.open = False
                        self._state.trails.remove(worse)

    # -- at a key frame

    def _compare(self, frame: Frame, by_index: dict[int, Frame]) -> None:
        """Compare what is followed with what the detector sees, and take up what is new."""
        index, detected = frame.at.index, self._detected[frame.at.index]
        free = list(range(len(detected)))
        for trail in [t for t in self._state.trails if t.open and index in t.sightings]:
            best = best_match(trail.sightings[index].box_xyxy, detected, free)
            if best is None:
                self._unseen(trail, index)
                continue
            free.remove(best)
            trail.confirmed, trail.missed = index, 0
            trail.sightings[index] = replace(
                trail.sightings[index], score=float(detected.scores[best]), how="detected"
            )
        taken = [t.sightings[index].box_xyxy for t in self._state.trails if index in t.sightings]
        free = [i for i in free if not covered(detected.boxes_xyxy[i], taken)]
        found = self._eyes.align(frame, detected[free]) if free else Faces.none()
        sightings = [
            s
            for s in sightings_of(frame, found, "detected")
            if s is not None and s.presence >= PRESENT and s.distance <= DISTANCE_AT_MOST
        ]
        self._identify(frame, sightings)
        for sighting in sightings:
            if not covered(sighting.box_xyxy, taken):
                trail = self._take_up(frame, sighting)
                taken.append(sighting.box_xyxy)
                self._back(trail, frame, by_index)

    def _unseen(self, trail: Trail, index: int) -> None:
        """The detector does not see what is followed: how much is the aligner's word worth?"""
        trail.missed += 1
        trail.doubt = True
        sure = trail.sightings[index].presence >= _PRESENT_UNSEEN
        knows = any(s.presence < 1.0 for s in trail.sightings.values())
        if trail.missed <= _MISSED_AT_MOST and sure and knows:
            return
        # What was followed since the detector last agreed was perhaps no face any more.
        trail.cut_after(trail.confirmed)
        trail.lost = min(trail.confirmed + 1, index)

    def _identify(self, frame: Frame, sightings: list[Sighting]) -> None:
        """Look at who is there; a track that shows somebody else ends where it was last sure."""
        index = frame.at.index
        here = [t for t in self._state.trails if t.open and index in t.sightings]
        due = [t for t in here if t.doubt or t.weight == 0 or index % IDENTITY_EVERY == 0]
        faces = [t.sightings[index].landmarks for t in due] + [s.landmarks for s in sightings]
        vectors = self._eyes.embed(frame, faces) if faces else None
        if vectors is None:
            return
        for trail, vector in zip(due, vectors, strict=False):
            limit = self._eyes.same_person_below * (
                _OTHER_PERSON if trail.doubt else _OTHER_FOR_SURE
            )
            if trail.mean is not None and np.linalg.norm(trail.mean - vector) > limit:
                sightings.append(known_as(trail.sightings[index], vector))
                trail.cut_after(trail.verified)
                trail.lost = min(trail.verified + 1, index)
                continue
            trail.sightings[index] = known_as(trail.sightings[index], vector)
            trail.know(vector, index)
            trail.doubt = False
        for n, vector in enumerate(vectors[len(due) :]):
            sightings[n] = known_as(sightings[n], vector)

    def _take_up(self, frame: Frame, sighting: Sighting) -> Trail:
        """The lost track that this face belongs to, or a new one."""
        index = frame.at.index
        lost = [t for t in self._state.trails if t.open and t.lost is not None]
        lost.sort(key=lambda t: self._unlikeness(t, sighting))
        for trail in lost:
            if self._unlikeness(trail, sighting) < 1.0:
                break
        else:
            trail = Trail(self._state.tracks, self._state.shot)
            self._state.tracks += 1
            self._state.trails.append(trail)
        trail.sightings[index] = sighting
        trail.confirmed, trail.missed, trail.lost, trail.doubt = index, 0, None, False
        if sighting.embedding is not None:
            trail.know(sighting.embedding, index)
        return trail

    def _unlikeness(self, trail: Trail, sighting: Sighting) -> float:
        """How little a lost track and a new face seem to be one; below 1 they may be."""
        far = apart(trail.last, sighting)
        if trail.mean is None or sighting.embedding is None:
            gap = max(1, sighting.frame - trail.last.frame)
            return far / min(1.5, 0.4 + 0.1 * gap)
        distance = float(np.linalg.norm(trail.mean - sighting.embedding))
        limit = self._eyes.same_person_below * (_OTHER_PERSON if far < 1 else 1.0)
        return distance / limit

    def _back(self, trail: Trail, frame: Frame, by_index: dict[int, Frame]) -> None:
        """Follow a face backward to where it came into view, and bridge what little is left."""
        found = trail.sightings[frame.at.index]
        before = [i for i in trail.sightings if i < frame.at.index]
        stop = max(before) if before else -1
        index = frame.at.index - 1
        while index > stop and index in by_index:
            (sighting,) = self._aligned(by_index[index], [found], "followed")
            if sighting is None or not follows(found, sighting) or self._elsewhere(trail, sighting):
                break
            trail.sightings[index] = found = sighting.moved_from(found)
            index -= 1
        gap = range(stop + 1, index + 1)
        if before and 0 < len(gap) <= BRIDGED_AT_MOST and all(i in by_index for i in gap):
            self._bridge(trail, gap)

    def _elsewhere(self, trail: Trail, sighting: Sighting) -> bool:
        """Whether another track holds this face already."""
        others = (
            t.sightings[sighting.frame].box_xyxy
            for t in self._state.trails
            if t is not trail and sighting.frame in t.sightings
        )
        return covered(sighting.box_xyxy, list(others))

    def _bridge(self, trail: Trail, gap: range) -> None:
        """Fill a short gap between two sightings: the head on a straight way, the face with it."""
        one, two = trail.sightings[gap.start - 1], trail.sightings[gap.stop]
        if apart(one, two) > 1.0:
            return
        for n, index in enumerate(gap, 1):
            between = one.toward(two, n / (len(gap) + 1), index)
            trail.sightings[index] = between.moved_from(one)
