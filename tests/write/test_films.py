"""What each writer of films makes, as readers that are not ours see it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from understudy.errors import MediaError, ValueRefused
from understudy.media import FilmReader, frames, probe
from understudy.plugin import default_registry
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.output import check_ending, chosen_writer, writer_for
from understudy.write.options import Ffv1Options, H265Options, ProResOptions

SIZE_WH = (320, 180)
WRITERS = ("h264", "h265", "av1", "prores", "dnxhr", "ffv1")
KINDS = {  # writer, ending -> codec, pixel format of an 8-bit source, of a 10-bit one
    ("h264", ".mp4"): ("h264", "yuv420p", "yuv420p"),
    ("h264", ".mkv"): ("h264", "yuv420p", "yuv420p"),
    ("h265", ".mp4"): ("hevc", "yuv420p", "yuv420p10le"),
    ("h265", ".mov"): ("hevc", "yuv420p", "yuv420p10le"),
    ("h265", ".mkv"): ("hevc", "yuv420p", "yuv420p10le"),
    ("av1", ".mp4"): ("av1", "yuv420p", "yuv420p10le"),
    ("av1", ".webm"): ("av1", "yuv420p", "yuv420p10le"),
    ("prores", ".mov"): ("prores", "yuv422p10le", "yuv422p10le"),
    ("dnxhr", ".mov"): ("dnxhd", "yuv422p", "yuv422p10le"),
    ("ffv1", ".mkv"): ("ffv1", "bgr0", "gbrp16le"),
}


def picture(number: int) -> np.ndarray:
    """16 bits of slopes that 8 bits cannot hold, and a bar that moves."""
    width, height = SIZE_WH
    rows, columns = np.mgrid[:height, :width]
    planes = [20000 + 40 * columns, 30000 + 30 * rows, 25000 + 20 * (rows + columns)]
    rgb = np.stack(planes, -1)
    rgb[:, 20 * number : 20 * number + 12] = (50000, 20000, 12000)
    return rgb.astype(np.uint16)


def write_source(
    path: Path,
    deep: bool = False,
    pts: Sequence[int] = (0, 24, 49, 73, 100, 120, 143),
    sound: str = "aac",
) -> Path:
    """BT.709 of uneven times with sound."""
    base = Fraction(1, 600)
    with av.open(str(path), "w", container_options={"video_track_timescale": "600"}) as film:
        video: Any = film.add_stream("libx264", rate=25, options={"crf": "4", "threads": "1"})
        video.width, video.height = SIZE_WH
        video.pix_fmt = "yuv420p10le" if deep else "yuv420p"
        context = video.codec_context
        context.time_base = base
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.color_range = 1
        heard: Any = film.add_stream(sound, rate=48000) if sound else None
        packets = []
        for number, at in enumerate(pts):
            frame = av.VideoFrame.from_ndarray(picture(number), "rgb48le").reformat(
                format=video.pix_fmt, dst_colorspace=1, src_color_range=2, dst_color_range=1
            )
            frame.pts, frame.time_base = at, base
            packets += video.encode(frame)
        packets += video.encode(None)
        if heard:
            fit = av.AudioResampler(heard.codec_context.format.name, "stereo", 48000)
            for first in range(0, 12000, 1024):
                wave = np.sin(np.arange(first, first + 1024) / 20).astype(np.float32)
                tone = av.AudioFrame.from_ndarray(np.stack([wave, wave]), "fltp", "stereo")
                tone.sample_rate, tone.pts, tone.time_base = 48000, first, Fraction(1, 48000)
                for part in fit.resample(tone):
                    packets += heard.encode(part)
            packets += heard.encode(None)
        film.mux(sorted(packets, key=lambda p: (p.dts or 0) * p.time_base))
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sources")
    return {
        "8": write_source(folder / "8.mp4"),
        "10": write_source(folder / "10.mp4", deep=True),
        "opus": write_source(folder / "opus.mp4", sound="libopus"),
        "silent": write_source(folder / "silent.mp4", sound=""),
    }


def made(source: Path, folder: Path, name: str, ending: str, **options: Any) -> Path:
    """The whole way, in segments of three frames."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = ConvertOptions(writer=name, write={name: options})
    info = probe(source)
    output = folder / f"out{ending}"
    writer = writer_for(default_registry(), info, output, chosen)
    found = list(FilmReader(info, "native" if writer.bits > 8 else "8").frames())
    for n, first in enumerate(range(0, len(found), 3)):
        writer.write_segment(folder, n, found[first : first + 3])
    writer.finish(folder, -(-len(found) // 3), output)
    return output


def source_of(films: dict[str, Path], ending: str, deep: bool = False) -> Path:
    return films["opus" if ending == ".webm" else "10" if deep else "8"]


@pytest.mark.parametrize("name,ending", KINDS)
def test_each_writer_stores_what_it_says(films, tmp_path, name, ending):
    source = source_of(films, ending)
    path = made(source, tmp_path, name, ending)
    want = list(frames(probe(source)))
    with av.open(str(path)) as film:
        assert len(film.streams.audio) == 1
        video = film.streams.video[0]
        assert (video.width, video.height) == SIZE_WH
        codec = video.codec_context.codec.name.replace("libdav1d", "av1")
        assert (codec, video.pix_fmt) == KINDS[name, ending][:2]
        pictures = list(film.decode(video=0))
    assert len(pictures) == len(want)
    coarse = Fraction(1, 1000) if ending in (".mkv", ".webm") else 0
    for got, frame in zip(pictures, want, strict=True):
        assert abs(got.pts * got.time_base - frame.at.seconds) <= coarse
        rgb = got.reformat(format="rgb24", src_colorspace=1).to_ndarray()
        assert np.abs(rgb.astype(int) - frame.pixels).mean() < 4


def priorities() -> set[int]:
    """Of all threads of this process."""
    return {os.sched_getscheduler(int(p.name)) for p in Path("/proc/self/task").iterdir()}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these priorities")
@pytest.mark.parametrize("name", WRITERS)
def test_no_encoder_changes_the_priority_of_the_process(films, tmp_path, name):
    """SVT-AV1 as root made the process a real-time one, and all else on the machine stood still."""
    source = source_of(films, ".mp4")
    chosen = ConvertOptions(writer=name)
    ending = next(ending for writer, ending in KINDS if writer == name)
    writer = writer_for(default_registry(), probe(source), tmp_path / f"out{ending}", chosen)
    before, seen = priorities(), []

    def watched():
        for frame in frames(probe(source)):
            seen.append(priorities())
            yield frame

    writer.write_segment(tmp_path, 0, watched())
    assert len(seen) == 7 and all(found == before for found in [*seen, priorities()])


@pytest.mark.parametrize("name,ending", [k for k in KINDS if k[1] != ".webm"])
def test_ten_bits_stay_ten_where_the_writer_can(films, tmp_path, name, ending):
    path = made(films["10"], tmp_path, name, ending)
    out = probe(path)
    assert out.pixel_format == KINDS[name, ending][2]
    steps = len(np.unique(next(frames(out, depth="native")).pixels[:, 250:, 0]))
    # the slope there has 70 columns: 11 levels of 8 bits, 44 of 10
    assert steps > 30 if out.bits >= 10 else steps < 20
    writer = writer_for(
        default_registry(), probe(films["10"]), tmp_path / f"x{ending}", ConvertOptions(writer=name)
    )
    said = "; ".join(writer.not_kept)
    assert ("10 bits a sample become 8" in said) == (out.bits < 10)
    assert ("milliseconds" in said or "ms" in said) == (ending == ".mkv")


@pytest.mark.parametrize("name,ending", [k for k in KINDS if k[0] != "ffv1"])
def test_colour_is_said(films, tmp_path, name, ending):
    out = probe(made(source_of(films, ending), tmp_path, name, ending))
    colour = out.colour
    assert (colour.primaries, colour.transfer, colour.matrix, colour.range) == (1, 1, 1, "limited")


def test_ffv1_is_without_loss(films, tmp_path):
    for source, depth in ((films["8"], "8"), (films["10"], "native")):
        path = made(source, tmp_path / depth, "ffv1", ".mkv")
        for got, want in zip(
            frames(probe(path), depth=depth), frames(probe(source), depth=depth), strict=True
        ):
            assert np.array_equal(got.pixels, want.pixels)


@pytest.mark.parametrize("name,ending", KINDS)
def test_the_same_frames_give_the_same_bytes(films, tmp_path, name, ending):
    source = source_of(films, ending, deep=True)
    a, b = (made(source, tmp_path / run, name, ending) for run in "ab")
    assert a.read_bytes() == b.read_bytes() and a.stat().st_size > 1000
    for one, two in zip(
        sorted((tmp_path / "a").iterdir()), sorted((tmp_path / "b").iterdir()), strict=True
    ):
        assert one.read_bytes() == two.read_bytes()


def test_options_reach_the_encoder(films, tmp_path):
    fine = made(films["8"], tmp_path / "fine", "h265", ".mp4", crf=4)
    coarse = made(films["8"], tmp_path / "coarse", "h265", ".mp4", crf=40)
    assert fine.stat().st_size > 2 * coarse.stat().st_size
    cases: list[tuple[str, str, dict[str, Any], str]] = [
        ("h265", ".mp4", {"bits": "10", "chroma": "422"}, "yuv422p10le"),
        ("h265", ".mp4", {"bits": "8", "chroma": "444"}, "yuv444p"),
        ("av1", ".mkv", {"bits": "10", "preset": "ultrafast"}, "yuv420p10le"),
        ("prores", ".mov", {"profile": "4444"}, "yuv444p10le"),
        ("dnxhr", ".mov", {"grade": "444"}, "yuv444p10le"),
        ("ffv1", ".mkv", {"rgb_bits": "16"}, "gbrp16le"),
    ]
    for n, (name, ending, options, pixel_format) in enumerate(cases):
        path = made(films["8"], tmp_path / str(n), name, ending, **options)
        assert probe(path).pixel_format == pixel_format
    with pytest.raises(ValueRefused, match="chroma"):
        H265Options(chroma="411")
    with pytest.raises(ValueRefused, match="profile"):
        ProResOptions(profile="8888")
    with pytest.raises(ValueRefused, match="rgb_bits"):
        Ffv1Options(rgb_bits="9")


def test_apple_and_resolve_know_h265_and_prores_by_their_names(films, tmp_path):
    for name, ending, tag in (("h265", ".mp4", b"hvc1"), ("prores", ".mov", b"apch")):
        assert tag in made(films["8"], tmp_path / name, name, ending).read_bytes()


def test_the_ending_chooses_the_writer(films):
    registry = default_registry()

    def by(output: str, writer: str = "auto") -> str:
        return chosen_writer(registry, Path(output), ConvertOptions(writer=writer)).name

    assert [by(f"o{e}") for e in (".mp4", ".MOV", ".mkv", ".webm", "")] == [
        "h264",
        "h264",
        "h264",
        "av1",
        "png",
    ]
    assert by("o.mkv", "ffv1") == "ffv1"
    with pytest.raises(ValueRefused, match=r"prores makes \.mov"):
        by("o.mp4", "prores")
    with pytest.raises(ValueRefused, match=r"o\.avi: expected a name ending in .*\.mkv"):
        check_ending(registry, Path("o.avi"))


def test_what_does_not_fit_is_refused_before_the_work(films, tmp_path):
    registry = default_registry()
    with pytest.raises(MediaError, match=r"aac.*cannot be copied into \.webm.*Opus"):
        writer_for(registry, probe(films["8"]), tmp_path / "o.webm", ConvertOptions())
    from understudy.imaging.png import encode_png

    (tmp_path / "small").mkdir()
    (tmp_path / "small/1.png").write_bytes(encode_png(np.zeros((100, 200, 3), np.uint8)))
    info = probe(tmp_path / "small")
    with pytest.raises(MediaError, match="200x100 px, and DNxHR begins at 256x120"):
        writer_for(registry, info, tmp_path / "o.mov", ConvertOptions(writer="dnxhr"))


def test_finer_colour_of_the_source_is_said_to_be_lost(films, tmp_path):
    prores = made(films["10"], tmp_path, "prores", ".mov", profile="4444")
    info = probe(prores)
    writer = writer_for(default_registry(), info, tmp_path / "x.mp4", ConvertOptions())
    assert writer.not_kept == (
        "10 bits a sample become 8",
        "colour is stored 4:2:0 instead of 4:4:4",
    )


Read = Callable[[Path], dict[str, Any]]


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
@pytest.mark.parametrize("name,ending", KINDS)
def test_ffprobe_reads_every_film(films, tmp_path, name, ending):
    path = made(source_of(films, ending), tmp_path, name, ending)
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(path)],
        check=True,
        capture_output=True,
    )
    assert not told.stderr
    video = next(s for s in json.loads(told.stdout)["streams"] if s["codec_type"] == "video")
    assert (video["codec_name"], video["pix_fmt"]) == KINDS[name, ending][:2]
    assert (video["width"], video["height"]) == SIZE_WH


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PQ that says which screen it was graded on."""
    path = tmp_path_factory.mktemp("hdr") / "pq.mp4"
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    params = f"log-level=error:pools=1:master-display={display}:max-cll=1000,400"
    options = {"preset": "ultrafast", "x265-params": params}
    with av.open(str(path), "w") as film:
        video: Any = film.add_stream("libx265", rate=25, options=options)
        video.width, video.height = SIZE_WH
        video.pix_fmt = "yuv420p10le"
        context = video.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, 16, 9
        context.color_range = 1
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(picture(number), "rgb48le").reformat(
                format=video.pix_fmt, dst_colorspace=9, src_color_range=2, dst_color_range=1
            )
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
    return path


@pytest.mark.parametrize(
    "name,ending,screen",
    [
        ("h265", ".mp4", True),
        ("h265", ".mkv", True),
        ("av1", ".mp4", True),
        ("prores", ".mov", True),
        ("ffv1", ".mkv", False),
    ],
)
def test_hdr_keeps_its_tags_and_screen(graded, tmp_path, name, ending, screen):
    before, after = probe(graded), probe(made(graded, tmp_path, name, ending))
    assert before.mastering is not None
    assert before.mastering.levels == (1000, 400)
    assert after.colour.transfer == 16
    assert after.colour.primaries == 9
    assert after.bits >= 10
    assert after.mastering == (before.mastering if screen else None)
    info, options = probe(graded), ConvertOptions(writer=name)
    said = writer_for(default_registry(), info, tmp_path / f"x{ending}", options).not_kept
    assert any("graded" in words for words in said) != screen


def test_hdr_is_written_in_ten_bits_or_refused(graded, tmp_path):
    def writer(output: str, name: str = "auto") -> Any:
        options = ConvertOptions(writer=name)
        return writer_for(
            default_registry(), probe(graded), tmp_path / output, options, curve="HDR"
        )

    assert chosen_writer(default_registry(), tmp_path / "a.mp4", ConvertOptions()).name == "h264"
    assert [writer(f"a{e}").bits for e in (".mp4", ".mov", ".mkv", ".webm", "")] == [10] * 4 + [16]
    for output, name in (("a.mp4", "h264"), ("a.gif", "auto"), ("a.webp", "auto")):
        with pytest.raises(ValueRefused, match=r"is HDR, and .* stores 8 bits"):
            writer(output, name)
