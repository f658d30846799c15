"""Ordinary video files from rendered frames, with sound, for demos and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.store.atomic import commit_path

_RATE_HZ = 44100


def write_clip(
    path: Path, frames: Iterable[NDArray[Any]], fps: Fraction, *, crf: int = 14, sound: bool = True
) -> Path:
    """Write frames as a clip, see `clip_writer`."""
    frames = iter(frames)
    first = next(frames)
    height, width = first.shape[:2]
    with clip_writer(path, (width, height), fps, crf=crf, sound=sound) as add:
        for pixels in chain([first], frames):
            add(pixels)
    return path


@contextmanager
def clip_writer(
    path: Path, size: tuple[int, int], fps: Fraction, *, crf: int = 14, sound: bool = True
) -> Iterator[Callable[[NDArray[Any]], None]]:
    """Write H.264 (BT.709, tagged) with an AAC track that rises and falls like speech.

    Args:
        path: a `.mp4` or `.mov`; it has its name only when it is complete.
        size: even width and height in pixels.
        fps: frames a second; frame i has pts i in units of 1/fps.
        crf: x264's quality.
        sound: whether there is a sound track, as long as the pictures.

    Yields:
        A function that adds a (h, w, 3) uint8 RGB frame.
    """
    import av

    with (
        commit_path(path) as part,
        av.open(str(part), "w", format=path.suffix.lstrip(".")) as container,
    ):
        options = {"crf": str(crf), "preset": "veryfast"}
        video: Any = container.add_stream("libx264", rate=fps, options=options)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        context = video.codec_context
        context.time_base = 1 / fps
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.color_range = 1
        audio: Any = container.add_stream("aac", rate=_RATE_HZ, layout="mono") if sound else None
        count = 0

        def add(pixels: NDArray[Any]) -> None:
            nonlocal count
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format="yuv420p",
                src_colorspace=1,
                dst_colorspace=1,
                src_color_range=2,
                dst_color_range=1,
            )
            picture.pts, picture.time_base = count, 1 / fps
            count += 1
            container.mux(video.encode(picture))

        yield add
        container.mux(video.encode(None))
        if audio is not None:
            for block in _murmur(float(count / fps)):
                container.mux(audio.encode(block))
            container.mux(audio.encode(None))


def _murmur(seconds: float) -> Iterator[Any]:
    """A hum whose loudness and pitch vary in syllables; cut into frames of 1024 samples."""
    import av

    t = np.arange(int(seconds * _RATE_HZ)) / _RATE_HZ
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.6 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / _RATE_HZ
    loud = np.clip(np.sin(2 * np.pi * 2.3 * t) + 0.4 * np.sin(2 * np.pi * 0.7 * t), 0, None)
    wave = sum(np.sin(phase * k) / k for k in range(1, 6))
    samples = (0.08 * loud * wave).astype(np.float32)
    for start in range(0, len(samples), 1024):
        block = av.AudioFrame.from_ndarray(
            samples[None, start : start + 1024], format="fltp", layout="mono"
        )
        block.sample_rate = _RATE_HZ
        block.pts = start
        yield block
