"""What every writer keeps to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import UnderstudyError
from understudy.geometry.templates import MEAN_FACE_51, MEAN_JAW_17
from understudy.imaging.depth import to_unit
from understudy.imaging.png import encode_png
from understudy.media import MediaInfo, frames, probe
from understudy.media.joining.kinds import COARSE
from understudy.types import Alignment, Cutout, Face, Frame
from understudy.write import Writer, WriterFactory

_CUTS = (0, 5, 6, 11)
"""Where the segments begin: five frames, one, five."""

_SIZE_WH = (64, 48)
Read = Callable[[Path], list[Frame]]


def check_writer(
    make: WriterFactory,
    folder: Path,
    tolerance: float = 12.0,
    size_wh: tuple[int, int] = _SIZE_WH,
    read: Read | None = None,
) -> None:
    """Every frame once, in order, at its time, whatever is interrupted; nothing else left behind.

    Makes its own sources: a video of uneven times and a folder of pictures with odd sides.

    Args:
        make: constructs the writer for a source, for example the class itself.
        folder: an empty folder to work in, such as pytest's `tmp_path`.
        tolerance: mean distance to the source, 0..255, that counts as the same picture.
        size_wh: of the video, for formats that have no small pictures; even numbers.
        read: reads an output of a kind that `media` does not read, frames in order.
    """
    sources = {
        "video": _uneven_video(folder / "uneven.mp4", size_wh),
        "pictures": _pictures(folder / "odd", size_wh),
    }
    for name, info in sources.items():
        place = folder / f"of-{name}"
        place.mkdir()
        found = list(frames(info))
        assert len(found) == _CUTS[-1]
        _whole(make, info, found, place, tolerance, read or _read)
        _interrupted(make, info, found, place)
        _refused(make, info, found, place)


def _whole(
    make: WriterFactory,
    info: MediaInfo,
    found: list[Frame],
    place: Path,
    tolerance: float,
    read: Read,
) -> None:
    work = _new(place / "work")
    for n in (1, 0):  # whichever comes first
        _segment(make(info), work, n, found)
    resumed = make(info)
    assert resumed.has_segment(work, 0) and resumed.has_segment(work, 1), "a new run sees none"
    assert not resumed.has_segment(work, 2), "a segment that nobody wrote"
    _segment(resumed, work, 2, found)
    target = place / f"out{resumed.suffix}.part"
    for _ in range(2):  # finishing again replaces what is there
        resumed.finish(work, len(_CUTS) - 1, target)
        assert all(resumed.has_segment(work, n) for n in range(3)), "finishing uses segments up"
        _same_pictures(resumed, read(target), found, tolerance)
    assert sorted(p.name for p in place.iterdir()) == sorted(["work", target.name]), "left behind"
    assert resumed.bits >= 8 and all(isinstance(lost, str) for lost in resumed.not_kept)


def _read(target: Path) -> list[Frame]:
    return list(frames(probe(target)))


def _same_pictures(writer: Writer, back: list[Frame], found: list[Frame], tolerance: float) -> None:
    assert len(back) == len(found), f"{len(found)} frames went in, {len(back)} came out"
    for got, want in zip(back, found, strict=True):
        assert got.pixels.shape == want.pixels.shape, (
            f"expected {want.pixels.shape}, got {got.pixels.shape}"
        )
        apart = float(np.abs(got.pixels.astype(float) - want.pixels).mean())
        assert apart <= tolerance, f"frame {want.at.index} is {apart:.1f} from the source's"
    if writer.suffix:
        apart_s = [abs(a.at.seconds - b.at.seconds) for a, b in zip(back, found, strict=True)]
        most_s = COARSE.get(writer.suffix.removeprefix("."), 0)
        assert max(apart_s) <= most_s, "times differ from the source's"


def _interrupted(make: WriterFactory, info: MediaInfo, found: list[Frame], place: Path) -> None:
    work = _new(place / "interrupted")
    writer = make(info)

    def stops() -> Iterator[Frame]:
        yield from _given(writer, found[:3])
        raise KeyboardInterrupt

    try:
        writer.write_segment(work, 0, stops())
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("the interruption was swallowed")
    assert not writer.has_segment(work, 0), "half a segment passes for a whole one"
    assert not list(work.iterdir()), f"left behind: {[p.name for p in work.iterdir()]}"
    _segment(writer, work, 0, found)


def _refused(make: WriterFactory, info: MediaInfo, found: list[Frame], place: Path) -> None:
    work = _new(place / "refused")
    writer = make(info)
    small = Frame(found[0].at, found[0].pixels[:-2, :-2].copy(), found[0].source)
    _raises(lambda: writer.write_segment(work, 0, [small]), "a frame of another size")
    assert not writer.has_segment(work, 0), "a refused frame left a segment"
    _segment(writer, work, 0, found)
    target = place / f"refused{writer.suffix}.part"
    _raises(lambda: writer.finish(work, 2, target), "a missing segment")
    assert not target.exists(), "an output without all its segments"


def _segment(writer: Writer, work: Path, number: int, found: Sequence[Frame]) -> None:
    first, last = list(pairwise(_CUTS))[number]
    assert not writer.has_segment(work, number), "a segment before it was written"
    writer.write_segment(work, number, iter(_given(writer, found[first:last])))
    assert writer.has_segment(work, number), "a segment that was written is not there"


def _given(writer: Writer, found: Sequence[Frame]) -> list[Frame]:
    """Frames; those that are stored as faces apart are each one face, as large as the frame."""
    return [_as_face(f) for f in found] if getattr(writer, "takes_cutouts", False) else list(found)


def _as_face(frame: Frame) -> Frame:
    height, width = frame.pixels.shape[:2]
    points = np.vstack([MEAN_JAW_17, MEAN_FACE_51]) * min(width, height)
    alignment = Alignment.fit(points, frame.space)
    box = np.array([0, 0, width, height], np.float64)
    face = Face(f"{frame.at.index}_0", frame.at, box, 1.0, alignment)
    whole = np.ones((height, width), np.float32)
    return replace(frame, cutouts=(Cutout(face, "somebody", 0, 0, to_unit(frame.pixels), whole),))


def _raises(job: Callable[[], object], what: str) -> None:
    try:
        job()
    except UnderstudyError as error:
        assert str(error), f"{what} was refused without a word"
    else:
        raise AssertionError(f"{what} was taken without an error of understudy.errors")


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _shades(number: int, height: int, width: int) -> Any:
    rows, columns = np.mgrid[:height, :width] % 97
    planes = [rows * 2 + 8 * number, columns * 2, 200 - rows - 8 * number]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def _uneven_video(path: Path, size_wh: tuple[int, int]) -> MediaInfo:
    import av

    base = Fraction(1, 600)
    with av.open(str(path), "w", container_options={"video_track_timescale": "600"}) as container:
        video: Any = container.add_stream("libx264", rate=25, options={"crf": "8"})
        video.width, video.height, video.pix_fmt = *size_wh, "yuv420p"
        video.codec_context.time_base = base
        for i in range(_CUTS[-1]):
            frame = av.VideoFrame.from_ndarray(_shades(i, *size_wh[::-1]), "rgb24")
            frame.pts, frame.time_base = 24 * i + i % 5, base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return probe(path)


def _pictures(folder: Path, size_wh: tuple[int, int]) -> MediaInfo:
    folder.mkdir()
    width, height = size_wh[0] - 1, size_wh[1] - 1
    if size_wh != _SIZE_WH:
        width, height = width + 2, height + 2  # odd, and no smaller than was asked for
    for i in range(_CUTS[-1]):
        (folder / f"{i}.png").write_bytes(encode_png(_shades(i, height, width)))
    return probe(folder)
