"""The source's sound, packet by packet, at the output's times."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.packet import Packet

from understudy.media.clock import jumps
from understudy.media.info import MediaInfo, ReadReport
from understudy.media.read import timestamps

_UNSAID = {
    f"{n} channels": name
    for n, name in {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1"}.items()
}
"""Where a container says only how many channels there are, as AVI and MKV of PCM do: an MP4 must
say which ones. WAV's order is meant, as players take it."""


@dataclass(slots=True)
class Track:
    """What was sent of one stream, in samples.

    Attributes:
        times: of its packets.
        end: where the last one ends, None before the first.
        end_s: the same by the source's clock, in seconds.
        jumped: how often that clock has jumped.
        moved_s: seconds by which the source's times are moved since.
    """

    times: list[int]
    end: int | None = None
    end_s: Fraction = Fraction(0)
    jumped: int = 0
    moved_s: Fraction = Fraction(0)


class Sound:
    """The sound streams of an open source.

    Attributes:
        streams: of the source.
        tracks: what `packets` has given, by stream number.
        shift_s: what was added to the source's times.
    """

    def __init__(self, source: Any, info: MediaInfo) -> None:
        self._source, self._info = source, info
        self._moved: list[Fraction] | None = None
        self.streams = [source.streams[a.index] for a in info.audio]
        self.tracks = {s.index: Track([]) for s in self.streams}
        self.shift_s = Fraction(0)

    @property
    def rates(self) -> list[int]:
        """Samples a second of each stream."""
        return [s.codec_context.sample_rate for s in self.streams]

    @property
    def starts(self) -> list[Fraction]:
        """When each stream is heard first, in the source's seconds; 0 where it does not say.

        What an edit list or a codec's delay hides before that does not count.
        """
        return [(s.start_time or 0) * Fraction(s.time_base) for s in self.streams]

    def packets(self, shift_s: Fraction = Fraction(0)) -> Iterator[Packet[Any]]:
        """All packets with times in samples, rising in each stream.

        Args:
            shift_s: seconds that are added to the source's times.
        """
        self.shift_s = shift_s
        for packet in self._source.demux(self.streams):
            if packet.size and self._placed(packet, self.tracks[packet.stream_index]):
                yield packet

    def _placed(self, packet: Packet[Any], track: Track) -> bool:
        """Give a packet its time; False for one that has none or that nobody hears."""
        context: Any = packet.stream.codec_context
        rate, length = context.sample_rate, context.frame_size or 0
        time_base = Fraction(packet.time_base)
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None and track.end is None:
            return False
        duration_s = Fraction(length, rate) or (packet.duration or 0) * time_base
        begins_s = track.end_s if stamp is None else stamp * time_base
        if track.end is not None and jumps(begins_s - track.end_s, self._info.container):
            self._jump(track, begins_s, Fraction(track.end, rate))
        at = round((begins_s + self.shift_s + track.moved_s) * rate)
        # Milliseconds (Matroska) or 90 kHz (MPEG-TS) round every packet; the codec's own length
        # tells where it really lies.
        rounded = bool(length) and time_base != Fraction(1, rate)
        end = track.end
        if end is not None and (
            (rounded and abs(at - end) <= math.ceil(time_base * rate)) or at <= track.times[-1]
        ):
            at = end
        track.end_s = begins_s + duration_s
        if packet.is_discard and at >= 0:
            return False  # an output hides only what lies before zero
        packet.time_base = Fraction(1, rate)
        packet.pts = packet.dts = at
        packet.duration = length if rounded else round((packet.duration or 0) * time_base * rate)
        track.end = at + packet.duration
        track.times.append(at)
        return True

    def _jump(self, track: Track, begins_s: Fraction, end_s: Fraction) -> None:
        """The sound goes along with the pictures where the clock jumps.

        Args:
            track: whose clock it is.
            begins_s: what the clock says now.
            end_s: where the track ends in the output.
        """
        track.jumped += 1
        if self._moved is None:
            report = ReadReport()
            for _ in timestamps(self._info, report):
                pass
            self._moved = report.jumps
        if track.jumped <= len(self._moved):
            track.moved_s = self._moved[track.jumped - 1]
        else:  # the clock of the pictures stayed: the sound goes on where it was
            track.moved_s = end_s - self.shift_s - begins_s


def add_tracks(output: Any, streams: list[Any]) -> dict[int, Any]:
    """The output's tracks by stream number of the source."""
    tracks = {}
    for stream in streams:
        track = output.add_stream_from_template(stream)
        if layout := _UNSAID.get(stream.codec_context.layout.name):
            track.codec_context.layout = layout
        if stream.language:
            track.metadata["language"] = stream.language
        tracks[stream.index] = track
    return tracks
