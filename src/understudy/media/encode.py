"""Encoding one segment with the source's times, size and colour.

A segment is a file of its own that begins with a key frame, so that segments made in different
runs join by copying packets. Same frames, same bytes: nothing about time or machine is written,
and a `Coding` holds its encoder to decisions that depend on neither.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer

from understudy.errors import MediaError, ValueRefused
from understudy.media.coding import Coding, h264
from understudy.media.colour.mastering import say_mastering
from understudy.media.colour.rgb import FromRgb
from understudy.media.container import file_url, open_input, reason
from understudy.media.info import UNSPECIFIED, ColourTags, MediaInfo, Range
from understudy.types import Frame

_OF_THE_SYSTEM = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS", "EACCES", "EPERM", "ENOENT")
    if hasattr(errno, name)
)


def encode_segment(
    path: Path,
    frames: Iterable[Frame],
    info: MediaInfo,
    coding: Coding | None = None,
    comment: str = "",
) -> int:
    """Encode frames to a segment whose pts are exactly theirs, see `moved_by`.

    Args:
        path: where to write; the ending does not matter.
        frames: upright frames of the source's size, times rising.
        info: the source, for time base, size, colour and pixel aspect.
        coding: how; None takes H.264.
        comment: what the file says of itself.

    Returns:
        How many frames were written.

    Raises:
        ValueRefused: no frames, or one of another size.
        MediaError: the encoder refuses, or the file does not hold what was written to it.
        OSError: the disk is full or cannot be written.
    """
    coding = coding or h264(info)
    timescale = str(info.time_base.denominator)
    options = {"video_track_timescale": timescale, "movie_timescale": timescale}
    moved = moved_by(info)
    times: list[int] = []
    number = 0
    with open_output(path, coding.segment, options, comment) as container:
        stream = _stream(container, info, coding)
        context = stream.codec_context
        convert = FromRgb(coding.pixel_format, info.effective_matrix, output_range(info, coding))
        for frame in frames:
            check_frame(frame, info)
            picture = convert(frame.pixels, frame.alpha if coding.has_alpha else None)
            # ProRes says the colour of each picture, not of the film
            picture.color_primaries, picture.color_trc = context.color_primaries, context.color_trc
            times.append(frame.at.pts)
            picture.pts, picture.time_base = frame.at.pts + moved, info.time_base
            number = _mux(container, stream.encode(picture), number, times, moved, coding)
        if not times:
            raise ValueRefused("a segment needs at least one frame, got none")
        _mux(container, stream.encode(None), number, times, moved, coding)
    # H.265 says it in its stream, and FFmpeg drops the box
    if info.mastering is not None and coding.segment != "nut" and coding.encoder != "libx265":
        say_mastering(path, info.mastering)
    _check_times(path, times, info)
    return len(times)


def moved_by(info: MediaInfo) -> int:
    """What is added to every pts of a segment, in the source's time base.

    An MP4 begins at zero: what lies before it is hidden by an edit list. So a source with pictures
    below zero is moved as a whole.
    """
    return max(0, -(info.first_pts or 0))


def check_frame(frame: Frame, info: MediaInfo) -> None:
    """Refuse a frame that does not have the size of the source's.

    Raises:
        ValueRefused: it has another.
    """
    if frame.pixels.shape[:2] != (info.height, info.width):
        raise ValueRefused(
            f"frame {frame.at.index}: expected {info.width}x{info.height} px as "
            f"{info.path.name} has, got {frame.pixels.shape[1]}x{frame.pixels.shape[0]}"
        )


def output_colour(info: MediaInfo) -> ColourTags:
    """The tags that an output of this source carries where it stores YUV.

    What the source says is kept. Matrix and range are always said, by their effective values,
    because players guess them differently; an RGB source becomes limited range.
    """
    return replace(
        info.colour,
        matrix=info.effective_matrix,
        range="limited" if info.is_rgb else info.effective_range,
    )


def output_range(info: MediaInfo, coding: Coding) -> Range:
    """Range of the samples that an output stores."""
    return "full" if coding.is_rgb else output_colour(info).range or "limited"


@contextmanager
def open_output(
    path: Path, format_: str, options: dict[str, str], comment: str = ""
) -> Iterator[OutputContainer]:
    """Open a file for muxing; FFmpeg's errors become the system's, or `MediaError`."""
    try:
        # Bitexact leaves the library's version out of the file.
        container = av.open(
            file_url(path),
            "w",
            format=format_,
            container_options={"fflags": "+bitexact", **options},
        )
        with container:
            if comment:
                container.metadata["comment"] = comment
            yield container
    except av.error.FFmpegError as error:
        if error.errno in _OF_THE_SYSTEM:
            raise OSError(error.errno, error.strerror) from error
        raise MediaError(
            f"{path}: the video could not be written ({reason(error)}); try another preset or size"
        ) from error


def _stream(container: OutputContainer, info: MediaInfo, coding: Coding) -> Any:
    options = dict(coding.options)
    stream: Any = container.add_stream(
        coding.encoder, rate=info.average_rate or 25, options=options
    )
    context = stream.codec_context
    stream.width, stream.height = info.width, info.height
    stream.pix_fmt = coding.pixel_format
    stream.time_base = context.time_base = info.time_base
    if coding.tag:
        context.codec_tag = coding.tag
    if info.sample_aspect != 1:
        context.sample_aspect_ratio = info.sample_aspect
    tags = output_colour(info)
    context.color_primaries = UNSPECIFIED if tags.primaries is None else tags.primaries
    context.color_trc = UNSPECIFIED if tags.transfer is None else tags.transfer
    context.colorspace = 0 if coding.is_rgb else info.effective_matrix
    context.color_range = 2 if output_range(info, coding) == "full" else 1
    return stream


def _mux(
    container: OutputContainer,
    packets: list[Any],
    number: int,
    times: list[int],
    moved: int,
    coding: Coding,
) -> int:
    """Write packets, the first of them the segment's `number`th; the number of the next one."""
    for packet in packets:
        if coding.depth is not None:
            packet.dts = moved + _shown_before(times, number - coding.depth)
        number += 1
    container.mux(packets)
    return number


def _shown_before(times: list[int], number: int) -> int:
    """When a frame is shown; frames before the first one follow each other evenly."""
    if number >= 0:
        return times[number]
    step = times[1] - times[0] if len(times) > 1 else 1
    return times[0] + number * step


def _check_times(path: Path, times: list[int], info: MediaInfo) -> None:
    """Compare what the file shows with the times that the source's frames have."""
    with open_input(path) as container:
        shown = sorted(
            p.pts * Fraction(p.time_base) / info.time_base
            for p in container.demux(container.streams.video[0])
            if p.size and p.pts is not None and not p.is_discard
        )
    if len(shown) != len(times):
        raise MediaError(f"{path}: {len(times)} frames were written but {len(shown)} are in it")
    moved = moved_by(info)
    if any(there != pts + moved for there, pts in zip(shown, times, strict=True)):
        raise MediaError(
            f"{path}: its frames are not at the times of {info.path.name}; "
            "copy the film to another container, such as MKV, and begin anew"
        )
