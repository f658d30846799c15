"""Where each frame of the joined film is shown, found before anything is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.packet import Packet

from understudy.errors import MediaError
from understudy.media.clock import WITH_A_FREE_CLOCK
from understudy.media.container import open_input
from understudy.media.encode import moved_by
from understudy.media.info import MediaInfo

_MOVIE_TIMESCALE = 1000
_MAX_TIMESCALE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """The picture's packets of all segments: times in 1/`timescale`.

    Attributes:
        segments: files in order.
        timescale: units a second; holds every pts of the source exactly.
        pts: of all frames as the output shows them, rising from zero or more.
        end: where the last frame ends.
        depth: how many frames decoding runs ahead of showing.
        moved: what the segments' times lie behind the source's.
        shift: what is added to the source's times, the sound's as well.
        starts: seconds at which the tracks begin in the output.
    """

    segments: Sequence[Path]
    timescale: int
    pts: list[int]
    end: int
    depth: int
    moved: int
    shift: int
    starts: list[Fraction]

    @property
    def unit(self) -> Fraction:
        """Seconds of one unit."""
        return Fraction(1, self.timescale)

    @property
    def shift_s(self) -> Fraction:
        """`shift` in seconds."""
        return self.shift * self.unit

    def place(self, packet: Packet[Any]) -> int:
        """When the output shows a segment's packet."""
        return ticks(packet, self.timescale) - self.moved + self.shift

    def dts(self, number: int) -> int:
        """Decoding time of packet `number`: that of the frame shown `depth` frames earlier.

        Rising, and never after its own frame's pts, because decoding runs `depth` ahead at most.
        """
        if number >= self.depth:
            return self.pts[number - self.depth]
        step = self.pts[1] - self.pts[0] if len(self.pts) > 1 else 1
        return self.pts[0] - (self.depth - number) * step


def plan_of(segments: Sequence[Path], info: MediaInfo, sound_starts: Sequence[Fraction]) -> Plan:
    """Read the segments' times.

    Args:
        segments: from `encode_segment`, in order.
        info: the source.
        sound_starts: seconds at which its sound is heard first, one for each stream.

    Raises:
        MediaError: a segment is missing or was made with other settings or of other frames.
    """
    timescale = info.time_base.denominator
    moved = moved_by(info) * info.time_base.numerator
    decoding = [t - moved for t in _decoding_order(segments, timescale)]
    if not decoding:
        raise MediaError(f"{info.path}: there are no segments to join; convert it first")
    shift = _shift(min(decoding), sound_starts, info)
    pts = sorted(p + shift for p in decoding)
    rank = {p: i for i, p in enumerate(pts)}
    depth = max(i - rank[p + shift] for i, p in enumerate(decoding))
    last_gap = pts[-1] - pts[-2] if len(pts) > 1 else timescale // 25 or 1
    end = 0 if info.end_pts is None else info.end_pts * info.time_base.numerator + shift
    # A source that was cut off declares an end far behind its last readable frame.
    if not pts[-1] < end <= pts[-1] + 4 * last_gap:
        end = pts[-1] + last_gap
    unit = Fraction(1, timescale)
    starts = [pts[0] * unit, *(s + shift * unit for s in sound_starts)]
    return Plan(segments, timescale, pts, end, depth, moved, shift, starts)


def movie_timescale(plan: Plan, rates: Sequence[int]) -> int:
    """Units of edit lists, in which late starts are said: the usual ones if these hold them."""
    if all(s <= 0 or (s * _MOVIE_TIMESCALE).denominator == 1 for s in plan.starts):
        return _MOVIE_TIMESCALE
    common = math.lcm(plan.timescale, *rates)
    return common if common <= _MAX_TIMESCALE else plan.timescale


def ticks(packet: Packet[Any], timescale: int) -> int:
    """A packet's pts in 1/`timescale` seconds."""
    return int((packet.pts or 0) * Fraction(packet.time_base) * timescale)


def _decoding_order(segments: Sequence[Path], timescale: int) -> list[int]:
    """Times of all segments' frames in the order in which they are decoded."""
    decoding: list[int] = []
    last: int | None = None
    settings: bytes | None = None
    for path in segments:
        with open_input(path) as container:
            stream = container.streams.video[0]
            extradata = bytes(stream.codec_context.extradata or b"")
            if settings not in (None, extradata):
                raise MediaError(
                    f"{path}: was encoded with other settings than the segments before it; "
                    "remove the folder of segments and convert again"
                )
            settings = extradata
            found = [
                ticks(p, timescale) for p in container.demux(stream) if p.size and p.pts is not None
            ]
        if not found or (last is not None and min(found) <= last):
            raise MediaError(
                f"{path}: its frames do not follow those of the segment before it; "
                "remove the folder of segments and convert again"
            )
        decoding += found
        last = max(found)
    return decoding


def _shift(first: int, sound_starts: Sequence[Fraction], info: MediaInfo) -> int:
    """What brings all tracks to zero or more: for most sources nothing.

    A stream with a clock of its own begins at any hour, which players would wait for.
    """
    earliest = min(
        first, *(math.floor(s * info.time_base.denominator) for s in sound_starts), first
    )
    if earliest < 0 or info.container in WITH_A_FREE_CLOCK:
        return -earliest
    return 0
