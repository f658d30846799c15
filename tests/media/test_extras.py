"""Subtitles, chapters and timecode come through where the container has a place for them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from understudy.media import frames, probe
from understudy.media.joining.extras import lost_extras
from understudy.write.h264 import H264Writer
from understudy.write.options import H264Options

TEXTS = [(0, 400, "Hello"), (480, 300, "World")]
HEADER = b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n"
"""Without one in ASS, FFmpeg opens no encoder of texts."""
CHAPTERS = [(0, 500, "One"), (500, 1000, "Two")]


def source(path, codec, begins=0, chapters=CHAPTERS):
    """A film of 25 frames with two subtitles in milliseconds, chapters and a timecode."""
    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        film.metadata["timecode"] = "01:02:03:04"
        film.set_chapters(
            [
                {
                    "id": n,
                    "start": start,
                    "end": end,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for n, (start, end, title) in enumerate(chapters)
            ]
        )
        texts = film.add_stream(codec)
        texts.metadata["language"] = "eng"
        texts.codec_context.subtitle_header = HEADER
        for n in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 8 * n, np.uint8), "rgb24")
            frame.pts, frame.time_base = n + begins, Fraction(1, 25)
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
        for start, length, words in TEXTS:
            data = words.encode()
            if codec == "mov_text":
                data = len(data).to_bytes(2, "big") + data
            packet = av.Packet(data)
            packet.stream, packet.time_base = texts, Fraction(1, 1000)
            packet.pts = packet.dts = start + 40 * begins
            packet.duration = length
            film.mux(packet)
    return path


def converted(path, target, options):
    """What an output has of a source, read by PyAV: texts with their times, chapters, timecode."""
    info = probe(path)
    writer = H264Writer(info, options)
    work = target.parent / f"{target.name}.work"
    work.mkdir()
    found = list(frames(info))
    writer.write_segment(work, 0, found[:12])
    writer.write_segment(work, 1, found[12:])
    writer.finish(work, 2, target)
    with av.open(str(target)) as film:
        assert film.streams.video[0].frames in (0, 25)
        chapters = [
            (float(c["start"] * c["time_base"]), c["metadata"]["title"]) for c in film.chapters()
        ]
        times = [
            (float(p.pts * p.time_base), bytes(p).split(b"\0\x05")[-1])
            for stream in film.streams.subtitles
            for p in film.demux(stream)
            if p.size > 2
        ]
        languages = [s.metadata.get("language") for s in film.streams.subtitles]
    return times, chapters, probe(target).timecode, languages


@pytest.mark.parametrize(("ending", "codec"), [("mov", "mov_text"), ("mp4", "mov_text")])
def test_a_quicktime_film_keeps_them(tmp_path, ending, codec):
    path = source(tmp_path / f"source.{ending}", codec)
    info = probe(path)
    assert [(s.codec, s.language) for s in info.subtitles] == [("mov_text", "eng")]
    assert (info.chapters, info.timecode, info.left_out) == (2, "01:02:03:04", ())
    out = tmp_path / f"out.{ending}"
    times, chapters, timecode, languages = converted(path, out, H264Options(container=ending))
    assert times == [(0, b"Hello"), (0.48, b"World")] and languages == ["eng"]
    assert chapters == [(0, "One"), (0.5, "Two")] and timecode == ""
    assert list(lost_extras(info, ending)) == ["its timecode 01:02:03:04 is left out"]


@pytest.mark.parametrize("ending", ["mov", "mp4"])
def test_a_quicktime_film_without_chapters_keeps_its_timecode(tmp_path, ending):
    path = source(tmp_path / f"source.{ending}", "mov_text", chapters=())
    out = tmp_path / f"out.{ending}"
    times, chapters, timecode, _ = converted(path, out, H264Options(container=ending))
    assert (times, chapters, timecode) == ([(0, b"Hello"), (0.48, b"World")], [], "01:02:03:04")
    info = probe(path)
    assert list(lost_extras(info, ending)) == []
    for rate in (Fraction(12), None):
        odd = replace(info, average_rate=rate)
        assert list(lost_extras(odd, ending)) == ["its timecode 01:02:03:04 is left out"]


def test_a_matroska_film_keeps_them(tmp_path):
    path = source(tmp_path / "source.mkv", "subrip")
    times, chapters, timecode, languages = converted(
        path, tmp_path / "out.mkv", H264Options(container="mkv")
    )
    assert times == [(0, b"Hello"), (0.48, b"World")] and languages == ["eng"]
    assert chapters == [(0, "One"), (0.5, "Two")] and timecode == "01:02:03:04"


def test_what_a_container_has_no_place_for_is_said(tmp_path):
    info = probe(source(tmp_path / "source.mkv", "subrip"))
    assert list(lost_extras(info, "mkv")) == []
    lost = ["its subtitles (eng, srt) are left out", "its timecode 01:02:03:04 is left out"]
    assert list(lost_extras(info, "mp4")) == list(lost_extras(info, "webm")) == lost
    assert "its subtitles (eng, srt) are left out" in H264Writer(info).not_kept
    times, chapters, timecode, _ = converted(
        tmp_path / "source.mkv", tmp_path / "out.mp4", H264Options()
    )
    assert times == [] and len(chapters) == 2 and timecode == ""
