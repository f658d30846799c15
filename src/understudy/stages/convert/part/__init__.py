"""A part of a film: which frames are converted, and when an output that has only these shows them.

Frames keep their numbers, so that a picture says which one it is. In a film of some frames each
run of them follows the one before it without a gap; sound, which cannot be cut between its packets,
is left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from understudy.errors import ValueRefused
from understudy.media import MediaInfo
from understudy.stages.convert.part.ranges import read_frames
from understudy.types import Timestamp


@dataclass(frozen=True, slots=True)
class Run:
    """Frames without a gap.

    Attributes:
        first: index of the first one.
        last: index of the last one.
        before: how many frames lie in earlier runs.
        earlier: by how many units of the time base an output shows them earlier.
    """

    first: int
    last: int
    before: int
    earlier: int


class Chosen:
    """Some frames of a film.

    Args:
        runs: in order, without overlap; at least one.
    """

    def __init__(self, runs: tuple[Run, ...]) -> None:
        self._runs, self._firsts = runs, [run.first for run in runs]

    @property
    def count(self) -> int:
        """How many frames."""
        return self.place_of(self.last) + 1

    @property
    def last(self) -> int:
        """Index of the last one."""
        return self._runs[-1].last

    def __contains__(self, index: int) -> bool:
        run = self._run(index)
        return run is not None and index <= run.last

    def place_of(self, index: int) -> int:
        """How many chosen frames lie before one of them."""
        run = self._run(index)
        assert run is not None and index <= run.last, index  # noqa: S101 - callers ask first
        return run.before + index - run.first

    def index_at(self, place: int) -> int:
        """The opposite of `place_of`; beyond the last one the index after it."""
        run = next(run for run in reversed(self._runs) if run.before <= place)
        return min(run.first + place - run.before, run.last + 1)

    def moved(self, at: Timestamp) -> Timestamp:
        """When an output that has only these frames shows one of them."""
        run = self._run(at.index)
        return at if run is None else replace(at, pts=at.pts - run.earlier)

    def _run(self, index: int) -> Run | None:
        number = bisect_right(self._firsts, index) - 1
        return self._runs[number] if number >= 0 else None


def chosen_frames(
    words: str, last: Timestamp | None, time_of: Callable[[int], Timestamp | None], name: str
) -> Chosen:
    """The frames that words speak of, in a film.

    Args:
        words: see `read_frames`.
        last: of the film's frames; None where there are none.
        time_of: time of a frame by its index, or None.
        name: of the film.

    Raises:
        ValueRefused: no such words, or none of these frames is in the film.
    """
    ranges = read_frames(words)
    end = -1 if last is None else last.index
    runs: list[Run] = []
    before, shown = 0, 0
    for first, to in ranges:
        to = end if to is None else min(to, end)
        if first > to:
            continue
        begins = time_of(first)
        ends = time_of(to)
        if begins is None or ends is None:
            raise ValueRefused(f"frames: frame {first} or {to} of {name} could not be read")
        runs.append(Run(first, to, before, begins.pts - shown))
        beside = time_of(to + 1) or time_of(to - 1)
        step = abs(beside.pts - ends.pts) if beside is not None else 1
        shown += ends.pts - begins.pts + max(1, step)
        before += to - first + 1
    if not runs:
        raise ValueRefused(
            f"frames: {words!r} names no frame of {name}, which has {end + 1}, counted from 0"
        )
    return Chosen(tuple(runs))


def info_of_part(info: MediaInfo) -> MediaInfo:
    """What an output of some frames matches: the source without sound, beginning at zero."""
    return replace(
        info,
        audio=(),
        left_out=(),
        subtitles=(),
        chapters=0,
        timecode="",
        start_pts=0,
        first_pts=0,
        end_pts=None,
        n_frames=None,
        duration_s=None,
    )
