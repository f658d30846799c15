"""`Clock`: strictly rising times in a source's time base, from whatever its pictures carry.

The clock of MPEG's streams has 33 bits and begins anywhere; a splice lets it jump. FFmpeg undoes
a wrap, which may leave the beginning below zero, and takes a far jump backward for one: the times
that follow are then 2^33 too large.
"""

from __future__ import annotations

from fractions import Fraction

from av.video.frame import VideoFrame

from understudy.media.info import MediaInfo, ReadReport

WITH_A_FREE_CLOCK = ("mpegts", "mpeg")
"""Demuxers of streams whose clock begins anywhere and wraps."""
WRAP_S = Fraction(2**33, 90000)
_JUMP_S = 1


def jumps(since_s: Fraction, container: str) -> bool:
    """Whether a time lies so far from where the last one ended that the clock itself has jumped.

    Args:
        since_s: seconds from the end of what came before.
        container: demuxer name.
    """
    return since_s < -_JUMP_S or (container in WITH_A_FREE_CLOCK and since_s > WRAP_S / 2)


class Clock:
    """Gives each picture its pts; what it had to derive stands in the report."""

    def __init__(self, info: MediaInfo, report: ReadReport) -> None:
        rate = info.average_rate
        self.step = 1 if not rate else max(1, round(1 / (rate * info.time_base)))
        self.origin = (info.start_pts or 0) * info.time_base
        self._first = info.start_pts or 0
        self._time_base = info.time_base
        self._container = info.container
        self._report = report
        self._previous: int | None = None
        self._shift = 0

    def __call__(self, picture: VideoFrame) -> int:
        """The picture's pts, above all earlier ones."""
        pts = self._pts(picture)
        self._previous = pts
        return pts

    def _pts(self, picture: VideoFrame) -> int:
        previous = self._previous
        if picture.pts is None:
            self._report.derived += 1
            return self._first if previous is None else previous + self.step
        pts = picture.pts + self._shift
        if picture.time_base and picture.time_base != self._time_base:
            pts = round(picture.pts * Fraction(picture.time_base) / self._time_base) + self._shift
        if previous is None:
            return pts
        if jumps((pts - previous) * self._time_base, self._container):  # the rest moves along
            self._shift += previous + self.step - pts
            self._report.derived += 1
            self._report.jumps.append(self._shift * self._time_base)
            return previous + self.step
        if pts > previous:
            return pts
        self._report.derived += 1
        return previous + 1  # a repeated time: no picture is lost, none moves noticeably
