from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from understudy.errors import MediaError, ValueRefused
from understudy.media import ReadReport, frames, probe
from understudy.media.clock import Clock
from understudy.types import Timestamp

VFR = [7, 9, 14, 15, 23, 40, 41, 60, 75, 76, 77, 90]


@pytest.mark.parametrize(
    "name,pts,time_base,rate",
    [
        ("ntsc.mp4", [1001 * i for i in range(12)], Fraction(1, 30000), Fraction(30000, 1001)),
        ("pal.mp4", range(12), Fraction(1, 25), Fraction(25)),
        ("vfr.mp4", VFR, Fraction(1, 600), Fraction(25)),
        ("late.mp4", range(50, 62), Fraction(1, 25), Fraction(25)),
        ("ms.mkv", [33 * i + 13 for i in range(12)], Fraction(1, 1000), Fraction(30)),
        ("broadcast.ts", [3003 * i + 126000 for i in range(12)], Fraction(1, 90000), Fraction(30)),
    ],
)
def test_exact_pts(make_clip, name, pts, time_base, rate):
    scale = {"movie_timescale": str(time_base.denominator)} if name.endswith("mp4") else None
    path = make_clip(name, pts=pts, time_base=time_base, rate=rate, container_options=scale)
    shift = Fraction(0)
    if name.endswith(".ts"):  # the muxer adds its own delay to everything
        with av.open(str(path)) as c:
            shift = min(p.pts for p in c.demux(video=0) if p.size) * time_base - pts[0] * time_base
    found = [f.at for f in frames(probe(path))]
    assert [a.seconds for a in found] == [p * time_base + shift for p in pts]
    assert [a.index for a in found] == list(range(len(pts)))


def test_avi_time_base_has_a_numerator(make_clip):
    rate = Fraction(30000, 1001)
    path = make_clip("x.avi", codec="mpeg4", rate=rate, time_base=1 / rate, options={"qscale": "2"})
    info = probe(path)
    assert info.time_base.numerator == 1001
    assert [f.at.seconds for f in frames(info)] == [i / rate for i in range(12)]


def test_avi_with_b_frames_has_no_pts_and_gets_them(make_clip):
    path = make_clip("x.avi", codec="libx264", options={"bf": "2", "b-pyramid": "none"})
    report = ReadReport()
    found = list(frames(probe(path), report=report))
    assert [f.at.seconds for f in found] == [Fraction(i, 25) for i in range(12)]
    if report.derived:
        assert "no usable time" in str(report)


def test_gif_hundredths(make_clip):
    path = make_clip(
        "x.gif",
        codec="gif",
        pixel_format="rgb8",
        pts=[0, 8, 17, 25, 33],
        time_base=Fraction(1, 100),
    )
    assert [f.at.pts for f in frames(probe(path))] == [0, 8, 17, 25, 33]


@pytest.mark.parametrize("turn,stored_to_upright", [(-90, -1), (180, 2), (90, 1)])
def test_rotation_metadata_is_applied(make_clip, turn, stored_to_upright):
    plain = list(frames(probe(make_clip("plain.mp4"))))
    info = probe(make_clip("turned.mp4", rotate=turn))
    turned = list(frames(info))
    assert info.rotation_deg == {-90: 90, 180: 180, 90: 270}[turn]
    assert (info.width, info.height) == ((64, 48) if turn == 180 else (48, 64))
    for a, b in zip(plain, turned, strict=True):
        assert np.array_equal(np.rot90(a.pixels, stored_to_upright), b.pixels)


@pytest.mark.parametrize(
    "name,codec,options",
    [
        ("b.mp4", "libx264", {"bf": "3", "g": "9", "keyint_min": "4"}),
        ("open.mp4", "libx264", {"bf": "3", "x264-params": "keyint=8:open-gop=1:scenecut=0"}),
        ("refresh.mkv", "libx264", {"x264-params": "intra-refresh=1:keyint=10:bframes=0"}),
        ("b.mkv", "libx264", {"bf": "2", "g": "7"}),
        ("mpeg2.ts", "mpeg2video", {"bf": "2", "g": "6", "qscale": "3"}),
        ("mpeg4.mp4", "mpeg4", {"bf": "2", "g": "8", "qscale": "3"}),
        ("long.mp4", "libx264", {"g": "250", "x264-params": "scenecut=0"}),
        ("b.avi", "libx264", {"bf": "2", "g": "8"}),
        ("prores.mov", "prores_ks", {}),
    ],
)
def test_starting_in_the_middle_gives_the_same_bits(make_clip, name, codec, options):
    form = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    info = probe(make_clip(name, n=30, codec=codec, options=options, pixel_format=form))
    whole = list(frames(info))
    assert len(whole) == 30
    for first in (0, 1, 6, 7, 8, 13, 17, 24, 29):
        report = ReadReport()
        rest = list(frames(info, start=whole[first].at, report=report))
        assert [f.at for f in rest] == [f.at for f in whole[first:]]
        assert all(
            np.array_equal(a.pixels, b.pixels) for a, b in zip(rest, whole[first:], strict=True)
        )
        assert report.decoded == 30 and report.complete


def test_every_counts_from_the_beginning(make_clip):
    info = probe(make_clip(n=20))
    assert [f.at.index for f in frames(info, every=6)] == [0, 6, 12, 18]
    start = Timestamp(7, 7 * round(1 / (25 * info.time_base)), info.time_base)
    assert [f.at.index for f in frames(info, start=start, every=6)] == [12, 18]
    with pytest.raises(ValueRefused):
        next(frames(info, every=0))


def test_a_changed_file_is_noticed(make_clip):
    info = probe(make_clip(n=20))
    with pytest.raises(MediaError, match="has changed"):
        list(frames(info, start=Timestamp(5, 3, info.time_base)))


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.ts"])
def test_truncated_video_gives_what_is_there_and_says_so(make_clip, name):
    moov_first = {"movflags": "+faststart"} if name == "x.mp4" else None
    path = make_clip(name, n=100, options={"g": "10"}, container_options=moov_first)
    whole = list(frames(probe(path)))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    report = ReadReport()
    info = probe(path)
    part = list(frames(info, report=report))
    assert 20 < len(part) < 80
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(part[:-4], whole, strict=False))
    if name == "x.mp4":
        assert not report.complete and f"{len(part)} of 100 frames" in str(report)
    if name == "x.mkv":
        assert report.ends_early and "pictures end at" in str(report)


def test_damage_in_the_middle_is_counted_and_passed(make_clip):
    path = make_clip(n=60, options={"g": "10"}, size=(128, 96))
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    rng = np.random.default_rng(0)
    middle = at + (data.index(b"moov") - at) // 2
    data[middle : middle + 400] = rng.integers(0, 256, 400, dtype=np.uint8).tobytes()
    path.write_bytes(bytes(data))
    report = ReadReport()
    found = list(frames(probe(path), report=report))
    assert 40 < len(found) <= 60 and report.decoded == len(found)
    assert [f.at.index for f in found] == list(range(len(found)))
    if report.errors:
        assert not report.complete and "refused" in str(report)


def test_only_garbage_after_the_header(make_clip):
    path = make_clip(n=10, container_options={"movflags": "+faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 4])
    with pytest.raises(MediaError, match="not one frame"):
        probe(path)


def test_a_time_jump_backward_loses_no_frame(make_clip, tmp_path):
    """Two broadcast recordings in one file: the second begins again at the first's times."""
    one = make_clip("1.ts", n=30, options={"g": "10"})
    path = tmp_path / "both.ts"
    path.write_bytes(one.read_bytes() * 2)
    info = probe(path)
    report = ReadReport()
    whole = list(frames(info, report=report))
    times = [f.at.pts for f in whole]
    assert len(whole) >= 58 and times == sorted(set(times))
    steps = np.diff(times) / 3600
    assert (np.abs(steps - 1) < 0.01).sum() >= len(steps) - 2
    for first in (3, 25, 33, 50):
        rest = list(frames(info, start=whole[first].at))
        assert [f.at for f in rest] == [f.at for f in whole[first:]]
        assert all(
            np.array_equal(a.pixels, b.pixels) for a, b in zip(rest, whole[first:], strict=True)
        )


def test_clock_takes_missing_repeated_and_backward_times(make_clip):
    info = probe(make_clip())
    second = round(1 / info.time_base)
    step = second // 25
    report = ReadReport()
    clock = Clock(info, report)

    def tell(pts):
        return clock(SimpleNamespace(pts=pts, time_base=info.time_base))

    assert [tell(p) for p in (0, None, step, 2 * step)] == [0, step, step + 1, 2 * step]
    far = 100 * second
    assert [tell(p) for p in (far, 5, 5 + step)] == [far, far + step, far + 2 * step]
    assert report.derived == 3


def test_names_that_look_like_addresses(make_clip):
    path = make_clip("10:30 100% #1?.mp4", n=3)
    assert len(list(frames(probe(path)))) == 3


def test_cut_off_before_the_index_is_said(make_clip):
    path = make_clip(n=60)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(MediaError, match="cut off"):
        probe(path)


@pytest.mark.parametrize("depth,dtype", [("8", np.uint8), ("native", np.uint16)])
def test_ten_bits(make_clip, depth, dtype):
    path = make_clip("x.mov", codec="prores_ks", pixel_format="yuv422p10le", n=2)
    info = probe(path)
    assert info.bits == 10
    assert next(frames(info, depth=depth)).pixels.dtype == dtype


def test_a_picture_that_changes_its_size_is_refused_where_it_does(make_clip, tmp_path):
    small, large = make_clip("1.ts", n=8), make_clip("2.ts", n=8, size=(96, 64))
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(MediaError, match="changes from 64x48 to 96x64 px at frame 8"):
        list(frames(probe(path)))


def test_a_cover_picture_is_no_film(make_clip, tmp_path):
    clip, path = make_clip(n=5), tmp_path / "with cover.mp4"
    with av.open(str(clip)) as old, av.open(str(path), "w") as new:
        cover = new.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 480, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        film = new.add_stream_from_template(old.streams.video[0], opaque=True)
        new.mux(cover.encode(av.VideoFrame.from_ndarray(np.zeros((480, 640, 3), np.uint8))))
        new.mux(cover.encode(None))
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = film
                new.mux(packet)
    info = probe(path)
    assert (info.width, info.height, len(list(frames(info)))) == (64, 48, 5)
