from __future__ import annotations

import hashlib
import itertools
import resource
import signal
from fractions import Fraction

import av
import numpy as np
import pytest

from understudy.errors import MediaError, ValueRefused
from understudy.media import check_sound, encode_segment, frames, join, probe
from understudy.media.coding import h264


def finished(info, folder, segment=5, container="mp4", keep=None):
    """The whole way: read, encode in segments, join."""
    found = list(frames(info))[:keep]
    paths = []
    for n in range(0, len(found), segment):
        paths.append(folder / f"seg_{n:03d}.part")
        assert encode_segment(paths[-1], found[n : n + segment], info) == len(found[n:][:segment])
    target = folder / f"out.{container}.part"
    assert join(paths, target, info, container) == len(found)
    return target, found


def seconds(path):
    return [f.at.seconds for f in frames(probe(path))]


def sound(path):
    """(pts in seconds, digest) of each packet of each sound stream."""
    with av.open(str(path)) as container:
        found = {stream.index: [] for stream in container.streams.audio}
        for packet in container.demux(container.streams.audio):
            if packet.size:
                digest = hashlib.sha256(bytes(packet)).hexdigest()
                found[packet.stream_index].append((packet.pts * packet.time_base, digest))
    return list(found.values())


VFR = [7, 9, 14, 15, 23, 40, 41, 60, 75, 76, 77, 90, 200]
NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    "name,kwargs",
    [
        ("ntsc.mp4", {"pts": [1001 * i for i in range(14)], "time_base": Fraction(1, 30000)}),
        ("pal.mp4", {"pts": range(14), "time_base": Fraction(1, 25)}),
        ("vfr.mp4", {"pts": VFR, "time_base": Fraction(1, 600)}),
        ("vfr.mkv", {"pts": [33 * i + i % 3 for i in range(14)], "time_base": Fraction(1, 1000)}),
        ("late.mp4", {"pts": range(77, 91), "time_base": Fraction(1, 30)}),
        ("late.ts", {"pts": [3003 * i for i in range(14)], "time_base": Fraction(1, 90000)}),
        (
            "x.avi",
            {"codec": "mpeg4", "rate": NTSC, "time_base": 1 / NTSC, "options": {"qscale": "2"}},
        ),
        (
            "x.gif",
            {
                "codec": "gif",
                "pixel_format": "rgb8",
                "pts": [0, 8, 17, 25, 33, 42],
                "time_base": Fraction(1, 100),
            },
        ),
        ("one.mp4", {"n": 1}),
    ],
)
@pytest.mark.parametrize("segment", [1, 5, 100])
def test_output_has_the_sources_times(make_clip, tmp_path, name, kwargs, segment):
    info = probe(make_clip(name, **kwargs))
    target, found = finished(info, tmp_path, segment)
    # a transport stream's clock begins anywhere; its film begins at zero
    begins = found[0].at.seconds if name.endswith("ts") else 0
    assert seconds(target) == [f.at.seconds - begins for f in found]
    out = probe(target)
    assert out.n_frames == len(found)
    with av.open(str(target)) as container:
        dts = [p.dts for p in container.demux(video=0) if p.size]
    assert all(a < b for a, b in itertools.pairwise(dts))


def test_segments_of_b_frames_join_without_seams(make_clip, tmp_path):
    info = probe(make_clip(n=40))
    target, found = finished(info, tmp_path, 13)
    with av.open(str(target)) as container:
        kinds = {f.pict_type for f in container.decode(video=0)}
    assert 3 in kinds  # there are B-frames
    again = list(frames(probe(target)))
    for a, b in zip(found, again, strict=True):
        assert np.abs(a.pixels.astype(int) - b.pixels).mean() < 6


@pytest.mark.parametrize("start_s", [0.0, 0.3])
@pytest.mark.parametrize("rate", [44100, 48000])
def test_sound_is_copied_packet_by_packet(make_clip, tmp_path, start_s, rate):
    clip = make_clip(n=30, audio="aac", audio_rate=rate, audio_streams=2, audio_start_s=start_s)
    target, _ = finished(probe(clip), tmp_path)
    ours, theirs = sound(target), sound(clip)
    assert len(theirs) == 2 and ours == theirs and len(ours[0]) > 40


@pytest.mark.parametrize("name", ["x.mkv", "x.ts"])
def test_sound_with_coarse_times_keeps_its_place(make_clip, tmp_path, name):
    clip = make_clip(name, n=50, audio="aac", time_base=Fraction(1, 25), audio_start_s=0.2)
    info = probe(clip)
    target, found = finished(info, tmp_path)
    [ours], [theirs] = sound(target), sound(clip)
    begins = min(found[0].at.seconds, theirs[0][0]) if name.endswith("ts") else 0
    assert seconds(target) == [f.at.seconds - begins for f in found]
    assert len(ours) == len(theirs) > 80
    apart = [a - b + begins for (a, _), (b, _) in zip(ours, theirs, strict=True)]
    assert all(abs(a) <= Fraction(1, 1000) for a in apart)
    gaps = {(b - a) for (a, _), (b, _) in itertools.pairwise(ours)}
    assert gaps == {Fraction(1024, 44100)}
    if (
        name == "x.mkv"
    ):  # MPEG-TS wraps each packet in a header of its own, which MP4 has no use for
        assert [d for _, d in ours] == [d for _, d in theirs]


@pytest.mark.parametrize("name", ["x.mkv", "x.avi", "x.mov"])
def test_sound_that_fits_no_mp4_is_refused_early(make_clip, name):
    codec = "mpeg4" if name == "x.avi" else "libx264"
    info = probe(make_clip(name, audio="pcm_u8", codec=codec))
    with pytest.raises(MediaError, match=r"pcm_u8.*write a \.mov"):
        check_sound(info, "mp4")
    check_sound(info, "mov")


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize("audio", ["pcm_s16le", "pcm_s24le", "pcm_f32le"])
@pytest.mark.parametrize("name", ["x.mkv", "x.avi", "x.mov"])
def test_uncompressed_sound_gets_one_answer_from_every_container(
    make_clip, tmp_path, name, audio, container
):
    codec = "mpeg4" if name == "x.avi" else "libx264"
    clip = make_clip(name, n=25, audio=audio, audio_rate=48000, codec=codec)
    target, _ = finished(probe(clip), tmp_path, container=container)
    with av.open(str(target)) as ours, av.open(str(clip)) as theirs:
        both = [b"".join(bytes(p) for p in c.demux(audio=0) if p.size) for c in (ours, theirs)]
        assert ours.streams.audio[0].codec_context.layout.name == "stereo"
    assert both[0] == both[1] and len(both[0]) > 150_000


@pytest.mark.parametrize(
    "audio,container",
    [
        ("pcm_s16le", "mov"),
        ("libmp3lame", "mp4"),
        ("flac", "mp4"),
        ("libopus", "mp4"),
        ("ac3", "mp4"),
    ],
)
def test_other_sound_is_copied(make_clip, tmp_path, audio, container):
    clip = make_clip("x.mkv", n=25, audio=audio, audio_rate=48000)
    info = probe(clip)
    check_sound(info, container)
    target, _ = finished(info, tmp_path, container=container)
    with av.open(str(target)) as ours, av.open(str(clip)) as theirs:
        bytes_of = [b"".join(bytes(p) for p in c.demux(audio=0) if p.size) for c in (ours, theirs)]
    assert bytes_of[0] == bytes_of[1] and bytes_of[0]


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (63, 48)])
def test_odd_sizes_come_out_as_they_went_in(make_clip, tmp_path, size):
    codec = {"pixel_format": "yuv444p"}
    info = probe(make_clip(size=size, n=6, **codec))
    assert (info.width, info.height) == size
    target, found = finished(info, tmp_path)
    out = probe(target)
    assert (out.width, out.height) == size
    again = list(frames(out))
    assert np.abs(found[3].pixels.astype(int) - again[3].pixels).mean() < 5


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_rotated_source_comes_out_upright_without_metadata(make_clip, tmp_path, turn):
    info = probe(make_clip(rotate=turn))
    target, found = finished(info, tmp_path)
    out = probe(target)
    assert out.orientation == 1 and (out.width, out.height) == (info.width, info.height)
    assert np.abs(next(frames(out)).pixels.astype(int) - found[0].pixels).mean() < 6


def test_pixel_aspect_is_kept(make_clip, tmp_path):
    info = probe(make_clip(options={"x264-params": "sar=16/11"}))
    assert info.sample_aspect == Fraction(16, 11)
    target, _ = finished(info, tmp_path)
    assert probe(target).sample_aspect == Fraction(16, 11)
    turned = probe(make_clip(options={"x264-params": "sar=16/11"}, rotate=90))
    assert turned.sample_aspect == Fraction(11, 16)


def test_same_frames_same_bytes(make_clip, tmp_path):
    info = probe(make_clip(n=10))
    found = list(frames(info))
    digests = set()
    for i in range(8):
        path = tmp_path / f"{i}.part"
        encode_segment(path, found, info)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_segments_with_other_settings_or_order_are_refused(make_clip, tmp_path):
    info = probe(make_clip(n=10))
    found = list(frames(info))
    first, second, other = (tmp_path / n for n in ("1.mp4", "2.mp4", "3.mp4"))
    encode_segment(first, found[:5], info)
    encode_segment(second, found[5:], info)
    encode_segment(other, found[5:], info, h264(info, 30, "ultrafast"))
    with pytest.raises(MediaError, match="do not follow"):
        join([second, first], tmp_path / "x", info)
    with pytest.raises(MediaError, match="other settings"):
        join([first, other], tmp_path / "x", info)
    with pytest.raises(MediaError, match="no such file"):
        join([first, tmp_path / "4.mp4"], tmp_path / "x", info)


def test_wrong_frames_are_refused(make_clip, tmp_path):
    info = probe(make_clip(n=2))
    bigger = list(frames(probe(make_clip("b.mp4", n=2, size=(80, 48)))))
    with pytest.raises(ValueRefused, match="64x48"):
        encode_segment(tmp_path / "x", bigger, info)
    with pytest.raises(ValueRefused, match="at least one"):
        encode_segment(tmp_path / "x", [], info)


def test_full_disk_is_an_error_of_the_system(make_clip, tmp_path):
    info = probe(make_clip(n=30, size=(160, 120)))
    found = list(frames(info))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError):
            encode_segment(tmp_path / "x", found, info)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
