"""Extraction from film to alignments file: followed against looked at frame by frame.

Run: .venv/bin/python benchmarks/extraction.py CLIP... [--repeats 3] [--more mtcnn:dlib68]

Each clip is extracted by the defaults and with --every-frame in turn, several times; the table
gives frames a second (median and range), CPU milliseconds a frame of the whole process, the share
of frames with the expected number of faces, tracks, persons, and the jitter of the landmarks
(second difference over time, RMS, as a share of the outer eye distance; with movement in it).
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from understudy.flow import Silent
from understudy.geometry import eye_distance
from understudy.plugin import default_registry
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.store.alignments import Alignments


def main() -> None:
    """Extract, time, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--faces", type=int, default=1, help="faces expected in every frame")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--more", nargs="*", default=[], help="detector:aligner pairs to try too")
    args = parser.parse_args()
    print(f"hardware: {platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print("| clip | way | frames/s | CPU-ms/frame | right faces | tracks | persons | jitter |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    ways = {
        "followed (defaults)": ExtractOptions(),
        "every frame": ExtractOptions(every_frame=True),
    }
    for pair in args.more:
        detector, _, aligner = pair.partition(":")
        ways[f"followed {pair}"] = ExtractOptions(detector=detector, aligner=aligner)
    for clip in args.clips:
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        facts = {}
        for _ in range(args.repeats):
            for name, options in ways.items():
                rate, cpu, facts[name] = once(clip, options, args.faces)
                results[name].append((rate, cpu))
        for name, runs in results.items():
            rates = [r for r, _ in runs]
            cpu = statistics.median(c for _, c in runs)
            spread = f"{statistics.median(rates):.1f} ({min(rates):.1f}-{max(rates):.1f})"
            print(f"| {clip.stem} | {name} | {spread} | {cpu:.1f} | {facts[name]} |", flush=True)


def once(clip: Path, options: ExtractOptions, faces: int) -> tuple[float, float, str]:
    """Frames a second, CPU-ms a frame, and what was found."""
    with tempfile.TemporaryDirectory() as name:
        inputs = ExtractInputs(clip, Path(name) / "faces", Path(name) / "x.alignments")
        started, cpu = time.perf_counter(), time.process_time()
        report = extract(inputs, options, default_registry(), Silent())
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        with Alignments.open(report.alignments) as store:
            rows = [found for _, found in store.by_frame()]
        right = sum(len(r) == faces for r in rows)
        points = {
            n: r[0].alignment.landmarks for n, r in enumerate(rows) if len(r) == 1 and faces == 1
        }
        return (
            report.frames / seconds,
            1e3 * cpu / report.frames,
            f"{right}/{report.frames} | {report.tracks} | {report.persons} | {jitter(points):.2%}",
        )


def jitter(points: dict[int, np.ndarray]) -> float:
    """RMS of the second differences of consecutive landmarks, as a share of the eye distance."""
    squares = [
        ((points[i - 1] - 2 * points[i] + points[i + 1]) / eye_distance(points[i])) ** 2
        for i in points
        if i - 1 in points and i + 1 in points
    ]
    return float(np.sqrt(np.mean(np.sum(squares, -1)))) if squares else float("nan")


if __name__ == "__main__":
    main()
