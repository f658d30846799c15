from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from understudy.errors import MediaError, ValueRefused
from understudy.imaging.png import encode_png
from understudy.media import frames, probe, read_image
from understudy.plugin import Registry
from understudy.types import Frame, Timestamp
from understudy.write.h264 import H264Writer
from understudy.write.manifest import PLUGINS
from understudy.write.options import H264Options
from understudy.write.png import PngWriter


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Twelve frames at uneven times, with sound."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w", container_options={"video_track_timescale": "600"}) as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 600)
        sound = container.add_stream("aac", rate=44100)
        for i in range(12):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * i, np.uint8), "rgb24")
            frame.pts, frame.time_base = 24 * i + i % 5, Fraction(1, 600)
            container.mux(video.encode(frame))
        for i in range(20):
            wave = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
            wave.sample_rate, wave.pts = 44100, 1024 * i
            container.mux(sound.encode(wave))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    return path


def fill(writer, work, found, size=5):
    numbers = range(0, len(found), size)
    for n, first in enumerate(numbers):
        assert not writer.has_segment(work, n)
        writer.write_segment(work, n, found[first : first + size])
        assert writer.has_segment(work, n)
    return len(numbers)


def test_records_load():
    registry = Registry(PLUGINS)
    assert [p.name for p in registry.of_kind("write")] == sorted(p.name for p in PLUGINS)
    assert [registry.get("write", n).load() for n in ("h264", "png")] == [H264Writer, PngWriter]
    assert registry.get("write", "h264").load_options() is H264Options


def test_h264_from_start_to_finish(clip, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    info = probe(clip)
    found = list(frames(info))
    writer = H264Writer(info)
    n = fill(writer, work, found)
    target = tmp_path / "out.mp4.part"
    target.write_bytes(b"left over from an interrupted run")
    writer.finish(work, n, target)
    out = probe(target)
    assert [f.at.seconds for f in frames(out)] == [f.at.seconds for f in found]
    assert out.audio == info.audio
    assert sorted(p.name for p in work.iterdir()) == [f"seg_0000{i}.unsigned.mp4" for i in range(3)]
    assert writer.suffix == ".mp4"
    assert H264Writer(info, H264Options(container="mov")).suffix == ".mov"


def test_segments_do_not_depend_on_the_run(clip, tmp_path):
    info = probe(clip)
    found = list(frames(info))
    for run in ("a", "b"):
        (tmp_path / run).mkdir()
        H264Writer(info).write_segment(tmp_path / run, 0, found[:5])
    again = list(frames(info, start=found[5].at))
    H264Writer(info).write_segment(tmp_path / "a", 1, found[5:])
    H264Writer(info).write_segment(tmp_path / "b", 1, again)
    for name in ("seg_00000.unsigned.mp4", "seg_00001.unsigned.mp4"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("make", [H264Writer, PngWriter])
def test_interrupted_segment_leaves_nothing(clip, tmp_path, make):
    info = probe(clip)
    work = tmp_path / "work"
    work.mkdir()

    def broken():
        yield from list(frames(info))[:3]
        raise KeyboardInterrupt

    writer = make(info)
    with pytest.raises(KeyboardInterrupt):
        writer.write_segment(work, 0, broken())
    assert not writer.has_segment(work, 0) and not list(work.iterdir())


@pytest.mark.parametrize("make", [H264Writer, PngWriter])
def test_missing_segment_is_named(clip, tmp_path, make):
    writer = make(probe(clip))
    writer.write_segment(tmp_path, 0, list(frames(probe(clip)))[:2])
    with pytest.raises(MediaError, match="seg_00001"):
        writer.finish(tmp_path, 2, tmp_path / "out.part")
    assert not (tmp_path / "out.part").exists()


def test_options_are_checked():
    with pytest.raises(ValueRefused, match="crf"):
        H264Options(crf=90)
    with pytest.raises(ValueRefused, match="preset"):
        H264Options(preset="warp")


def test_pngs_of_a_video_are_exact_and_carry_times(clip, tmp_path):
    info = probe(clip)
    found = list(frames(info))
    work = tmp_path / "work"
    work.mkdir()
    writer = PngWriter(info)
    n = fill(writer, work, found)
    target = tmp_path / "out.part"
    writer.finish(work, n, target)
    writer.finish(work, n, target)
    names = sorted(p.name for p in target.iterdir())
    assert names == [f"{i:06d}.png" for i in range(12)] + ["times.csv"]
    for frame, back in zip(found, frames(probe(target)), strict=True):
        assert np.array_equal(frame.pixels, back.pixels)
    rows = [r.split(",") for r in (target / "times.csv").read_text().splitlines()[1:]]
    assert [Fraction(r[3]) * int(r[2]) for r in rows] == [f.at.seconds for f in found]
    assert writer.has_segment(work, 0)


def test_pngs_of_images_keep_their_names(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("shot 2.png", "shot 10.png", "a.png", "a.bmp"):
        pixels = np.full((4, 6, 3), len(name), np.uint8)
        data = encode_png(pixels)
        if name.endswith("bmp"):
            import cv2

            data = cv2.imencode(".bmp", pixels)[1].tobytes()
        (source / name).write_bytes(data)
    info = probe(source)
    writer = PngWriter(info)
    writer.write_segment(tmp_path, 0, frames(info))
    writer.finish(tmp_path, 1, tmp_path / "out")
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["a.bmp.png", "a.png.png", "shot 10.png", "shot 2.png"]
    assert (read_image(tmp_path / "out/shot 2.png") == len("shot 2.png")).all()


def test_images_become_a_video(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for i in range(4):
        (source / f"{i}.png").write_bytes(encode_png(np.full((47, 63, 3), 50 * i, np.uint8)))
    info = probe(source)
    writer = H264Writer(info)
    writer.write_segment(tmp_path, 0, frames(info))
    writer.finish(tmp_path, 1, tmp_path / "out.part")
    out = probe(tmp_path / "out.part")
    assert (out.width, out.height, out.n_frames, out.average_rate) == (63, 47, 4, 25)
    grey = [float(f.pixels.mean()) for f in frames(out)]
    assert np.allclose(grey, [0, 50, 100, 150], atol=2)


def test_wrong_frame_size_leaves_no_segment(clip, tmp_path):
    writer = H264Writer(probe(clip))
    frame = Frame(Timestamp(0, 0, Fraction(1, 600)), np.zeros((10, 10, 3), np.uint8), "x")
    with pytest.raises(ValueRefused, match="64x48"):
        writer.write_segment(tmp_path, 0, [frame])
    assert not writer.has_segment(tmp_path, 0)
