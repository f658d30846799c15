"""Joining segments into the finished video by copying packets, with the source's sound.

Nothing is encoded again: the output's pts are the frames' own, and the sound's packets are the
source's, at the same times against the picture. Where a source begins below zero, or its clock
begins anywhere, the whole is moved by one number of seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from understudy.errors import MediaError
from understudy.media.coding import HVC1
from understudy.media.container import open_input
from understudy.media.encode import open_output
from understudy.media.info import UNSPECIFIED, ColourTags, MediaInfo
from understudy.media.joining.check import check_joined
from understudy.media.joining.extras import Extras
from understudy.media.joining.kinds import COARSE, Container, muxer_of
from understudy.media.joining.plan import Plan, movie_timescale, plan_of
from understudy.media.joining.sound import Sound, add_tracks


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
            av.open(BytesIO(), "w", format=muxer_of(container)) as output,
        ):
            sound = Sound(source, info)
            tracks = add_tracks(output, sound.streams)
            waiting = set(tracks)
            for packet in sound.packets():
                if packet.stream_index in waiting:
                    waiting.remove(packet.stream_index)
                    packet.stream = tracks[packet.stream_index]
                    output.mux_one(packet)
                if not waiting:
                    break
    except (av.error.FFmpegError, ValueError) as error:
        codecs = ", ".join(sorted({a.codec for a in info.audio}))
        other = {"mp4": "write a .mov, ", "webm": "write a .mkv, "}.get(container, "")
        to = "Opus" if container == "webm" else "AAC"
        raise MediaError(
            f"{info.path}: its sound ({codecs}) cannot be copied into .{container}; "
            f"{other}convert the sound to {to} first, or write a folder of PNGs"
        ) from error


def join(
    segments: Sequence[Path],
    target: Path,
    info: MediaInfo,
    container: Container = "mp4",
    comment: str = "",
) -> int:
    """Join segments in order and add all of the source's sound streams.

    Args:
        segments: from `encode_segment`, in order.
        target: where to write; the ending does not matter.
        info: the source.
        container: what it becomes.
        comment: what the file says of itself.

    Returns:
        How many frames the output has; it was read again to compare their times and the sound's.

    Raises:
        MediaError: a segment is missing, was made with other settings, or the sound does not fit.
        OSError: the disk is full or cannot be written.
    """
    with ExitStack() as open_files:
        sound = None
        if info.audio:
            sound = Sound(open_files.enter_context(open_input(info.path)), info)
        extras = Extras(info, container, open_files)
        plan = plan_of(segments, info, [] if sound is None else sound.starts)
        template = open_files.enter_context(open_input(segments[0])).streams.video[0]
        colour = info.colour if segments[0].suffix == ".nut" else None
        _mux(plan, target, (container, comment), template, sound, extras, colour)
        check_joined(plan, target, sound, container)
    return len(plan.pts)


def _mux(
    plan: Plan,
    target: Path,
    kind: tuple[Container, str],
    template: Any,
    sound: Sound | None,
    extras: Extras,
    colour: ColourTags | None,
) -> None:
    container, comment = kind
    options = {
        "video_track_timescale": str(plan.timescale),
        "movie_timescale": str(movie_timescale(plan, sound.rates if sound else [])),
        "movflags": "+faststart",
    }
    if container in COARSE:
        # decoding begins before zero; Matroska does not say when, and must not move what is shown
        options = {"avoid_negative_ts": "disabled"}
    with open_output(target, muxer_of(container), options, comment) as output:
        video = output.add_stream_from_template(template, opaque=True)
        if template.codec_context.codec_tag == HVC1 and container not in COARSE:
            video.codec_context.codec_tag = HVC1
        if colour is not None:  # NUT has no place for these two
            video.codec_context.color_primaries = colour.primaries or UNSPECIFIED
            video.codec_context.color_trc = colour.transfer or UNSPECIFIED
        tracks = add_tracks(output, sound.streams) if sound else {}
        tracks |= extras.add_to(output, video, plan.shift_s)
        heard: Iterator[Packet[Any]] = sound.packets(plan.shift_s) if sound else iter(())
        read = extras.packets(plan.shift_s)
        for packet in heapq.merge(_video_packets(plan), heard, read, key=_seconds):
            is_video = packet.stream is None or packet.stream.type == "video"
            packet.stream = video if is_video else tracks[packet.stream_index]
            output.mux_one(packet)


def _video_packets(plan: Plan) -> Iterator[Packet[Any]]:
    after = dict(zip(plan.pts, [*plan.pts[1:], plan.end], strict=True))
    number = 0
    for path in plan.segments:
        with open_input(path) as container:
            for packet in container.demux(container.streams.video[0]):
                if not packet.size or packet.pts is None:
                    continue
                pts = plan.place(packet)
                packet.time_base = plan.unit
                packet.pts, packet.dts = pts, plan.dts(number)
                packet.duration = after[pts] - pts
                number += 1
                yield packet


def _seconds(packet: Packet[Any]) -> Any:
    return (packet.dts or 0) * packet.time_base
