"""The frames of a conversion in segments, each complete or absent; what is missing is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from understudy.errors import MediaError
from understudy.flow import Progress, ahead
from understudy.flow.progress import stop_if_cancelled
from understudy.media import FilmReader, MediaInfo, ReadReport
from understudy.stages.convert.part import Chosen
from understudy.stages.convert.part.size import sized
from understudy.stages.convert.stream.job import Job
from understudy.stages.faces.source import warn_of_damage
from understudy.types import Frame
from understudy.words import counted

_AHEAD = 8
"""Frames that are decoded before they are asked for: in 4K each takes 25 MB, and besides the faces
of three times `faces_at_once` frames are under way."""


def write_segments(
    film: FilmReader,
    job: Job,
    writer: Any,
    work: Path,
    size: int,
    part: Chosen | None,
    keep: Callable[[], None],
    read: ReadReport,
    progress: Progress,
    info: MediaInfo | None = None,
) -> int:
    """Write the segments that are missing.

    Args:
        film: the footage.
        job: converts its frames.
        writer: of the output.
        work: folder of the segments.
        size: frames a segment.
        part: the frames that are wanted; None is all of them.
        keep: called after each segment; raises where the work must not go on.
        read: filled while reading.
        progress: told what is done.
        info: what the output matches, for its size; None is the footage's own.

    Returns:
        How many segments there are.

    Raises:
        MediaError: no frame could be read.
        Cancelled: between two segments.
    """
    first = 0
    while writer.has_segment(work, first):
        first += 1
    begins = first * size if part is None else part.index_at(first * size)
    # a little earlier, since colours go by the frames before as well
    before = max(0, begins - job.reach)
    start = job.time_of(before) if before else None
    if first:
        progress.say(
            f"going on after {counted(first, 'finished segment')} of {counted(size, 'frame')}"
        )
    there: dict[int, bool] = {}
    last = first * size - 1

    def segment_of(index: int) -> int:
        return (index if part is None else part.place_of(index)) // size

    def wanted(index: int) -> bool:
        if part is not None and index not in part:
            return False
        number = segment_of(index)
        if number not in there:
            there[number] = number < first or writer.has_segment(work, number)
        return not there[number]

    def told_of() -> Iterator[Frame]:
        nonlocal last
        for frame in film.frames(start, read):
            index = frame.at.index
            if part is None:
                last = max(last, index)
            elif index in part:
                last = max(last, part.place_of(index))
            yield frame
            if part is not None and index >= part.last + job.reach:
                return

    total = film.info.n_frames_guess if part is None else part.count
    with (
        progress.task(f"converting {film.name}", total, "frames", done=first * size) as bar,
        closing(job.converted(ahead(told_of(), _AHEAD), wanted, bar)) as converted,
    ):
        for number, group in groupby(converted, key=lambda f: segment_of(f.at.index)):
            frames = group
            if part is not None and writer.suffix:
                frames = (replace(f, at=part.moved(f.at)) for f in group)
            if info is not None:
                frames = (sized(f, info) for f in frames)
            writer.write_segment(work, number, frames)
            keep()
            done = f"{counted(number + 1, 'segment is', 'segments are')} converted and kept"
            stop_if_cancelled(progress, done)
    if part is None or read.errors:
        warn_of_damage(film.info, read, progress)
    segments = last // size + 1
    if not writer.has_segment(work, segments - 1):
        raise MediaError(f"no frame of {film.name} could be read; nothing was converted")
    return segments
