"""A composer whose settings change from frame to frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import groupby
from threading import Lock

from understudy.stages.convert.compose import Composer, Fresh, Placed
from understudy.stages.convert.keyed.keys import Keys, with_values
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.casting import Part
from understudy.types import Face, Frame

_KEPT = 64


class KeyedComposer:
    """Gives each frame to a composer with that frame's settings; stands in for `Composer`.

    Args:
        options: of the conversion.
        keys: what changes.
        build: makes a composer.

    Attributes:
        measures: see `Composer`; true where any frame's settings ask for it.
        moves: whether the way of a face matters in any frame.

    Raises:
        ValueRefused: see `with_values`, or what `build` raises.
    """

    def __init__(
        self, options: ConvertOptions, keys: Keys, build: Callable[[ConvertOptions], Composer]
    ) -> None:
        self._options, self._keys, self._build = options, keys, build
        self._ready: OrderedDict[tuple[tuple[str, float], ...], Composer] = OrderedDict()
        self._lock = Lock()
        every = [self._with({}), *(self._with(values) for values in keys.extremes())]
        self.measures = any(composer.measures for composer in every)
        self.moves = any(composer.moves for composer in every)

    def made(self, faces: Sequence[tuple[Frame, Face, Part]]) -> list[Fresh]:
        """See `Composer.made`; the faces of one frame are made together."""
        found = []
        for index, mine in groupby(faces, key=lambda one: one[0].at.index):
            found += self._at(index).made(list(mine))
        return found

    def placed(self, frame: Frame, fresh: Sequence[Fresh]) -> list[Placed]:
        """See `Composer.placed`."""
        return self._at(frame.at.index).placed(frame, fresh)

    def joined(self, frame: Frame, placed: Sequence[Placed]) -> Frame:
        """See `Composer.joined`."""
        return self._at(frame.at.index).joined(frame, placed)

    def cut_out(self, frame: Frame, placed: Sequence[Placed]) -> Frame:
        """See `Composer.cut_out`."""
        return self._at(frame.at.index).cut_out(frame, placed)

    def composed(self, pair: tuple[Frame, Sequence[Fresh]]) -> Frame:
        """See `Composer.composed`."""
        return self._at(pair[0].at.index).composed(pair)

    def _at(self, index: int) -> Composer:
        return self._with(self._keys.at(index))

    def _with(self, values: dict[str, float]) -> Composer:
        key = tuple(sorted(values.items()))
        with self._lock:  # frames are put together by several threads
            if key not in self._ready:
                self._ready[key] = self._build(with_values(self._options, values))
                while len(self._ready) > _KEPT:
                    self._ready.popitem(last=False)
            return self._ready[key]
