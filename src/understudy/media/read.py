"""`frames`: upright RGB frames with exact times, from the beginning or from where a job stopped."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Iterator

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from understudy.errors import MediaError, ValueRefused
from understudy.imaging.resample import resize
from understudy.media.clock import Clock
from understudy.media.colour.cube import Cube
from understudy.media.colour.light import AssumeColour
from understudy.media.colour.lut import LutTone
from understudy.media.colour.rgb import ToRgb
from understudy.media.container import open_input, video_stream
from understudy.media.info import MediaInfo, ReadReport
from understudy.media.stills import Depth, read_image
from understudy.media.stills.orient import upright
from understudy.types import Frame, Timestamp

# How far before the wanted frame a seek goes, tried in turn: a container may index decoding times,
# and then the nearest key frame can lie behind the frame that was asked for.
_SEEK_MARGINS_S = (0, 2, 10)
_DEMUX_ATTEMPTS = 8
# AVI knows when a packet is decoded, not when its picture is shown; what FFmpeg puts there for
# streams with B-frames runs back and forth.
_WITHOUT_PTS = "avi"

Wanted = Callable[[int], bool]
"""Whether the frame of an index is to be given."""


def frames(
    info: MediaInfo,
    start: Timestamp | None = None,
    every: int = 1,
    report: ReadReport | None = None,
    depth: Depth = "8",
    assume_colour: AssumeColour = "tags",
    only: Container[int] | None = None,
) -> Iterator[Frame]:
    """Read a source frame by frame.

    `Timestamp.index` counts decoded frames (for images: the place in the folder); `pts` is the
    container's own. A frame without pts gets its predecessor's plus one frame's duration; where
    times run backward, as after a broadcast's time jump, the rest is moved behind what was read.
    HDR is brought to Rec.709, see `tonemap`.
    Frames read from `start` are the same, bit by bit, as those read from the beginning.

    Args:
        info: from `probe`.
        start: first frame wanted, as an earlier reading gave it.
        every: give only frames whose index is a multiple of this.
        report: filled while reading; damaged pieces are counted there and skipped.
        depth: "8" gives uint8, "native" uint16 where the source has more than 8 bits.
        assume_colour: "rec709" gives code values as stored, also of HDR and log footage.
        only: give only frames of these indices; the others of a video are decoded, which the next
            ones need, but not made into pictures.

    Raises:
        MediaError: nothing can be decoded, the picture changes size, the file is no longer the
            one in which `start` was found, or it is log footage (see `light.check_readable`).
    """
    if every < 1:
        raise ValueRefused(f"every: expected 1 or more, got {every}")
    report = ReadReport() if report is None else report
    report.expected, report.duration_s = info.n_frames, info.duration_s

    def wanted(index: int) -> bool:
        return index % every == 0 and (only is None or index in only)

    tone = LutTone(assume_colour) if isinstance(assume_colour, Cube) else None
    found = _images(info, start, wanted, report, depth, tone)
    if info.kind == "video":
        found = _video(info, start, wanted, report, ToRgb(info, depth == "native", assume_colour))
    yield from found
    if not report.decoded:
        raise MediaError(
            f"{info.path}: {report}; the file is damaged or cut off; copy it again from where it "
            "came"
        )


def timestamps(info: MediaInfo, report: ReadReport | None = None) -> Iterator[Timestamp]:
    """The times that `frames` gives, without converting a picture; a video is still decoded.

    Args:
        info: from `probe`.
        report: filled while reading, as by `frames`.

    Raises:
        MediaError: as `frames`, except that no frame at all is no error here.
    """
    report = ReadReport() if report is None else report
    report.expected, report.duration_s = info.n_frames, info.duration_s
    if info.kind == "images":
        yield from (Timestamp(i, i, info.time_base) for i in range(len(info.files)))
    else:
        yield from (at for at, _ in _timed(info, None, report))


def _video(
    info: MediaInfo, start: Timestamp | None, wanted: Wanted, report: ReadReport, convert: ToRgb
) -> Iterator[Frame]:
    for at, picture in _timed(info, start, report):
        if not wanted(at.index):
            continue
        pixels = upright(convert(picture), info.orientation)
        if pixels.shape[:2] != (info.height, info.width):
            pixels = resize(pixels, (info.width, info.height), "cubic")
        yield Frame(at, pixels, info.path.name)


def _timed(
    info: MediaInfo, start: Timestamp | None, report: ReadReport
) -> Iterator[tuple[Timestamp, VideoFrame]]:
    clock = Clock(info, report)
    index = 0
    for picture in _pictures_from(info, start, report):
        if isinstance(picture, Timestamp):  # a seek arrived: counting goes on from here
            index = picture.index
            continue
        if (picture.width, picture.height) != (info.coded_width, info.coded_height):
            raise MediaError(
                f"{info.path}: the picture changes from {info.coded_width}x{info.coded_height} to "
                f"{picture.width}x{picture.height} px at frame {index}; cut or convert it first"
            )
        at = Timestamp(index, clock(picture), info.time_base)
        index += 1
        report.decoded = index
        report.ended_s = at.seconds + clock.step * info.time_base - clock.origin
        if start is not None and at.index < start.index:
            continue
        if start is not None and at.index == start.index and at.pts != start.pts:
            raise MediaError(
                f"{info.path}: frame {start.index} is at pts {at.pts}, not {start.pts} as before; "
                "the file has changed: start the job anew"
            )
        yield at, picture


def _pictures_from(
    info: MediaInfo, start: Timestamp | None, report: ReadReport
) -> Iterator[VideoFrame | Timestamp]:
    """Decoded pictures; after a seek, the `start` comes first, then its picture."""
    if start is not None and start.index > 0 and _seek_is_safe(info, start, report):
        expected = report.expected
        for margin_s in _SEEK_MARGINS_S:
            with open_input(info.path) as container:
                stream = video_stream(container, info.path)
                target = start.pts - int(margin_s / info.time_base)
                try:
                    container.seek(target, stream=stream, backward=True)
                except av.error.FFmpegError:
                    break
                pictures = _decoded(container, stream, report)
                picture = next((p for p in pictures if (p.pts or 0) >= start.pts), None)
                # What came before `start` was counted when it was read the first time.
                report.errors, report.expected = 0, expected
                if picture is not None and picture.pts == start.pts:
                    yield start
                    yield picture
                    yield from pictures
                    return
    with open_input(info.path) as container:
        yield from _decoded(container, video_stream(container, info.path), report)


def _seek_is_safe(info: MediaInfo, start: Timestamp, report: ReadReport) -> bool:
    """Whether frames up to `start` can be told apart by pts; reads packets without decoding."""
    if info.container == _WITHOUT_PTS:
        return False
    seen: set[int] = set()
    key_pts: int | None = None
    with open_input(info.path) as container:
        stream = video_stream(container, info.path)
        for packet in _packets(container, stream, ReadReport()):
            if packet.size == 0:
                continue
            _count_hidden(packet, report)
            if packet.pts is None or packet.pts in seen:
                return False
            seen.add(packet.pts)
            if packet.is_keyframe:
                if key_pts is not None and packet.pts < key_pts:
                    return False
                key_pts = packet.pts
                if key_pts > start.pts:
                    break
    return start.pts in seen


def _decoded(
    container: InputContainer, stream: VideoStream, report: ReadReport
) -> Iterator[VideoFrame]:
    """Every picture the decoder gives; what it refuses is counted."""
    waiting: list[int] | None = [] if container.format.name == _WITHOUT_PTS else None
    for packet in _packets(container, stream, report):
        _count_hidden(packet, report)
        if waiting is not None and packet.dts is not None:
            heapq.heappush(waiting, packet.dts)
        try:
            for picture in packet.decode():
                yield _with_pts(picture, waiting)
        except av.error.FFmpegError:
            report.errors += 1
            if waiting and packet.dts in waiting:
                waiting.remove(packet.dts)
                heapq.heapify(waiting)
    try:
        for picture in stream.codec_context.decode(None):
            yield _with_pts(picture, waiting)
    except av.error.FFmpegError:  # already emptied at the end of the file
        return


def _with_pts(picture: VideoFrame, waiting: list[int] | None) -> VideoFrame:
    """Where there are decoding times only, pictures take them in order as they come out."""
    if waiting is not None:
        picture.pts = heapq.heappop(waiting) if waiting else None
    return picture


def _packets(
    container: InputContainer, stream: VideoStream, report: ReadReport
) -> Iterator[Packet[VideoStream]]:
    """Packets up to the end, going on after a damaged piece as long as more is found."""
    failures = 0
    while failures < _DEMUX_ATTEMPTS:
        try:
            for packet in container.demux(stream):
                failures = 0
                yield packet
        except av.error.FFmpegError:
            report.errors += 1
            failures += 1
        else:
            return


def _count_hidden(packet: Packet[VideoStream], report: ReadReport) -> None:
    """Packets that an edit list hides are declared but never shown."""
    if packet.is_discard and report.expected:
        report.expected -= 1


def _images(
    info: MediaInfo,
    start: Timestamp | None,
    wanted: Wanted,
    report: ReadReport,
    depth: Depth,
    tone: LutTone | None,
) -> Iterator[Frame]:
    first = 0 if start is None else start.index
    report.decoded = first
    for index, file in enumerate(info.files):
        if index < first or not wanted(index):
            continue
        try:
            pixels = read_image(file, depth)
        except MediaError:
            report.errors += 1
            continue
        report.decoded += 1
        if tone is not None:
            pixels = tone(pixels, np.uint8 if pixels.dtype == np.uint8 else np.uint16)
        yield Frame(Timestamp(index, index, info.time_base), pixels, file.name)
