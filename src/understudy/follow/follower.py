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
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from understudy.follow.checked.compare import Compare, Eyes
from understudy.follow.checked.steps import Steps
from understudy.follow.likeness import (
    moved,
    one_place,
    touch,
)
from understudy.follow.shots import Shots
from understudy.follow.sightings import Sighting, State
from understudy.follow.smooth import REACH, carried, smoothed, split
from understudy.geometry import Float64
from understudy.types import Faces, Frame, Track

KEY_EVERY = 6
"""A detector looks at every so manieth frame."""
FORGOTTEN_AFTER = 75
"""A lost face that comes back within so many frames of its shot keeps its track."""

_SOUGHT_FOR = 5
"""A face that was lost is sought in every frame, so many frames long."""


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
        self._steps = Steps(eyes)
        self._compare = Compare(eyes, self._steps, self._state)

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
        for frame, found in zip(out, faces, strict=True):
            self._state.doubts.settle(frame.at.index, [s.sighting.box_xyxy for s in found])
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
            doubtful = self._carry_on(frame, by_index)
            if frame.at.index in self._detected:
                self._compare(frame, self._detected[frame.at.index], by_index, doubtful)
        self._steps.forget()

    # -- one frame further

    def _carry_on(self, frame: Frame, by_index: Mapping[int, Frame]) -> set[int]:
        """Let the aligner find each followed face again, a step further.

        Returns:
            Numbers of the tracks of which it is doubtful whether they are still on their face.
        """
        index, doubtful = frame.at.index, set()
        active = [t for t in self._state.trails if t.open and t.lost is None]
        before = [(by_index.get(t.last.frame), t.last) for t in active]
        for trail, step in zip(
            active, self._steps.go(frame, before) if active else (), strict=True
        ):
            if step.sighting is None:
                trail.lost, trail.doubt = index, True
                continue
            trail.sightings[index] = step.sighting
            if step.doubtful:
                trail.doubt = True
                doubtful.add(trail.number)
        self._part(index, doubtful)
        sought = any(
            t.open and t.lost is not None and index - t.lost < _SOUGHT_FOR
            for t in self._state.trails
        )
        if (doubtful or sought) and index not in self._detected:
            self._detected[index] = self._eyes.detect([frame])[0]
        return doubtful

    def _part(self, index: int, doubtful: set[int]) -> None:
        """Two tracks on one face: the one that fits its own past worse has lost its own."""
        active = [t for t in self._state.trails if t.open and index in t.sightings]
        for n, trail in enumerate(active):
            for other in active[n + 1 :]:
                if index not in trail.sightings or index not in other.sightings:
                    continue
                both = trail.sightings[index], other.sightings[index]
                if touch(*both):
                    trail.doubt = other.doubt = True
                if one_place(*both):
                    worse = max(
                        (trail, other), key=lambda t: (t.number in doubtful, moved(t, index))
                    )
                    del worse.sightings[index]
                    worse.lost = index
                    if not worse.sightings:
                        worse.open = False
                        self._state.trails.remove(worse)
