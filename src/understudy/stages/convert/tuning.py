"""One frame as a conversion would make it, again and again, while somebody looks for settings.

What takes long is kept: the model, the frames that were looked at last, and the faces that the
model made for them, which only knobs and corrections change. So a softer edge or another colour
match costs the pasting alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from understudy.errors import FileAway
from understudy.imaging.depth import eight_bit
from understudy.imaging.text import mark_made
from understudy.media import FilmReader, probe
from understudy.plugin import Registry
from understudy.stages.convert.compose import Composer, Fresh
from understudy.stages.convert.composer import composer_for
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import ConvertInputs
from understudy.stages.faces.casting import Casting
from understudy.stages.faces.source import assumed_colour
from understudy.stages.faces.surfaces import builds_in
from understudy.store.alignments import Alignments
from understudy.swap.loading import load_swapper
from understudy.types import Frame

_KEPT = 12
"""Frames, each with the faces made for it."""


class Tuner:
    """A conversion that is tried on single frames; a context manager, used by one at a time.

    Args:
        inputs: as for the conversion; no output is written.
        options: where the model runs, and which state of it.
        registry: of plug-ins.

    Raises:
        ConsentMissing: as for the conversion: nobody is shown as somebody else without it.
        StoreError, MediaError: as for the conversion.
    """

    def __init__(self, inputs: ConvertInputs, options: ConvertOptions, registry: Registry) -> None:
        inputs.label.require()
        self._inputs, self._registry = inputs, registry
        with ExitStack() as opened:
            self._store = opened.enter_context(Alignments.open(inputs.alignments, read_only=True))
            self._film = FilmReader(probe(inputs.media), "8", assumed_colour(self._store))
            self._swapper = load_swapper(inputs.model, options.device, registry)
            self._opened = opened.pop_all()
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._fresh: OrderedDict[tuple[Any, ...], Sequence[Fresh]] = OrderedDict()
        self._builds: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the film's faces."""
        self._opened.close()

    def frame(self, index: int, options: ConvertOptions) -> NDArray[np.uint8]:
        """A frame as these options would make it, marked as made where it is.

        Args:
            index: of the frame.
            options: of the conversion.

        Returns:
            (h, w, 3) uint8 RGB.

        Raises:
            ConsentMissing: a consent was taken back meanwhile.
            FileAway: the film has no such frame, or it was not looked at.
            NoFaces, ValueRefused: as for the conversion.
        """
        self._inputs.label.require()
        frame = self._source(index)
        casting = Casting(self._store, self._inputs.casting, options.faces, self._inputs.faces)
        composer = self._composer(options, casting)
        fresh = self._made(index, frame, options, casting, composer)
        pixels = np.array(eight_bit(composer.composed((frame, fresh)).pixels))
        if fresh:
            mark_made(pixels)
        return pixels

    def _source(self, index: int) -> Frame:
        if index not in self._frames:
            at = self._store.timestamp(index)
            found = None if at is None else next(iter(self._film.frames(at)), None)
            if found is None:
                raise FileAway(f"frame {index}: was not looked at, or cannot be read")
            self._frames[index] = found
            while len(self._frames) > _KEPT:
                self._frames.popitem(last=False)
        return self._frames[index]

    def _composer(self, options: ConvertOptions, casting: Casting) -> Composer:
        def builds() -> Any:
            if options.mask not in self._builds:
                self._builds[options.mask] = builds_in(casting, options.mask)
            return self._builds[options.mask]

        knobs = self._inputs.knobs
        return composer_for(options, self._swapper, self._registry, builds, knobs)

    def _made(
        self,
        index: int,
        frame: Frame,
        options: ConvertOptions,
        casting: Casting,
        composer: Composer,
    ) -> Sequence[Fresh]:
        # The number changes whenever somebody corrects faces, so that none is shown as it was.
        key = index, options.knob, options.faces, options.mask, self._store.version
        if key not in self._fresh:
            found = casting.between(index, index).get(index, [])
            self._fresh[key] = composer.made([(frame, face, part) for face, part in found])
            while len(self._fresh) > _KEPT:
                self._fresh.popitem(last=False)
        return self._fresh[key]
