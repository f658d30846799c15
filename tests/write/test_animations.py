"""GIF and animated WebP: times, colours and loops, read back by others."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.imaging.png import encode_png
from understudy.media import probe
from understudy.types import Frame, Timestamp
from understudy.write import MARK
from understudy.write.gif import GifWriter
from understudy.write.options import GifOptions, WebpOptions
from understudy.write.webp import WebpWriter

BASE = Fraction(1001, 30000)


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    """Of a film at 29.97 frames a second."""
    folder = tmp_path_factory.mktemp("stills")
    (folder / "0.png").write_bytes(encode_png(picture(0)))
    found = probe(folder)
    return replace(found, kind="video", files=(), time_base=BASE, average_rate=1 / BASE)


def picture(n: int) -> np.ndarray:
    rows, columns = np.mgrid[:48, :64]
    return np.stack([rows * 4 + 6 * n, columns * 3, 220 - rows - 6 * n], -1).astype(np.uint8)


def frame(n: int, pts: int, alpha=None, base: Fraction = BASE) -> Frame:
    return Frame(Timestamp(n, pts, base), picture(n), "a.mp4", alpha)


def made(writer, tmp_path, frames):
    work = tmp_path / "work"
    work.mkdir()
    for number in (1, 0):
        writer.write_segment(work, number, frames[3 * number : 3 * number + 3])
    target = tmp_path / f"out{writer.suffix}"
    assert writer.finish(work, 2, target)[0][0] == target
    done, found = cv2.imreadanimation(str(target))
    assert done
    return target.read_bytes(), found


def test_gif_times_do_not_drift(info, tmp_path):
    writer = GifWriter(info, GifOptions(plays=3))
    assert set(writer.not_kept) == {"times are rounded by up to 5 ms", "each frame has 256 colours"}
    data, found = made(writer, tmp_path, [frame(n, 5 + n) for n in range(6)])
    ends = np.cumsum(found.durations) / 1000
    assert ends == pytest.approx([float((n + 1) * BASE) for n in range(6)], abs=0.005)
    assert MARK.encode()[:200] in data and data[-1:] == b";"
    assert data.index(b"NETSCAPE2.0\x03\x01") and b"NETSCAPE2.0\x03\x01\x02\x00" in data
    for n, bgr in enumerate(found.frames):
        assert np.abs(bgr[..., 2::-1].astype(int) - picture(n)).mean() < 4
    with av.open(str(tmp_path / "out.gif")) as film:
        assert [p.pts for p in film.decode(video=0)] == [0, 3, 7, 10, 13, 17]


def test_a_gif_leaves_out_what_players_would_slow_down(info, tmp_path):
    fast = replace(info, average_rate=Fraction(60), time_base=Fraction(1, 60))
    writer = GifWriter(fast)
    assert any("0.02 s after another are left out" in lost for lost in writer.not_kept)
    frames = [frame(n, n, base=Fraction(1, 60)) for n in range(6)]
    _, found = made(writer, tmp_path, frames)
    # frames at 0, 1.7, 3.3, 5, 6.7 and 8.3 hundredths
    assert found.durations.tolist() == [20, 30, 20, 30] and len(found.frames) == 4


def test_webp_keeps_milliseconds_colours_and_alpha(info, tmp_path):
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (48, 1))
    writer = WebpWriter(info, WebpOptions(lossless=True, plays=2))
    assert writer.not_kept == ("times are rounded by up to 0.5 ms",) and writer.keeps_alpha
    data, found = made(writer, tmp_path, [frame(n, n, ramp) for n in range(6)])
    ends = np.cumsum(found.durations) / 1000
    assert ends == pytest.approx([float((n + 1) * BASE) for n in range(6)], abs=0.0006)
    assert found.loop_count == 2 and MARK.encode() in data
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    solid = ramp > 0.01
    for n, bgra in enumerate(found.frames):
        assert np.abs(bgra[..., 3] / 255 - ramp).max() < 0.005
        # where OpenCV lays frames over each other, colours of faint pixels are rounded
        assert np.abs(bgra[..., 2::-1][solid].astype(int) - picture(n)[solid]).mean() < 1.5


@pytest.mark.parametrize("make", [GifWriter, WebpWriter])
def test_one_frame_is_a_picture(info, tmp_path, make):
    writer = make(info)
    (tmp_path / "work").mkdir()
    writer.write_segment(tmp_path / "work", 0, [frame(0, 7)])
    target = tmp_path / f"one{writer.suffix}"
    writer.finish(tmp_path / "work", 1, target)
    back = cv2.imdecode(np.frombuffer(target.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(back[..., ::-1].astype(int) - picture(0)).mean() < 4
    assert MARK.encode()[:200] in target.read_bytes()


@pytest.mark.parametrize(("make", "side"), [(GifWriter, 65536), (WebpWriter, 16384)])
def test_larger_than_the_format_holds_is_refused(info, make, side):
    with pytest.raises(MediaError, match=f"at most {side - 1}"):
        make(replace(info, width=side))


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
def test_ffprobe_reads_the_gif(info, tmp_path):
    made(GifWriter(info), tmp_path, [frame(n, n) for n in range(6)])
    words = ["ffprobe", "-v", "error", "-count_frames", "-of", "csv=p=0", "-show_entries"]
    words += ["stream=codec_name,width,height,nb_read_frames", str(tmp_path / "out.gif")]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "gif,64,48,6"
