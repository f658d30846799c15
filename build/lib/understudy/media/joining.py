"""Joining segments into the finished video by copying packets, with the source's sound.

Nothing is encoded again: the output's pts are the frames' own, and the sound's packets are the
source's, at the same times against the picture.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import av
from av.packet import Packet

from understudy.errors import MediaError
from understudy.media.container import open_input
from understudy.media.encode import open_output
from understudy.media.info import MediaInfo

Container = Literal["mp4", "mov"]

_MOVIE_TIMESCALE = 1000
_MAX_TIMESCALE = 2**31 - 1


def check_sound(info: MediaInfo, container: Container) -> None:
    """Refuse sound that the output cannot hold, before hours of work.

    The first packet of each stream is written to a container in memory: some codecs fit in
    principle, but not with the channels or headers that this source has.

    Raises:
        MediaError: names the codecs and what to try.
    """
    if not info.audio:
        return
    try:
        with (
            open_input(info.path) as source,
            av.open(BytesIO(), "w", format=container) as output,
        ):
            sound = [source.streams[a.index] for a in info.audio]
            tracks = _add_sound(output, sound)
            waiting = set(tracks)
            for packet in _sound_packets(source, sound, Fraction(0)):
                if packet.stream_index in waiting:
                    waiting.remove(packet.stream_index)
                    packet.stream = tracks[packet.stream_index]
                    output.mux_one(packet)
                if not waiting:
                    break
    except (av.error.FFmpegError, ValueError) as error:
        codecs = ", ".join(sorted({a.codec for a in info.audio}))
        other = "" if container == "mov" else "write a .mov, "
        raise MediaError(
            f"{info.path}: its sound ({codecs}) cannot be copied into .{container}; "
            f"{other}convert the sound to AAC first, or write a folder of PNGs"
        ) from error


def join(
    segments: Sequence[Path], target: Path, info: MediaInfo, container: Container = "mp4"
) -> int:
    """Join segments in order and add all of the source's sound streams.

    Args:
        segments: from `encode_segment`, in order.
        target: where to write; the ending does not matter.
        info: the source.
        container: "mp4" or "mov".

    Returns:
        How many frames the output has; it was read again to count them and their times.

    Raises:
        MediaError: a segment is missing, was made with other settings, or the sound does not fit.
        OSError: the disk is full or cannot be written.
    """
    plan = _plan(segments, info)
    with open_input(segments[0]) as first:
        template = first.streams.video[0]
        if not info.audio:
            _mux(plan, target, container, template, [], iter(()))
        else:
            with open_input(info.path) as source:
                sound = [source.streams[a.index] for a in info.audio]
                packets = _sound_packets(source, sound, plan.shift_s)
                _mux(plan, target, container, template, sound, packets)
    _check(plan, target)
    return len(plan.pts)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The picture's packets of all segments: times in 1/`timescale`.

    Attributes:
        segments: files in order.
        timescale: units a second; holds every pts of the source exactly.
        pts: of all frames, rising.
        end: where the last frame ends.
        depth: how many frames decoding runs ahead of showing.
        shift_s: what was added to all times so that none is negative.
    """

    segments: Sequence[Path]
    timescale: int
    pts: list[int]
    end: int
    depth: int
    shift_s: Fraction

    def dts(self, number: int) -> int:
        """Decoding time of packet `number`: that of the frame shown `depth` frames earlier.

        Rising, and never after its own frame's pts, because decoding runs `depth` ahead at most.
        """
        if number >= self.depth:
            return self.pts[number - self.depth]
        step = self.pts[1] - self.pts[0] if len(self.pts) > 1 else 1
        return self.pts[0] - (self.depth - number) * step


def _plan(segments: Sequence[Path], info: MediaInfo) -> _Plan:
    timescale = info.time_base.denominator
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
                _ticks(p.pts, p.time_base, timescale)
                for p in container.demux(stream)
                if p.size and p.pts is not None
            ]
        if not found or (last is not None and min(found) <= last):
            raise MediaError(
                f"{path}: its frames do not follow those of the segment before it; "
                "remove the folder of segments and convert again"
            )
        decoding += found
        last = max(found)
    if not decoding:
        raise MediaError(f"{info.path}: there are no segments to join; convert it first")
    shift = max(0, -min(decoding))
    pts = sorted(p + shift for p in decoding)
    rank = {p: i for i, p in enumerate(pts)}
    depth = max(i - rank[p + shift] for i, p in enumerate(decoding))
    last_gap = pts[-1] - pts[-2] if len(pts) > 1 else timescale // 25 or 1
    end = 0 if info.end_pts is None else info.end_pts * info.time_base.numerator + shift
    # A source that was cut off declares an end far behind its last readable frame.
    if not pts[-1] < end <= pts[-1] + 4 * last_gap:
        end = pts[-1] + last_gap
    return _Plan(segments, timescale, pts, end, depth, Fraction(shift, timescale))


def _mux(
    plan: _Plan,
    target: Path,
    container: Container,
    template: Any,
    sound: Sequence[Any],
    sound_packets: Iterator[Packet[Any]],
) -> None:
    starts = [Fraction(plan.pts[0], plan.timescale)]
    starts += [s.start_time * s.time_base + plan.shift_s for s in sound if s.start_time]
    rates = [s.codec_context.sample_rate for s in sound]
    options = {
        "video_track_timescale": str(plan.timescale),
        "movie_timescale": str(_movie_timescale(starts, [plan.timescale, *rates])),
        "movflags": "+faststart",
    }
    with open_output(target, container, options) as output:
        video = output.add_stream_from_template(template, opaque=True)
        tracks = _add_sound(output, sound)
        merged = heapq.merge(_video_packets(plan), sound_packets, key=_seconds)
        for packet in merged:
            is_video = packet.stream is None or packet.stream.type == "video"
            packet.stream = video if is_video else tracks[packet.stream_index]
            output.mux_one(packet)


def _add_sound(output: Any, sound: Sequence[Any]) -> dict[int, Any]:
    """The output's tracks by stream number of the source."""
    tracks = {}
    for stream in sound:
        track = output.add_stream_from_template(stream)
        if stream.language:
            track.metadata["language"] = stream.language
        tracks[stream.index] = track
    return tracks


def _video_packets(plan: _Plan) -> Iterator[Packet[Any]]:
    unit = Fraction(1, plan.timescale)
    shift = plan.shift_s * plan.timescale
    after = dict(zip(plan.pts, [*plan.pts[1:], plan.end], strict=True))
    number = 0
    for path in plan.segments:
        with open_input(path) as container:
            for packet in container.demux(container.streams.video[0]):
                if not packet.size or packet.pts is None:
                    continue
                pts = _ticks(packet.pts, packet.time_base, plan.timescale) + int(shift)
                packet.time_base = unit
                packet.pts, packet.dts = pts, plan.dts(number)
                packet.duration = after[pts] - pts
                number += 1
                yield packet


def _sound_packets(source: Any, streams: Sequence[Any], shift_s: Fraction) -> Iterator[Packet[Any]]:
    """The source's sound packets, with times in samples where the container's are coarser."""
    ends: dict[int, int] = {}
    for packet in source.demux(streams):
        if not packet.size:
            continue
        context = packet.stream.codec_context
        rate, length = context.sample_rate, context.frame_size or 0
        time_base = Fraction(packet.time_base)
        end = ends.get(packet.stream_index)
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None and end is None:
            continue
        exact = Fraction(end or 0, rate) if stamp is None else stamp * time_base + shift_s
        at = round(exact * rate)
        # Milliseconds (Matroska) or 90 kHz (MPEG-TS) round every packet; the codec's own length
        # tells where it really lies.
        rounded = bool(length) and time_base != Fraction(1, rate)
        if rounded and end is not None and abs(at - end) <= math.ceil(time_base * rate):
            at = end
        duration = length if rounded else round((packet.duration or 0) * time_base * rate)
        packet.time_base = Fraction(1, rate)
        packet.pts = packet.dts = at
        packet.duration = duration
        ends[packet.stream_index] = at + duration
        yield packet


def _movie_timescale(starts: Sequence[Fraction], timescales: Sequence[int]) -> int:
    """Units of edit lists, in which late starts are said: the usual ones if these hold them."""
    if all(s <= 0 or (s * _MOVIE_TIMESCALE).denominator == 1 for s in starts):
        return _MOVIE_TIMESCALE
    common = math.lcm(*timescales)
    return common if common <= _MAX_TIMESCALE else timescales[0]


def _check(plan: _Plan, target: Path) -> None:
    with open_input(target) as container:
        stream = container.streams.video[0]
        found = sorted(
            _ticks(p.pts, p.time_base, plan.timescale)
            for p in container.demux(stream)
            if p.size and p.pts is not None
        )
    if found != plan.pts:
        raise MediaError(
            f"{target}: {len(plan.pts)} frames were joined but {len(found)} are in the file, or "
            "at other times; the disk may be failing: run again"
        )


def _seconds(packet: Packet[Any]) -> Fraction:
    return (packet.dts or 0) * Fraction(packet.time_base)


def _ticks(pts: int, time_base: Any, timescale: int) -> int:
    return int(pts * Fraction(time_base) * timescale)
