from __future__ import annotations

import itertools
import struct
import subprocess
import sys
import time
import zlib
from fractions import Fraction

import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.imaging.png import encode_png
from understudy.media import ReadReport, check_writable, frames, natural_key, probe, read_image


def test_declares_what_the_container_says(make_clip):
    info = probe(make_clip(n=10, audio="aac"))
    assert (info.kind, info.width, info.height, info.n_frames) == ("video", 64, 48, 10)
    assert info.average_rate == 25 and info.codec == "h264" and info.pixel_format == "yuv420p"
    assert [(a.codec, a.rate_hz, a.channels) for a in info.audio] == [("aac", 44100, 2)]
    assert info.effective_matrix == 6 and info.effective_range == "limited"


def test_fingerprint_follows_content_not_name(make_clip, tmp_path):
    first = make_clip("a.mp4")
    copy = tmp_path / "b.mp4"
    copy.write_bytes(first.read_bytes())
    assert probe(first).fingerprint == probe(copy).fingerprint
    assert probe(first).fingerprint != probe(make_clip("c.mp4", n=11)).fingerprint


def test_tags_are_kept_as_found(make_clip):
    tags = {"colorspace": 1, "color_range": 1, "color_primaries": 1, "color_trc": 1}
    colour = probe(make_clip(tags=tags)).colour
    assert (colour.primaries, colour.transfer, colour.matrix) == (1, 1, 1)
    assert colour.range == "limited"


def test_untagged_hd_is_709(make_clip):
    info = probe(make_clip(n=1, size=(1280, 64)))
    assert info.colour.matrix is None and info.effective_matrix == 1


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXTINF:5,\n{}\n"])
def test_playlist_under_a_videos_name_opens_nothing(make_clip, tmp_path, text):
    other = make_clip("other.mp4")
    trap = tmp_path / "x.mp4"
    trap.write_text(text.format(other.name))
    with pytest.raises(MediaError, match=r"x\.mp4"):
        probe(trap)


@pytest.mark.parametrize("content", [b"", b"just words\n" * 100, b"\0" * 5000])
def test_no_video_is_said_clearly(tmp_path, content):
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=rf"x\.mp4.*{len(content)} bytes"):
        probe(path)


def test_missing_and_empty_folder(tmp_path):
    with pytest.raises(MediaError, match="no such file"):
        probe(tmp_path / "nothing.mp4")
    with pytest.raises(MediaError, match="no images"):
        probe(tmp_path)


def test_sound_without_picture(make_clip, tmp_path):
    import av

    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = 44100, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="no video stream"):
        probe(path)


def test_folder_in_natural_order(tmp_path):
    for i in (10, 9, 1):
        (tmp_path / f"frame{i}.png").write_bytes(encode_png(np.full((6, 8, 3), i, np.uint8)))
    (tmp_path / "notes.txt").write_text("no image")
    info = probe(tmp_path)
    assert [f.name for f in info.files] == ["frame1.png", "frame9.png", "frame10.png"]
    assert [int(f.pixels[0, 0, 0]) for f in frames(info)] == [1, 9, 10]
    assert [f.at.seconds for f in frames(info)] == [Fraction(i, 25) for i in range(3)]
    assert sorted(["b2", "a10", "a9", "A1"], key=natural_key) == ["A1", "a9", "a10", "b2"]


def test_folder_of_mixed_sizes_names_the_first_odd_one(tmp_path):
    for name, shape in (("1.png", (6, 8, 3)), ("2.png", (6, 8, 3)), ("3.png", (8, 8, 3))):
        (tmp_path / name).write_bytes(encode_png(np.zeros(shape, np.uint8)))
    with pytest.raises(MediaError, match=r"3\.png is 8x8"):
        check_writable(probe(tmp_path))


def test_damaged_image_is_counted_and_leaves_a_gap(tmp_path):
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(encode_png(np.full((40, 40, 3), i, np.uint8)))
    data = (tmp_path / "2.png").read_bytes()
    (tmp_path / "2.png").write_bytes(data[: len(data) // 2])
    report = ReadReport()
    assert [f.at.index for f in frames(probe(tmp_path), report=report)] == [0, 1, 3]
    assert "3 of 4 frames" in str(report) and not report.complete


def _bomb(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk


@pytest.mark.parametrize("size", [(30000, 30000), (16385, 10), (16000, 10000), (0, 5)])
def test_image_bomb_is_refused_by_its_header(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(_bomb(*size))
    began = time.perf_counter()
    for read in (read_image, probe):
        with pytest.raises(MediaError, match=f"{size[0]}x{size[1]}"):
            read(path)
    assert time.perf_counter() - began < 1


def test_import_is_cheap():
    code = (
        "import sys, understudy.media; "
        "bad = {'av', 'cv2', 'torch'} & set(sys.modules); sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_real_media_open(shared):
    for path in sorted((shared / "media/video").iterdir()):
        info = probe(path)
        found = [f for f, _ in zip(frames(info), range(5), strict=False)]
        assert len(found) == 5, path.name
        assert all(f.pixels.shape == (info.height, info.width, 3) for f in found)
        assert all(a.at.pts < b.at.pts for a, b in itertools.pairwise(found))
