"""Sources whose times are not as in a film school: below zero, wrapping, jumping, tracks apart.

What a player sees of source and output is read here with PyAV alone, so that nothing is tested
against itself.
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from understudy.errors import MediaError
from understudy.media import ReadReport, encode_segment, frames, join, probe

WRAP_S = Fraction(2**33, 90000)
"""Where the clock of MPEG's streams begins anew."""


def played(path):
    """Times in seconds of the pictures a player shows, and of the sound packets it plays."""
    with av.open(str(path)) as container:
        pictures = [f.pts * f.time_base for f in container.decode(video=0)]
    tracks = []
    with av.open(str(path)) as container:
        n_tracks = len(container.streams.audio)
    for number in range(n_tracks):
        with av.open(str(path)) as container:
            stream = container.streams.audio[number]
            at = [p.pts * p.time_base for p in container.demux(stream) if p.size and _heard(p)]
            tracks.append(at)
    return pictures, tracks


def _heard(packet):
    return not packet.is_discard


def converted(clip, folder, segment=5, container="mp4"):
    """The whole way: read, encode in segments, join."""
    info = probe(clip)
    found = list(frames(info))
    paths = []
    for n in range(0, len(found), segment):
        paths.append(folder / f"seg_{n:03d}.part")
        encode_segment(paths[-1], found[n : n + segment], info)
    target = folder / f"out.{container}.part"
    assert join(paths, target, info, container) == len(found)
    return target


def same_but_for(shift, source, output, tolerance=Fraction(1, 20000)):
    """Pictures and sound of two films, all moved by one number of seconds."""
    for theirs, ours in zip([source[0], *source[1]], [output[0], *output[1]], strict=True):
        assert len(ours) == len(theirs) > 0
        assert max(abs(a - b - shift) for a, b in zip(ours, theirs, strict=True)) <= tolerance


@pytest.mark.parametrize("lead_s", ["0.3", "3.7"])
@pytest.mark.parametrize("audio", ["", "aac"])
@pytest.mark.parametrize("segment", [5, 100])
def test_a_recording_that_begins_before_its_clock_wraps(
    make_clip, tmp_path, lead_s, audio, segment
):
    offset = str(float(WRAP_S - Fraction(lead_s) - Fraction("0.08")))
    clip = make_clip("w.ts", audio=audio, container_options={"output_ts_offset": offset})
    source = played(clip)
    assert source[0][0] < 0, "the reader of MPEG-TS no longer gives times below zero"
    output = played(converted(clip, tmp_path, segment))
    first = min(at[0] for at in (source[0], *source[1]))
    same_but_for(-first, source, output)
    assert {b - a for a, b in itertools.pairwise(output[0])} == {Fraction(1, 25)}


def test_a_clock_that_wraps_on_the_way(make_clip, tmp_path):
    offset = str(float(WRAP_S - 70))
    clip = make_clip(
        "w.ts", n=75, rate=Fraction(1), time_base=Fraction(1),
        container_options={"output_ts_offset": offset},
    )  # fmt: skip
    output, _ = played(converted(clip, tmp_path, 40))
    assert output == list(range(75)), "a transport stream's clock begins anywhere, a film at zero"


@pytest.mark.parametrize("start_s", [-0.3, 0.3, 2.0])
@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.ts", "x.mov"])
def test_sound_that_begins_before_or_after_the_picture(make_clip, tmp_path, name, start_s):
    clip = make_clip(name, n=60, audio="aac", audio_start_s=start_s, audio_streams=2)
    source = played(clip)
    output = played(converted(clip, tmp_path, 25))
    first = min(at[0] for at in (source[0], *source[1])) if name.endswith("ts") else 0
    same_but_for(-first, source, output, Fraction(1, 1000))


def test_pictures_below_zero_in_an_mp4(make_clip, tmp_path):
    """Without an edit list, composition offsets below zero show pictures before zero."""
    plain = make_clip("plain.mp4", audio="aac")
    data = bytearray(plain.read_bytes())
    at = data.index(b"ctts")
    version, count = struct.unpack_from(">II", data, at + 4)
    assert version == 0
    struct.pack_into(">I", data, at + 4, 1 << 24)
    for entry in range(count):
        place = at + 12 + 8 * entry + 4
        (offset,) = struct.unpack_from(">I", data, place)
        struct.pack_into(">i", data, place, offset - 4096)
    data = data.replace(b"edts", b"free")
    clip = plain.with_name("below.mp4")
    clip.write_bytes(data)
    source = played(clip)
    assert source[0][0] < 0
    output = played(converted(clip, tmp_path))
    same_but_for(-source[0][0], source, output, Fraction(1, 1000))


def test_a_trimmed_clip_keeps_what_its_edit_list_shows(make_clip, tmp_path):
    """A phone trims a clip by its edit list and leaves the rest in the file."""
    clip = make_clip("whole.mp4", n=50, audio="aac", options={"g": "5"})
    data = bytearray(clip.read_bytes())
    for at, rate in zip(_places(data, b"elst"), (12800, 44100), strict=True):
        (began,) = struct.unpack_from(">i", data, at + 16)
        struct.pack_into(">Ii", data, at + 12, 1000, began + rate * 2 // 5)
    clip.write_bytes(data)
    source = played(clip)
    assert len(source[0]) == 25 and source[0][0] == 0
    same_but_for(0, source, played(converted(clip, tmp_path)), Fraction(1, 1000))


def _places(data, name):
    at = -1
    while (at := data.find(name, at + 1)) >= 0:
        yield at


@pytest.mark.parametrize("first_s,second_s", [(50, 10), (1000, 10), (10, 10)])
@pytest.mark.parametrize("name", ["x.ts", "x.mpg"])
def test_sound_goes_along_where_the_clock_jumps(make_clip, tmp_path, name, first_s, second_s):
    """Two recordings in one file; where the clock falls far, FFmpeg takes it for a wrap."""
    kinds = {"codec": "mpeg2video", "audio": "mp2", "audio_start_s": 0.2}
    parts = [
        make_clip(f"{n}{name}", n=40, container_options={"output_ts_offset": str(s)}, **kinds)
        for n, s in enumerate((first_s, second_s))
    ]
    clip = tmp_path / name
    clip.write_bytes(b"".join(p.read_bytes() for p in parts))
    report = ReadReport()
    found = [f.at.seconds for f in frames(probe(clip), report=report)]
    assert found[-1] - found[0] < 4 and len(report.jumps) == 1
    pictures, [sound] = played(converted(clip, tmp_path, 30))
    assert [p - pictures[0] for p in pictures] == [f - found[0] for f in found]
    before, [heard] = played(parts[0])
    after, [heard_too] = played(parts[1])
    assert len(sound) == len(heard) + len(heard_too)
    lead = [pictures.index(found[len(before)] - found[0] + pictures[0]), len(heard)]
    gaps = (heard[0] - before[0], heard_too[0] - after[0])
    ours = (sound[0] - pictures[0], sound[lead[1]] - pictures[lead[0]])
    assert max(abs(a - b) for a, b in zip(gaps, ours, strict=True)) < Fraction(1, 1000)


def test_a_segment_that_lost_its_times_is_refused(make_clip, tmp_path):
    """The check looks at the source's times, not at what the file happens to hold."""
    clip = make_clip("w.ts", container_options={"output_ts_offset": str(float(WRAP_S - 1))})
    info = probe(clip)
    assert info.first_pts < 0
    unaware = replace(info, first_pts=0)  # so that an edit list hides what lies before zero
    with pytest.raises(MediaError, match="12 frames were written"):
        encode_segment(tmp_path / "x", list(frames(info)), unaware)
