"""Frames in, converted frames out: the same frames give the same result."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError
from understudy.flow import ahead, mapped
from understudy.flow.progress import Task
from understudy.stages.convert.compose import Fresh, Placed
from understudy.stages.convert.composer import AnyComposer
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stream.spared import FAILURES, Spared
from understudy.stages.faces.casting import Casting, Census, Part
from understudy.types import Face, Frame, Timestamp
from understudy.words import counted


class _Held(NamedTuple):
    """A frame that waits for those after it."""

    frame: Frame
    placed: Sequence[Placed]


class Job:
    """Converts frames given in order. Faces are read as their frames come, a batch at a time.

    Colours go by what was measured around a frame as well, so frames are converted in one stream
    and divided into segments behind it. A stream that begins later gives the same, as long as it
    begins `reach` frames before the first one that is wanted.

    Args:
        spared: told of faces that fail, and that stay as they were filmed.
        apart: whether frames stay as they are, with their new faces beside them.

    Attributes:
        reach: how many frames before and after a frame it depends on.
    """

    def __init__(
        self,
        options: ConvertOptions,
        composer: AnyComposer,
        casting: Casting,
        census: Census,
        spared: Spared,
        *,
        apart: bool = False,
    ) -> None:
        self._census, self._apart, self._spared = census, apart, spared
        self._options, self._casting = options, casting
        self._composer = composer
        self._workers = os.cpu_count() or 1
        self._smooth = options.smooth_colour if composer.measures else 0
        self.reach = max(self._smooth, int(composer.moves))

    def time_of(self, index: int) -> Timestamp | None:
        """Exact time of a frame, as the extraction saw it."""
        return self._casting.store.timestamp(index)

    def faces_changed(self) -> bool:
        """Whether somebody has edited the faces since they were counted."""
        return self._casting.changed(self._census, self._options.mask)

    def converted(
        self, source: Iterable[Frame], wanted: Callable[[int], bool], bar: Task
    ) -> Generator[Frame, None, None]:
        """Wanted frames in the same order; those without a chosen face are passed on untouched.

        Args:
            source: frames in order.
            wanted: of a frame's index, whether it is to be had; others are only looked at.
            bar: told of the frames that were wanted.
        """
        settled = self._settled(self._placed(source, wanted, bar), wanted)
        yield from mapped(self._joined, settled, self._workers)

    def _joined(self, held: _Held) -> Frame:
        join = self._composer.cut_out if self._apart else self._composer.joined
        placed = held.placed
        try:
            made = join(held.frame, placed)
        except FAILURES:
            # which of them it was, is found by trying each alone
            alone = partial(join, held.frame)
            placed = [p for p in placed if self._spared.tried(p.face, partial(alone, [p]))]
            made = join(held.frame, placed)
        self._spared.worked(len(placed))
        return made

    def _settled(
        self, source: Generator[_Held, None, None], wanted: Callable[[int], bool]
    ) -> Iterator[_Held]:
        """Wanted frames, with what was measured around them as well."""
        near: deque[_Held] = deque()
        waiting: deque[_Held] = deque()
        with closing(source):
            for held in source:
                near.append(held)
                waiting.append(held)
                index = held.frame.at.index
                while waiting and waiting[0].frame.at.index + self.reach <= index:
                    yield from self._with_neighbours(waiting.popleft(), near, wanted)
                oldest = waiting[0].frame.at.index if waiting else index + 1
                while near and near[0].frame.at.index < oldest - self.reach:
                    near.popleft()
        for held in waiting:
            yield from self._with_neighbours(held, near, wanted)

    def _with_neighbours(
        self, held: _Held, near: Iterable[_Held], wanted: Callable[[int], bool]
    ) -> Iterator[_Held]:
        index = held.frame.at.index
        if not wanted(index):
            return
        placed = []
        for one in held.placed:
            if one.face.track is not None and self.reach:
                around = [
                    (other.frame.at.index - index, neighbour)
                    for other in near
                    if abs(other.frame.at.index - index) <= self.reach
                    for neighbour in other.placed
                    # a track lies within one shot, so that no light of another one comes in
                    if neighbour.face.track == one.face.track
                ]
                one = replace(
                    one,
                    measured=self._mean([(away, n.measured) for away, n in around]),
                    texture=self._mean([(away, n.texture) for away, n in around]),
                    way_px=_way([(away, n.face) for away, n in around]),
                )
            placed.append(one)
        yield held._replace(placed=placed)

    def _mean(self, around: Sequence[tuple[int, NDArray[Any] | None]]) -> NDArray[Any] | None:
        """The mean of what was measured of a face and its neighbours, near ones most."""
        there = [(away, n) for away, n in around if n is not None and abs(away) <= self._smooth]
        if not there:
            return None
        weights = [1 - abs(away) / (self._smooth + 1) for away, _ in there]
        # one after the other, since a sum of another order has other last places
        total = np.zeros_like(there[0][1])
        for weight, (_, numbers) in zip(weights, there, strict=True):
            total += weight * numbers
        return np.asarray(total / sum(weights))

    def _placed(
        self, source: Iterable[Frame], wanted: Callable[[int], bool], bar: Task
    ) -> Generator[_Held, None, None]:
        """Frames with their new faces, not yet joined."""
        # the model makes the next faces while these are put in their places and encoded
        with closing(ahead(self._made(source, wanted), 1)) as batches:
            for frames, fresh, n_faces in batches:
                pairs = [(frame, fresh.get(frame.at.index, [])) for frame in frames]
                yield from mapped(self._place, pairs, self._workers)
                done = sum(wanted(frame.at.index) for frame in frames)
                bar.advance(done, f"{counted(n_faces, 'face')} in the last {len(frames)}")

    def _place(self, pair: tuple[Frame, Sequence[Fresh]]) -> _Held:
        frame, fresh = pair
        placed = []
        for one in fresh:
            place = partial(self._composer.placed, frame, [one])
            placed += self._spared.tried(one.face, place) or []
        return _Held(frame, placed)

    def _made(
        self, source: Iterable[Frame], wanted: Callable[[int], bool]
    ) -> Iterator[tuple[list[Frame], dict[int, list[Fresh]], int]]:
        """A few frames at a time, the new faces of each, and how many those are."""
        source = iter(source)
        while batch := list(islice(source, self._options.faces_at_once)):
            here = self._casting.between(batch[0].at.index, batch[-1].at.index)
            faces = [
                (frame, face, part)
                for frame in batch
                for face, part in here.get(frame.at.index, [])
                if self._matters(frame.at.index, wanted)
            ]
            todo: dict[int, list[Fresh]] = {}
            for index, fresh in self._fresh(faces):
                todo.setdefault(index, []).append(fresh)
            yield batch, todo, len(faces)

    def _fresh(self, faces: Sequence[tuple[Frame, Face, Part]]) -> list[tuple[int, Fresh]]:
        """Each new face with its frame's index, without those that fail."""
        try:
            made = self._composer.made(faces)
        except (*FAILURES, StoreError) as error:  # the latter of pixels that are no numbers
            if len(faces) > 1:
                return [fresh for one in faces for fresh in self._fresh([one])]
            self._spared.failed(faces[0][1], error)
            return []
        return [(one[0].at.index, fresh) for one, fresh in zip(faces, made, strict=True)]

    def _matters(self, index: int, wanted: Callable[[int], bool]) -> bool:
        """Whether a frame is wanted, or near one that is."""
        return any(wanted(index + away) for away in range(-self.reach, self.reach + 1))


def _way(around: Sequence[tuple[int, Face]]) -> NDArray[Any] | None:
    """(2,) pixels that a face moves from one frame to the next; None where it is seen once."""
    near = sorted((n for n in around if abs(n[0]) <= 1), key=lambda n: n[0])
    if len(near) < 2:
        return None
    (first, before), (last, after) = near[0], near[-1]
    moved = after.alignment.landmarks.mean(0) - before.alignment.landmarks.mean(0)
    return np.asarray(moved / (last - first))
