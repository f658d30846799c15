"""Opening media files so that only the file itself is read, and picking the stream to work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from understudy.errors import MediaError
from understudy.files import open_to_read
from understudy.media.limits import check_size, most_pixels

# A text playlist under a video's name makes FFmpeg open whatever files it lists (ffconcat, HLS).
# Only demuxers that read one file are allowed, and only the file protocol.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,mxf,mxf_opatom,gif,flv,ogg,"
    "asf,nut,ivf,dv,apng,h264,hevc,m4v,av1,obu"
)


def file_url(path: Path) -> str:
    """A name that FFmpeg takes for a file whatever colons it has."""
    return f"file:{path}"


@contextmanager
def open_input(path: Path) -> Iterator[InputContainer]:
    """Open a media file for reading.

    Raises:
        MediaError: missing, empty, or nothing that can be recognised.
    """
    _check_file(path)
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        container = av.open(file_url(path), "r", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(
            f"{path}: is no video that can be read ({path.stat().st_size} bytes; {reason(error)}); "
            "it may be cut off, damaged, or another kind of file under a video's name; "
            "try playing it, or convert it to MP4 first"
        ) from error
    with container:
        yield container


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream to work on: the default one, else the largest; cover pictures do not count.

    Raises:
        MediaError: there is none, no decoder for it, or it is too large.
    """
    pictures = [s for s in container.streams.video if s.disposition & Disposition.attached_pic]
    streams = [s for s in container.streams.video if s not in pictures]
    if not streams:
        kinds = ", ".join(s.type for s in container.streams) or "nothing"
        raise MediaError(f"{path}: has no video stream (it has: {kinds}); choose a video")
    readable = [s for s in streams if s.codec_context is not None]
    if not readable:
        raise MediaError(f"{path}: no decoder for its video is built in; convert it to H.264 first")

    def rank(stream: VideoStream) -> tuple[bool, int, int]:
        default = bool(stream.disposition & Disposition.default)
        return default, stream.width * stream.height, -stream.index

    stream = max(readable, key=rank)
    most = most_pixels(container.format.name)
    check_size(stream.width, stream.height, path, most)
    stream.codec_context.options = {"max_pixels": str(most)}
    stream.thread_type = "AUTO"
    return stream


def reason(error: Exception) -> str:
    """FFmpeg's words for an error, without the file name it repeats."""
    words = getattr(error, "strerror", None) or str(error)
    return str(words).split(":")[0].strip().lower()


def display_matrix(frame: Any) -> list[int] | None:
    """The nine numbers of a frame's display matrix, or None when it has none."""
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            numbers = memoryview(bytes(data)[:36]).cast("i")
            return list(numbers)
    return None


def _check_file(path: Path) -> None:
    if not path.exists():
        raise MediaError(f"{path}: there is no such file; check the name and the folder")
    if not path.is_file():
        raise MediaError(f"{path}: is not a file; give a video file, or a folder of images")
    if path.stat().st_size == 0:
        raise MediaError(f"{path}: is empty (0 bytes); copy it again from where it came")
    try:
        open_to_read(path).close()
    except OSError as error:
        raise MediaError(
            f"{path}: cannot be opened ({error.strerror}); check its rights"
        ) from error
