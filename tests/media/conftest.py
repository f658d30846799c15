"""Small clips made at run time, each with exactly the property under test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

MakeClip = Callable[..., Path]


def picture(index: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A frame that tells its number by its bar, and has texture for B-frames to differ."""
    rows, columns = np.mgrid[:height, :width]
    base = 90 + 60 * np.sin(rows / 5 + index / 3) + 40 * np.cos(columns / 7 - index / 4)
    rgb = np.stack([base, np.roll(base, 5, 1), np.roll(base, 9, 0)], -1).clip(0, 255)
    rgb[:, (index * 3) % width :][:, :4] = (230, 40, 40)
    return rgb.astype(np.uint8)


def tone(samples: int, rate: int, first: int = 0) -> np.ndarray:
    t = (first + np.arange(samples)) / rate
    return (0.3 * np.sin(2 * np.pi * (330 + 200 * t) * t)).astype(np.float32)[None]


def write_clip(
    path: Path,
    *,
    pts: Sequence[int],
    time_base: Fraction,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rate: Fraction = Fraction(25),
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    audio: str = "",
    audio_start_s: float = 0.0,
    audio_rate: int = 44100,
    audio_streams: int = 1,
    rotate: float | None = None,
    draw: Callable[[int], np.ndarray] | None = None,
    tags: dict[str, int] | None = None,
    matrix: int = 5,
    range_: int = 1,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a clip with PyAV alone, so that what is tested is not tested against itself."""
    options = dict(options or {})
    if codec == "libx264":  # its vector code alone is not repeatable on small frames
        given = [options["x264-params"]] if "x264-params" in options else []
        options["x264-params"] = ":".join([*given, "cpu-independent=1"])
    draw = draw or (lambda i: picture(i, *size))
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        container.metadata.update(metadata or {})
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        stream.codec_context.time_base = time_base
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if rotate is not None:
            stream.set_display_rotation(rotate)
        sounds = [
            container.add_stream(audio, rate=audio_rate)
            for _ in range(audio_streams if audio else 0)
        ]
        packets = []
        for i, at in enumerate(pts):
            pixels = draw(i)
            rgb = "rgb24" if pixels.dtype == np.uint8 else "rgb48le"
            frame = av.VideoFrame.from_ndarray(pixels, rgb).reformat(
                format=pixel_format,
                src_colorspace=matrix,
                dst_colorspace=matrix,
                src_color_range=2,
                dst_color_range=range_,
                interpolation=0x4 | 0x2000 | 0x4000 | 0x40000,
            )
            frame.pts, frame.time_base = at, time_base
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for sound in sounds:
            packets += _sound(sound, float(len(pts) / rate), audio_start_s)
        packets.sort(key=lambda p: (p.dts or 0) * p.time_base)
        container.mux(packets)
    return path


def _sound(stream: Any, seconds: float, start_s: float) -> list[Any]:
    context = stream.codec_context
    rate = context.sample_rate
    fit = av.AudioResampler(context.format.name, "stereo", rate)
    packets: list[Any] = []
    for first in range(0, int(seconds * rate), 1024):
        wave = np.repeat(tone(1024, rate, first), 2, 0)
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = rate, first + round(start_s * rate)
        frame.time_base = Fraction(1, rate)
        for fitting in fit.resample(frame):
            packets += stream.encode(fitting)
    return packets + stream.encode(None)


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    def make(name: str = "clip.mp4", n: int = 12, **kwargs: Any) -> Path:
        kwargs.setdefault("time_base", Fraction(1, 25))
        kwargs.setdefault("pts", range(n))
        return write_clip(tmp_path / name, **kwargs)

    return make
