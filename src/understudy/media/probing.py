"""`probe`: what a source is, before its frames are read."""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from understudy.errors import MediaError
from understudy.files import open_to_read, refuse_odd_name
from understudy.media.colour.light import curve_in_metadata, curve_in_xml
from understudy.media.colour.mastering import mastering_of
from understudy.media.colour.rgb import check_matrix
from understudy.media.container import display_matrix, open_input, video_stream
from understudy.media.info import (
    UNSPECIFIED,
    AudioInfo,
    ColourTags,
    FieldOrder,
    MediaInfo,
    Range,
    SubtitleInfo,
)
from understudy.media.stills import SUFFIXES, read_header, upright_size
from understudy.media.stills.folder import Folder, look_in, words
from understudy.media.stills.heic import refuse_without
from understudy.media.stills.orient import SWAPS_WIDTH_AND_HEIGHT, from_display_matrix

IMAGES_RATE = Fraction(25)
_CHUNK = 1 << 20
_TIMECODE = re.compile(r"\d\d:\d\d:\d\d[:;.]\d\d")
_HEAD = 1 << 16
_WITH_SONY_XML = ("mov,mp4,m4a,3gp,3g2,mj2", "mxf")


def probe(path: str | Path) -> MediaInfo:
    """Look at a video file, an image, or a folder of images.

    The first frame of a video is decoded, because rotation and colour often stand only there.

    Raises:
        MediaError: missing, empty, no video, damaged beyond the first frame, too large, or a
            folder without images.
        ValueRefused: its name holds bytes that are no text, or is too long.
    """
    path = Path(path)
    refuse_odd_name(path)
    if path.is_dir():
        return _probe_folder(path)
    if path.suffix.lower() in SUFFIXES:
        return _probe_image(path)
    return _probe_video(path)


def _probe_video(path: Path) -> MediaInfo:
    with open_input(path) as container:
        stream = video_stream(container, path)
        frame = _first_frame(container, stream, path)
        matrix = display_matrix(frame)
        orientation = 1 if matrix is None else from_display_matrix(matrix)
        swaps = orientation in SWAPS_WIDTH_AND_HEIGHT
        aspect = stream.sample_aspect_ratio or Fraction(1)
        start, length = stream.start_time, stream.duration
        info = MediaInfo(
            path=path,
            kind="video",
            width=frame.height if swaps else frame.width,
            height=frame.width if swaps else frame.height,
            coded_width=frame.width,
            coded_height=frame.height,
            orientation=orientation,
            time_base=Fraction(stream.time_base or Fraction(1, 1000)),
            average_rate=stream.average_rate or stream.guessed_rate or None,
            start_pts=start,
            first_pts=_first_pts(frame, stream, container),
            end_pts=None if start is None or length is None else start + length,
            n_frames=stream.frames or None,
            duration_s=(
                None if container.duration is None else Fraction(container.duration, av.time_base)
            ),
            colour=_colour(frame, stream.codec_context),
            pixel_format=frame.format.name,
            bits=max((c.bits for c in frame.format.components), default=8),
            codec=stream.codec_context.codec.name,
            container=container.format.name,
            sample_aspect=Fraction(1) / aspect if swaps else aspect,
            audio=tuple(_audio(s) for s in container.streams.audio if s.codec_context),
            left_out=tuple(
                _phrase(s) for s in container.streams if s is not stream and not _is_known(s)
            ),
            subtitles=tuple(
                SubtitleInfo(s.index, s.codec_context.name, s.metadata.get("language", ""))
                for s in container.streams
                if s.type == "subtitle" and s.codec_context
            ),
            chapters=len(container.chapters()),
            timecode=_timecode(container),
            fingerprint=_file_fingerprint(path),
            field_order=_field_order(frame, stream.codec_context),
            bit_rate=_bit_rate(container, stream),
            camera_curve=_camera_curve(container, stream, path),
            mastering=mastering_of(frame),
        )
    check_matrix(info)
    return info


def _first_frame(container: Any, stream: Any, path: Path) -> Any:
    failure = "it holds none"
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    return frame
            except av.error.FFmpegError as error:
                failure = str(error.strerror or error).lower()
    except av.error.FFmpegError as error:
        failure = str(error.strerror or error).lower()
    raise MediaError(
        f"{path}: not one frame of its {stream.codec_context.name} video can be decoded "
        f"({failure}); the file is damaged or cut off; copy it again from where it came"
    )


def _first_pts(frame: Any, stream: Any, container: Any) -> int | None:
    """In the stream's time base; AVI has no times of pictures, see `read`."""
    if frame.pts is None or container.format.name == "avi":
        return None
    return round(frame.pts * Fraction(frame.time_base) / Fraction(stream.time_base))


def _colour(frame: Any, context: Any) -> ColourTags:
    def said(name: str) -> int | None:
        for holder in (frame, context):
            value = int(getattr(holder, name) or 0)
            if value != UNSPECIFIED and (value or name == "colorspace"):
                return value
        return None

    ranges: dict[int | None, Range] = {1: "limited", 2: "full"}
    code = int(frame.color_range or 0) or int(context.color_range or 0)
    return ColourTags(
        primaries=said("color_primaries"),
        transfer=said("color_trc"),
        matrix=said("colorspace"),
        range=ranges.get(code),
    )


def _field_order(frame: Any, context: Any) -> FieldOrder:
    """From AVFieldOrder, whose last two name the field coded first before the one shown first."""
    orders: dict[int, FieldOrder] = {1: "progressive", 2: "top", 3: "bottom", 4: "bottom", 5: "top"}
    said = orders.get(int(context.field_order), "")
    if frame.interlaced_frame:
        return said if said in ("top", "bottom") else "interlaced"
    return said


def _bit_rate(container: Any, stream: Any) -> int | None:
    return stream.codec_context.bit_rate or container.bit_rate or None


def _camera_curve(container: Any, stream: Any, path: Path) -> str:
    found = curve_in_metadata([*container.metadata.items(), *stream.metadata.items()])
    if found or container.format.name not in _WITH_SONY_XML:
        return found
    sidecar = path.with_name(f"{path.stem}M01.XML")
    for file in (path, sidecar) if sidecar.is_file() else (path,):
        with open_to_read(file) as handle:
            for at in sorted({0, max(0, file.stat().st_size - _CHUNK)}):
                handle.seek(at)
                found = found or curve_in_xml(handle.read(_CHUNK))
    return found


def _audio(stream: Any) -> AudioInfo:
    return AudioInfo(
        index=stream.index,
        codec=stream.codec_context.codec.name,
        rate_hz=stream.codec_context.sample_rate,
        channels=stream.codec_context.layout.nb_channels,
        language=stream.language or "",
    )


def _is_known(stream: Any) -> bool:
    """Whether there is another place for it: sound, subtitles, chapters, timecode."""
    if stream.type == "data":  # MOV has chapters and the timecode in tracks of their own
        return "timecode" in stream.metadata or stream.name == "bin_data"
    return stream.type in ("audio", "subtitle")


def _timecode(container: Any) -> str:
    """Where a film's first frame lies by the clock of its camera or edit, or ""."""
    for told in (container.metadata, *(s.metadata for s in container.streams)):
        for key, value in told.items():
            if key.lower() == "timecode" and _TIMECODE.fullmatch(value):
                return str(value)
    return ""


def _phrase(stream: Any) -> str:
    context = stream.codec_context
    return f"{stream.type} {context.name}" if context is not None else str(stream.type)


def _probe_image(path: Path) -> MediaInfo:
    header = read_header(path)
    if header.moving and header.format == "png":
        return _probe_video(path)
    if header.moving:
        raise MediaError(f"{path}: is an animated {header.format}; convert it to MP4 first")
    if header.format == "heic":
        refuse_without(path)
    return _probe_images(path, Folder([path], [header]))


def _probe_folder(path: Path) -> MediaInfo:
    found = look_in(path)
    if not found.files:
        rest = f"; it has {words(found.left_out)}" if found.left_out else ""
        raise MediaError(
            f"{path}: the folder holds no images; expected some of {', '.join(SUFFIXES)}{rest}"
        )
    return _probe_images(path, found)


def _probe_images(path: Path, folder: Folder) -> MediaInfo:
    files, headers = tuple(folder.files), folder.headers
    for file in files:
        refuse_odd_name(file)
    sizes = [upright_size(h) for h in headers]
    first, size = headers[0], (max(w for w, _ in sizes), max(h for _, h in sizes))
    bits = max(h.bits for h in headers)
    return MediaInfo(
        path=path,
        kind="images",
        width=size[0],
        height=size[1],
        coded_width=size[0],
        coded_height=size[1],
        orientation=1,
        time_base=1 / IMAGES_RATE,
        average_rate=IMAGES_RATE,
        start_pts=0,
        end_pts=len(files),
        n_frames=len(files),
        duration_s=len(files) / IMAGES_RATE,
        colour=ColourTags(range="full"),
        pixel_format="rgb48" if bits > 8 else "rgb24",
        bits=bits,
        codec=first.format,
        container="images",
        fingerprint=_files_fingerprint(files),
        files=files,
        passed_over=tuple(folder.left_out),
        sizes=tuple(sizes),
    )


def _file_fingerprint(path: Path) -> str:
    """Size and one MiB each of beginning, middle and end: enough to know a file again."""
    size = path.stat().st_size
    digest = hashlib.sha256(size.to_bytes(8, "little"))
    with open_to_read(path) as file:
        for at in sorted({0, max(0, size // 2 - _CHUNK // 2), max(0, size - _CHUNK)}):
            file.seek(at)
            digest.update(file.read(_CHUNK))
    return digest.hexdigest()


def _files_fingerprint(files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with open_to_read(file) as handle:
            head = hashlib.sha256(handle.read(_HEAD)).hexdigest()
        digest.update(f"{file.name}\0{file.stat().st_size}\0{head}\n".encode(errors="replace"))
    return digest.hexdigest()
