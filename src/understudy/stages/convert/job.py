"""Frames in, converted frames out: the same frames give the same result."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy.colour import ColourMatcher, SteadyMatcher
from understudy.flow import ahead, mapped
from understudy.flow.progress import Task
from understudy.geometry.facemesh.build import Build
from understudy.stages.convert.compose import Composer, Fresh, Placed
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.casting import Casting, Census, Part
from understudy.swap.loading import Swapper
from understudy.types import Frame, Timestamp
from understudy.words import counted

Numbers = NDArray[Any] | None


class _Held(NamedTuple):
    """A frame that waits for those after it."""

    frame: Frame
    placed: Sequence[Placed]


class Job:
    """Converts frames given in order. Faces are read as their frames come, a batch at a time.

    Colours go by what was measured around a frame as well, so frames are converted in one stream
    and divided into segments behind it. A stream that begins later gives the same, as long as it
    begins `reach` frames before the first one that is wanted.

    Attributes:
        reach: how many frames before and after a frame it depends on.
    """

    def __init__(
        self,
        options: ConvertOptions,
        swapper: Swapper,
        matcher: ColourMatcher,
        casting: Casting,
        census: Census,
        knobs: Mapping[str, Any],
        builds: Mapping[Part, Build],
    ) -> None:
        self._census = census
        self._options, self._casting = options, casting
        self._composer = Composer(options, swapper, matcher, knobs, builds)
        self._workers = os.cpu_count() or 1
        self.reach = options.smooth_colour if isinstance(matcher, SteadyMatcher) else 0

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

    def _joined(self, one: tuple[_Held, Sequence[Numbers]]) -> Frame:
        held, numbers = one
        return self._composer.joined(held.frame, held.placed, numbers)

    def _settled(
        self, source: Generator[_Held, None, None], wanted: Callable[[int], bool]
    ) -> Iterator[tuple[_Held, Sequence[Numbers]]]:
        """Wanted frames, with what the colours of their faces are matched by."""
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
    ) -> Iterator[tuple[_Held, Sequence[Numbers]]]:
        if wanted(held.frame.at.index):
            yield held, [self._smoothed(held, one, near) for one in held.placed]

    def _smoothed(self, held: _Held, one: Placed, near: Iterable[_Held]) -> Numbers:
        """The mean of what was measured of a face and of its neighbours, near ones most."""
        if one.measured is None or one.face.track is None or not self.reach:
            return one.measured
        at, total, weights = held.frame.at.index, np.zeros_like(one.measured), 0.0
        for other in near:
            away = abs(other.frame.at.index - at)
            if away > self.reach:
                continue
            for neighbour in other.placed:
                # a track lies within one shot, so that no light of another one comes in
                if neighbour.face.track == one.face.track and neighbour.measured is not None:
                    weight = 1 - away / (self.reach + 1)
                    total += weight * neighbour.measured
                    weights += weight
        return total / weights

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
        return _Held(pair[0], self._composer.placed(*pair))

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
            for (frame, _, _), fresh in zip(faces, self._composer.made(faces), strict=True):
                todo.setdefault(frame.at.index, []).append(fresh)
            yield batch, todo, len(faces)

    def _matters(self, index: int, wanted: Callable[[int], bool]) -> bool:
        """Whether a frame is wanted, or near one that is."""
        return any(wanted(index + away) for away in range(-self.reach, self.reach + 1))
