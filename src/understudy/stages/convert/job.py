"""Frames in, converted frames out: the same frames give the same result."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from understudy.flow import ahead, mapped
from understudy.flow.progress import Task
from understudy.geometry.facemesh.build import Build
from understudy.stages.convert.compose import Composer, Fresh
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.casting import Casting, Census, Part
from understudy.swap.loading import Swapper
from understudy.types import Frame, Timestamp
from understudy.words import counted


class Job:
    """Converts frames given in order. Faces are read as their frames come, a batch at a time."""

    def __init__(
        self,
        options: ConvertOptions,
        swapper: Swapper,
        matcher: Any,
        casting: Casting,
        census: Census,
        knobs: Mapping[str, Any],
        builds: Mapping[Part, Build],
    ) -> None:
        self._census = census
        self._options, self._casting = options, casting
        self._composer = Composer(options, swapper, matcher, knobs, builds)
        self._workers = os.cpu_count() or 1

    def time_of(self, index: int) -> Timestamp | None:
        """Exact time of a frame, as the extraction saw it."""
        return self._casting.store.timestamp(index)

    def faces_changed(self) -> bool:
        """Whether somebody has edited the faces since they were counted."""
        return self._casting.changed(self._census, self._options.mask)

    def converted(self, source: Iterable[Frame], bar: Task) -> Iterator[Frame]:
        """Frames in the same order; those without a chosen face are passed on untouched."""
        # the model makes the next faces while these are put in their places and encoded
        for frames, fresh, n_faces in ahead(self._made(source), 1):
            pairs = [(frame, fresh.get(frame.at.index, [])) for frame in frames]
            yield from mapped(self._composer.composed, pairs, self._workers)
            bar.advance(len(frames), f"{counted(n_faces, 'face')} in the last {len(frames)}")

    def _made(
        self, source: Iterable[Frame]
    ) -> Iterator[tuple[list[Frame], dict[int, list[Fresh]], int]]:
        """A few frames at a time, the new faces of each, and how many those are."""
        source = iter(source)
        while batch := list(islice(source, self._options.faces_at_once)):
            here = self._casting.between(batch[0].at.index, batch[-1].at.index)
            faces = [
                (frame, face, part)
                for frame in batch
                for face, part in here.get(frame.at.index, [])
            ]
            todo: dict[int, list[Fresh]] = {}
            for (frame, _, _), fresh in zip(faces, self._composer.made(faces), strict=True):
                todo.setdefault(frame.at.index, []).append(fresh)
            yield batch, todo, len(faces)
