"""Following a face backward, to where it came into view or where it was followed to rightly.

What was followed forward since the detector last agreed may have crept onto a forehead or a neck.
So a face that is found again is followed back, and takes over from what was followed forward until
both looks agree; where the way back ends before that, the detector decides, frame by frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from understudy.follow.checked.steps import Steps
from understudy.follow.left_out import DISAGREE
from understudy.follow.likeness import AS_BEFORE, agrees, apart, covered, settled, stepped
from understudy.follow.sightings import Sighting, State, Trail
from understudy.types import Faces, Frame

BRIDGED_AT_MOST = 5
"""Gaps of so many frames are filled between two sightings of one face."""
_SAME_LOOK = 0.1
_BRIDGED_OVER = 1.0
"""A face that moved by more of its size in a gap cannot be guessed in it."""


class Detects(Protocol):
    """What going back needs of the plug-ins."""

    def detect(self, frames: Sequence[Frame]) -> list[Faces]:
        """Faces of several frames, without landmarks."""


class Back:
    """Follows backward through the frames at hand."""

    def __init__(self, eyes: Detects, steps: Steps, state: State) -> None:
        self._eyes, self._steps, self._state = eyes, steps, state

    def __call__(self, trail: Trail, frame: Frame, by_index: Mapping[int, Frame]) -> None:
        """Follow a face back from where it was found, and bridge what little is left."""
        found, forward = trail.sightings[frame.at.index], trail.forward
        trail.forward = {}
        before = [i for i in trail.sightings if i < frame.at.index]
        stop = max(before) if before else -1
        index = frame.at.index - 1
        while index > stop and index in by_index:
            sighting = self._one_back(trail, found, by_index, index)
            if sighting is None:
                break
            known = forward.get(index)
            if known is not None and stepped(known, sighting) < _SAME_LOOK:
                trail.sightings.update({i: s for i, s in forward.items() if i <= index})
                return
            trail.sightings[index] = found = sighting
            index -= 1
        gap = range(stop + 1, index + 1)
        if before and 0 < len(gap) <= BRIDGED_AT_MOST and all(i in by_index for i in gap):
            self._bridge(trail, gap, forward)

    def _one_back(
        self, trail: Trail, found: Sighting, by_index: Mapping[int, Frame], index: int
    ) -> Sighting | None:
        """The face a frame earlier; None where it is not there, or somebody else has it."""
        frame = by_index[index]
        (step,) = self._steps.go(frame, [(by_index.get(found.frame), found)])
        sighting = step.sighting
        if sighting is None or step.doubtful:
            sighting = self._detected(frame, by_index[found.frame], found)
        others = [
            t.sightings[index].box_xyxy
            for t in self._state.trails
            if t is not trail and index in t.sightings
        ]
        if sighting is None or covered(sighting.box_xyxy, others):
            return None
        return sighting

    def _detected(self, frame: Frame, near_in: Frame, near: Sighting) -> Sighting | None:
        """The face that a detector sees nearest to where it was; None where it sees none near."""
        (detected,) = self._eyes.detect([frame])
        looks = [
            look
            for look, box in zip(
                self._steps.anew(frame, detected), detected.boxes_xyxy, strict=True
            )
            if settled(look)
            and agrees(look, box)
            and apart(look, near) < _BRIDGED_OVER
            and self._steps.alike((frame, look), (near_in, near)) > AS_BEFORE
        ]
        return min(looks, key=lambda look: apart(look, near), default=None)

    def _bridge(self, trail: Trail, gap: range, forward: Mapping[int, Sighting]) -> None:
        """Fill a short gap between two sightings: the head on a straight way, the face with it."""
        one, two = trail.sightings[gap.start - 1], trail.sightings[gap.stop]
        if apart(one, two) > _BRIDGED_OVER:
            for index, sighting in forward.items():
                self._state.doubts.add(index, sighting.box_xyxy, DISAGREE)
            return
        for n, index in enumerate(gap, 1):
            between = one.toward(two, n / (len(gap) + 1), index)
            trail.sightings[index] = between.moved_from(one)
