"""What a film carries besides pictures and sound: subtitles, chapters and a timecode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from fractions import Fraction
from typing import Any

from av.packet import Packet

from understudy.media.clock import WITH_A_FREE_CLOCK
from understudy.media.container import open_input
from understudy.media.info import MediaInfo, SubtitleInfo
from understudy.media.joining.kinds import Container

_IN_MATROSKA = (
    *("srt", "subrip", "ass", "ssa", "webvtt"),
    *("dvdsub", "dvd_subtitle", "pgssub", "hdmv_pgs_subtitle", "dvbsub", "dvb_subtitle"),
)
_SUBTITLES: Mapping[Container, tuple[str, ...]] = {
    "mp4": ("mov_text",),
    "mov": ("mov_text",),
    "mkv": _IN_MATROSKA,
    "webm": ("webvtt",),
}
"""Codings that are copied as they are; text is not rewritten into another kind."""
_COUNTED_FPS = (24, 25, 30, 48, 50, 60, 100, 120, 150)
"""Rates, rounded, in which FFmpeg counts the timecode of MP4 and MOV, which is a track there."""


def lost_extras(info: MediaInfo, container: Container) -> Iterator[str]:
    """What of them an output will not have, a phrase each."""
    for one in info.subtitles:
        if not _is_kept(one, info, container):
            which = f"{one.language}, {one.codec}" if one.language else one.codec
            yield f"its subtitles ({which}) are left out"
    if info.timecode and not _counts(info, container):
        yield f"its timecode {info.timecode} is left out"


class Extras:
    """A source's extras, as far as an output holds them.

    Args:
        info: the source.
        container: of the output.
        files: closes what is opened.
    """

    def __init__(self, info: MediaInfo, container: Container, files: ExitStack) -> None:
        self._timecode = info.timecode if _counts(info, container) else ""
        self._rate = info.average_rate
        self._source: Any = None
        kept = [one.index for one in info.subtitles if _is_kept(one, info, container)]
        if kept or info.chapters:
            self._source = files.enter_context(open_input(info.path))
        self._streams = [self._source.streams[index] for index in kept]

    def add_to(self, output: Any, video: Any, shift_s: Fraction) -> dict[int, Any]:
        """Give the output chapters, timecode and tracks; before its first packet.

        Args:
            output: open for writing.
            video: its track of pictures.
            shift_s: seconds that are added to the source's times.

        Returns:
            Tracks of the output by stream number of the source.
        """
        if self._timecode:
            output.metadata["timecode"] = self._timecode
            # of our segments it would be the unit of their times, in which nobody counts frames
            video.codec_context.framerate = self._rate
        if self._source is not None and (chapters := self._source.chapters()):
            for chapter in chapters:
                for end in ("start", "end"):
                    chapter[end] = max(0, chapter[end] + round(shift_s / chapter["time_base"]))
            output.set_chapters(chapters)
        tracks = {}
        for stream in self._streams:
            tracks[stream.index] = track = output.add_stream_from_template(stream)
            if language := stream.metadata.get("language"):
                track.metadata["language"] = language
        return tracks

    def packets(self, shift_s: Fraction) -> Iterator[Packet[Any]]:
        """Subtitles at the output's times."""
        if not self._streams:
            return
        for packet in self._source.demux(self._streams):
            if not packet.size or packet.pts is None:
                continue
            at = packet.pts + round(shift_s / Fraction(packet.time_base))
            if at >= 0:
                packet.pts = packet.dts = at
                yield packet


def _counts(info: MediaInfo, container: Container) -> bool:
    """Whether a container can hold the source's timecode."""
    if container in ("mp4", "mov"):
        # FFmpeg lets pictures refer to one other track: with both, players show the names of
        # chapters as subtitles
        alone, rate = not info.chapters, info.average_rate
        return alone and rate is not None and round(rate) in _COUNTED_FPS
    return container == "mkv"


def _is_kept(one: SubtitleInfo, info: MediaInfo, container: Container) -> bool:
    # where a clock jumps, only pictures and sound are moved along with it
    return one.codec in _SUBTITLES[container] and info.container not in WITH_A_FREE_CLOCK
