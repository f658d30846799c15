"""What is followed against what a detector sees: two independent looks at each face.

Where they agree, a track goes on. Where they do not, the face is looked at anew from the detector's
box: the track is there, or it takes over what is found there if that is the same person, or it is
lost. A face is never kept on which they disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from understudy.follow.checked.back import Back
from understudy.follow.checked.steps import Steps
from understudy.follow.left_out import DISAGREE, NO_LANDMARKS
from understudy.follow.likeness import (
    AS_BEFORE,
    agrees,
    apart,
    covered,
    crowded,
    known_as,
    matched,
    settled,
    stepped,
    touch,
)
from understudy.follow.sightings import Sighting, State, Trail
from understudy.geometry import Float64
from understudy.types import Faces, Frame

_PRESENT_UNSEEN = 0.8
"""How sure the aligner must be of a face that the detector did not see at a key frame."""
_MISSED_AT_MOST = 3
_OTHER_PERSON = 1.15
"""An embedding so many times further away than one person's usually is, is somebody else's."""
_OTHER_FOR_SURE = 1.5
_SAME_LOOK = 0.1
"""Two looks at a face whose landmarks lie no further apart, in face sizes, agree."""
_HIDDEN_FOR = 25
"""So many frames a face that another one hid is not taken up while they touch."""
IDENTITY_EVERY = 12
"""So often, in frames, the identity of every face is looked at; a multiple of `KEY_EVERY`."""


class Eyes(Protocol):
    """The plug-ins that following needs."""

    same_person_below: float

    def detect(self, frames: Sequence[Frame]) -> list[Faces]:
        """Faces of several frames, without landmarks."""

    def detect_near(self, frame: Frame, landmarks: Float64) -> Faces:
        """What a closer look of the detector finds where a face should be, without landmarks."""

    def align(self, frame: Frame, faces: Faces) -> Faces:
        """Landmarks; those given are a guess."""

    def embed(self, frame: Frame, landmarks: Sequence[Float64]) -> NDArray[np.float32] | None:
        """(n, d) identity vectors, or None where none are wanted."""


class Compare:
    """Compares what the tracks of a state were followed to with what a detector sees."""

    def __init__(self, eyes: Eyes, steps: Steps, state: State) -> None:
        self._eyes, self._steps, self._state = eyes, steps, state
        self._back = Back(eyes, steps, state)
        self._boxes: NDArray[Any] = np.zeros((0, 4))

    def __call__(
        self, frame: Frame, detected: Faces, by_index: Mapping[int, Frame], doubtful: set[int]
    ) -> None:
        """Compare, and take up what is new.

        Args:
            frame: in which the detector looked.
            detected: what it found.
            by_index: frames of the shot that are at hand.
            doubtful: numbers of the tracks that may have left their face.
        """
        index = frame.at.index
        self._boxes = detected.boxes_xyxy
        followed = [t for t in self._state.trails if t.open and index in t.sightings]
        pairs = matched([t.sightings[index] for t in followed], detected.boxes_xyxy)
        contested: list[tuple[Trail, Faces]] = []
        for n, trail in enumerate(followed):
            seen = detected[pairs[n]] if n in pairs else self._closer(frame, trail)
            if not len(seen):
                self._unseen(trail, index, trail.number in doubtful)
            elif trail.number in doubtful or not agrees(trail.sightings[index], seen.boxes_xyxy[0]):
                contested.append((trail, seen))
            else:
                trail.confirm(index, float(seen.scores[0]))
        sightings = self._settled(frame, contested, doubtful, by_index)
        taken = [t.sightings[index].box_xyxy for t in self._state.trails if index in t.sightings]
        taken += [s.box_xyxy for s in sightings]
        used = set(pairs.values())
        free = [
            i
            for i in range(len(detected))
            if i not in used and not covered(detected.boxes_xyxy[i], taken)
        ]
        for n, sighting in zip(free, self._steps.anew(frame, detected[free]), strict=True):
            if settled(sighting):
                sightings.append(sighting)
            else:
                self._state.doubts.add(index, detected.boxes_xyxy[n], NO_LANDMARKS)
        self._identify(frame, sightings)
        taken = [t.sightings[index].box_xyxy for t in self._state.trails if index in t.sightings]
        for sighting in sightings:
            if self._half_hidden(sighting):
                self._state.doubts.add(index, sighting.box_xyxy, DISAGREE)
            elif not covered(sighting.box_xyxy, taken):
                trail = self._take_up(frame, sighting)
                taken.append(sighting.box_xyxy)
                self._back(trail, frame, by_index)
        for trail in self._state.trails:
            trail.forward = {}

    def _closer(self, frame: Frame, trail: Trail) -> Faces:
        """What a closer look finds of a face that the detector does not see in the whole frame."""
        sighting = trail.sightings[frame.at.index]
        found = self._eyes.detect_near(frame, sighting.landmarks)
        pairs = matched([sighting], found.boxes_xyxy)
        return found[pairs[0]] if pairs else Faces.none()

    def _settled(
        self,
        frame: Frame,
        contested: Sequence[tuple[Trail, Faces]],
        doubtful: set[int],
        by_index: Mapping[int, Frame],
    ) -> list[Sighting]:
        """Look at faces anew where a detector and what was followed do not agree.

        Where faces touch, a detector's boxes run into each other and one face hides the other, so
        there a look must also show the picture that the face showed before.

        Returns:
            Those that are elsewhere than their tracks were followed to.
        """
        index, elsewhere = frame.at.index, []
        looks = self._steps.anew(frame, Faces.concat([seen for _, seen in contested]))
        for (trail, seen), look in zip(contested, looks, strict=True):
            box, followed = seen.boxes_xyxy[0], trail.sightings[index]
            before = trail.before(index)
            near = crowded(box, self._others(index, box, trail))

            def as_before(sighting: Sighting, was: Sighting | None = before) -> bool:
                there = None if was is None else by_index.get(was.frame)
                if was is None or there is None:
                    return True
                return self._steps.alike((frame, sighting), (there, was)) > AS_BEFORE

            if settled(look) and stepped(look, followed) < _SAME_LOOK:
                if not near or as_before(followed):
                    trail.confirm(index, float(seen.scores[0]), box)
                    continue
            elif near and trail.number not in doubtful:
                self._unseen(trail, index, False)
                continue
            elif settled(look) and agrees(look, box) and (not near or as_before(look)):
                elsewhere.append(look)
            # What was followed since they last agreed may lie beside the face: see Back.
            kept = trail.confirmed
            if look not in elsewhere:
                self._state.doubts.add(index, box, DISAGREE)
                kept = index - 1 if trail.number in doubtful else kept
            trail.take_back(kept)
            trail.lost, trail.doubt = min(kept + 1, index), True
        return elsewhere

    def _others(self, index: int, box_xyxy: Float64, trail: Trail | None = None) -> list[Float64]:
        """Boxes of all other faces of a frame; for a track's face also of those just lost."""
        boxes = [b for b in self._boxes if not np.array_equal(b, box_xyxy)]
        for other in self._state.trails:
            if other is not trail and index in other.sightings:
                boxes.append(other.sightings[index].box_xyxy)
            elif trail not in (None, other) and self._just_lost(other, index):
                boxes.append(other.last.box_xyxy)
        return boxes

    def _just_lost(self, trail: Trail, index: int) -> bool:
        return trail.open and trail.lost is not None and index - trail.lost < _HIDDEN_FOR

    def _half_hidden(self, sighting: Sighting) -> bool:
        """Whether a face is coming out behind another: when it is free it is followed back."""
        index = sighting.frame
        here = [t.sightings[index] for t in self._state.trails if index in t.sightings]
        if any(touch(sighting, other) for other in here):
            return True
        others = self._others(index, sighting.box_xyxy)
        return crowded(sighting.box_xyxy, others) and any(
            self._just_lost(t, index) and apart(t.last, sighting) < 1.5 for t in self._state.trails
        )

    def _unseen(self, trail: Trail, index: int, doubtful: bool) -> None:
        """The detector does not see what is followed: how much is the aligner's word worth?"""
        trail.missed += 1
        trail.doubt = True
        sighting = trail.sightings[index]
        sure = sighting.presence >= _PRESENT_UNSEEN and not doubtful
        knows = any(s.presence < 1.0 for s in trail.sightings.values())
        if trail.missed <= _MISSED_AT_MOST and sure and knows:
            return
        # What was followed since the detector last agreed was perhaps no face any more.
        self._state.doubts.add(index, sighting.box_xyxy, DISAGREE)
        kept = index - 1 if doubtful and trail.missed == 1 else trail.confirmed
        trail.cut_after(kept)
        trail.lost = min(kept + 1, index)

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
