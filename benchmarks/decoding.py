"""What does a frame cost before anything looks at it?

    PYTHONPATH=src python benchmarks/decoding.py FILM [--frames 120] [--repeats 5]

Prints CPU-milliseconds a frame, median and range over the repeats: decoding alone; conversion to
RGB by planes as `media.colour` does it, and packed as swscale does it by itself; tone mapping of
the same pictures as if they were PQ and HLG; and `media.frames` as a whole.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import av
import cv2
import numpy as np

from understudy.media import frames, probe
from understudy.media.colour.rgb import ToRgb
from understudy.media.colour.tonemap import ToneMap


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    info, count = probe(options.film), options.frames
    with av.open(str(options.film)) as container:
        pictures = list(islice(container.decode(video=0), min(count, 30)))
    by_planes, packed = ToRgb(info), ToRgb(info)
    packed._format = "rgb24"
    pq, hlg = ToneMap("pq", 9), ToneMap("hlg", 9)
    deep = [by_planes(p).astype(np.uint16) * 257 for p in pictures[:8]]
    jobs: dict[str, tuple[int, Callable[[], object]]] = {
        "decode": (count, lambda: _decode(options.film, count)),
        "to RGB by planes": (len(pictures), lambda: _each(by_planes, pictures)),
        "to RGB packed": (len(pictures), lambda: _each(packed, pictures)),
        "tone map PQ": (len(deep), lambda: _each(lambda p: pq(p, np.uint8), deep)),
        "tone map HLG": (len(deep), lambda: _each(lambda p: hlg(p, np.uint8), deep)),
        "frames()": (count, lambda: sum(1 for _ in islice(frames(info), count))),
    }
    print(
        f"{info.coded_width}x{info.coded_height} {info.codec}, {os.cpu_count()} cores, "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    for name, (n, job) in jobs.items():
        times = sorted(_cpu_ms(job) / n for _ in range(options.repeats))
        print(f"{name:18} {median(times):6.2f} ms  ({times[0]:.2f} to {times[-1]:.2f})")


def _decode(film: Path, count: int) -> int:
    with av.open(str(film)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in islice(container.decode(video=0), count))


def _each(job: Callable[[Any], object], pictures: Sequence[object]) -> None:
    for picture in pictures:  # results are let go, as a pipeline does
        job(picture)


def _cpu_ms(job: Callable[[], object]) -> float:
    start = time.process_time()
    job()
    return (time.process_time() - start) * 1e3


if __name__ == "__main__":
    main()
