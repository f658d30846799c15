"""Which way of shrinking a crop is nearer to the truth, and what does each cost?

    PYTHONPATH=src python benchmarks/resampling.py [--repeats 7]

Cuts a 256 px crop, turned by a fifth of a right angle, out of a frame of fine texture. The truth is
the mean of 24 x 24 cubic samples a pixel. Compared are `imaging.resample` (a finer grid is sampled
and its mean taken), the whole frame shrunk by a whole number first and then sampled (as
Understudy did until this was written), and sampling at the pixels' centres alone.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Space, Warp
from understudy.imaging.resample import crop_image, warp_image

CROP = 256
TRUTH = 24


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{os.cpu_count()} cores, one used, load average {os.getloadavg()[0]:.1f}")
    print("frame      scale  finer grid        frame first       centres alone")
    for width, height in ((1920, 1080), (3840, 2160)):
        frame = textured(width, height)
        for scale in (0.6, 0.45, 0.3, 0.2, 0.12):
            if CROP / scale > height * 1.2:
                continue
            warp = crop_warp(frame, scale)
            truth = true_crop(frame, warp)
            ways: list[Callable[[], NDArray[Any]]] = [
                lambda f=frame, w=warp: crop_image(f, w),
                lambda f=frame, w=warp: frame_first(f, w),
                lambda f=frame, w=warp: warp_image(f, w, "cubic", "edge", antialias=False),
            ]
            cells = [f"{psnr(way(), truth):5.1f} dB {cost_ms(way, options)}" for way in ways]
            print(f"{width}x{height}  {scale:4.2f}  {'  '.join(cells)}")


def textured(width: int, height: int) -> NDArray[np.uint8]:
    """Noise of all frequencies up to the finest, falling off as in photographs."""
    rng = np.random.default_rng(7)
    picture = np.zeros((height, width, 3), np.float32)
    for octave in range(7):
        small = rng.normal(0, 1, (height >> octave, width >> octave, 3)).astype(np.float32)
        picture += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) * (
            8 + 4 * octave
        )
    return np.clip(np.rint(picture + 128), 0, 255).astype(np.uint8)


def crop_warp(frame: NDArray[Any], scale: float) -> Warp:
    """The middle of the frame, turned by 18 degrees."""
    height, width = frame.shape[:2]
    c, s = np.cos(np.pi / 10) * scale, np.sin(np.pi / 10) * scale
    linear = np.array([[c, s], [-s, c]])
    shift = CROP / 2 - linear @ (width / 2, height / 2)
    return Warp(
        np.column_stack([linear, shift]), Space("frame", width, height), Space("crop", CROP, CROP)
    )


def true_crop(frame: NDArray[Any], warp: Warp) -> NDArray[np.float64]:
    """The mean of many cubic samples of each pixel."""
    side = CROP * TRUTH
    fine = Warp(
        np.diag([TRUTH, TRUTH, 1.0]) @ warp.matrix, warp.src, Space("fine", side, side)
    ).index_matrix[:2]
    found = cv2.warpAffine(
        frame.astype(np.float32),
        fine,
        (side, side),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.resize(found, (CROP, CROP), interpolation=cv2.INTER_AREA).astype(np.float64)


def frame_first(frame: NDArray[Any], warp: Warp) -> NDArray[Any]:
    """The frame shrunk by a whole number, then sampled."""
    if warp.scale >= 1 / 1.5:
        return warp_image(frame, warp, "cubic", "edge", antialias=False)
    by = int(np.ceil(1 / warp.scale))
    size = (round(frame.shape[1] / by), round(frame.shape[0] / by))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    from_small = np.diag([frame.shape[1] / size[0], frame.shape[0] / size[1], 1.0])
    rest = Warp(warp.matrix @ from_small, Space("small", *size), warp.dst)
    return warp_image(small, rest, "cubic", "edge", antialias=False)


def psnr(found: NDArray[Any], truth: NDArray[np.float64]) -> float:
    """In dB of 255."""
    return float(10 * np.log10(255**2 / ((found - truth) ** 2).mean()))


def cost_ms(way: Callable[[], object], options: argparse.Namespace) -> str:
    """CPU time, median of the repeats."""
    times = []
    for _ in range(options.repeats):
        start = time.process_time()
        way()
        times.append(1000 * (time.process_time() - start))
    return f"{median(times):5.1f} ms"


if __name__ == "__main__":
    main()
