"""One frame as a conversion would make it, again and again, while somebody looks for settings.

What takes long is kept: the model, the frames that were looked at last, and the faces that the
model made for them, which only knobs and corrections change. So a softer edge or another colour
match costs the pasting alone.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from understudy.errors import FileAway, NoFaces
from understudy.geometry import Warp
from understudy.imaging.depth import eight_bit
from understudy.imaging.text import mark_made
from understudy.media import FilmReader, probe
from understudy.plugin import Registry
from understudy.stages.convert.compose import Fresh
from understudy.stages.convert.composer import AnyComposer, composer_for
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import ConvertInputs
from understudy.stages.faces.casting import Casting
from understudy.stages.faces.source import assumed_colour
from understudy.stages.faces.surfaces import builds_in
from understudy.store.alignments import Alignments
from understudy.swap.loading import load_swapper
from understudy.types import Face, Frame

_KEPT = 12
"""Frames, each with the faces made for it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame before and after.

    Attributes:
        frame: as it was filmed.
        made: as the options have it.
        faces: whose places were taken.
    """

    frame: Frame
    made: Frame
    faces: tuple[Face, ...]

    def around(self, size_px: int) -> Warp:
        """The warp to a square around the head of the first face; there must be one."""
        crop = self.faces[0].alignment.crop(size_px, 1.0, "head")
        return crop.begun_in(self.frame.space)


def spread_frames(casting: Casting, mask: str, count: int) -> list[int]:
    """Frames with replaced faces, spread over the film, without its very ends."""
    frames = array("q", (index for index, _ in casting.in_frames(mask)))
    chosen = np.linspace(0, len(frames) - 1, min(count, len(frames)) + 2)[1:-1]
    return sorted({frames[round(at)] for at in chosen.tolist()})


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
            self._swapper = load_swapper(inputs.model, options.device, registry, options.checkpoint)
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
        shown = self.shown(index, options)
        pixels = np.array(eight_bit(shown.made.pixels))
        if shown.faces:
            mark_made(pixels)
        return pixels

    def shown(self, index: int, options: ConvertOptions) -> Shown:
        """A frame before and after, not marked: for who shows it as part of something that says it.

        Args:
            index: of the frame.
            options: of the conversion.

        Raises:
            ConsentMissing, FileAway, NoFaces, ValueRefused: see `frame`.
        """
        self._inputs.label.require()
        frame = self._source(index)
        casting = self._casting(options)
        composer = self._composer(options, casting)
        fresh = self._made(index, frame, options, casting, composer)
        return Shown(frame, composer.composed((frame, fresh)), tuple(one.face for one in fresh))

    @property
    def last(self) -> int:
        """Number of the film's last frame; -1 where none was looked at."""
        at = self._store.last_timestamp()
        return -1 if at is None else at.index

    def spread(self, options: ConvertOptions, count: int) -> list[int]:
        """Frames with replaced faces, spread over the film.

        Raises:
            NoFaces: no face is replaced.
        """
        found = spread_frames(self._casting(options), options.mask, count)
        if not found:
            raise NoFaces(f"{self._film.name}: no face of those who are cast is left to replace")
        return found

    def _casting(self, options: ConvertOptions) -> Casting:
        return Casting(self._store, self._inputs.casting, options.faces, self._inputs.faces)

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

    def _composer(self, options: ConvertOptions, casting: Casting) -> AnyComposer:
        def builds() -> Any:
            if options.mask not in self._builds:
                self._builds[options.mask] = builds_in(casting, options.mask)
            return self._builds[options.mask]

        knobs = self._inputs.knobs
        return composer_for(
            options, self._swapper, self._registry, builds, knobs, shots=self._store.shots
        )

    def _made(
        self,
        index: int,
        frame: Frame,
        options: ConvertOptions,
        casting: Casting,
        composer: AnyComposer,
    ) -> Sequence[Fresh]:
        # The number changes whenever somebody corrects faces, so that none is shown as it was.
        o = options
        finer = o.enhancer, o.enhance_strength, o.enhance
        key = index, o.knob, o.keys, o.faces, o.mask, *finer, self._store.version
        if key not in self._fresh:
            found = casting.between(index, index).get(index, [])
            self._fresh[key] = composer.made([(frame, face, part) for face, part in found])
            while len(self._fresh) > _KEPT:
                self._fresh.popitem(last=False)
        return self._fresh[key]
