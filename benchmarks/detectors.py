"""Speed of every face detector at 1280 x 720, and what each finds in films and pictures given.

Run: .venv/bin/python benchmarks/detectors.py [--only mediapipe,yunet] [--draw folder] [files ...]

Without files only the speed is measured, on a synthetic clip. A file may be followed by the
number of faces in it, as in `film.mp4=2`; 1 where nothing is said. One thread; the detectors take
turns, so that noise of the machine falls on all alike. The table gives median and spread (10th to
90th percentile); for the files, frames with the right number of faces, out of 20 spread evenly
over each film, and how many faces too many.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch

from understudy.actors import ACTORS, Performance, render
from understudy.errors import WeightsError
from understudy.options import fields_of
from understudy.plugin import default_registry

SAMPLES = 20


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--only", default="", help="detectors, separated by commas")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--max-detection-px", type=int, default=640)
    parser.add_argument("--min-face-px", type=int, default=40)
    parser.add_argument("--draw", type=Path, help="folder for a picture of each file")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    print(f"hardware: {processor()}, one thread; torch {torch.__version__}")
    options = {"max_detection_px": args.max_detection_px, "min_face_px": args.min_face_px}
    detectors = dict(built([n for n in args.only.split(",") if n], options))
    speed(detectors, args.repeats)
    for name in args.files:
        path, _, faces = name.partition("=")
        found(detectors, Path(path), int(faces or 1), args.draw)


def built(only: list[str], options: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every detector whose weights are here; the others are named."""
    for plugin in default_registry().of_kind("detect"):
        if plugin.name == "file" or (only and plugin.name not in only):
            continue
        try:
            known = {f.name for f in fields_of(plugin.load_options())}
            yield plugin.name, plugin.build({k: v for k, v in options.items() if k in known})
        except WeightsError as error:
            print(f"{plugin.name}: left out, {error}")


def speed(detectors: dict[str, Any], repeats: int) -> None:
    """Milliseconds a frame."""
    performance = Performance(seed=1, n_frames=4, fps=Fraction(25))
    frames = [render(ACTORS["actor_a"], performance, i, (1280, 720)).pixels for i in range(4)]
    times: dict[str, list[float]] = {name: [] for name in detectors}
    for detector in detectors.values():
        detector.detect(frames[:1])
    for i in range(repeats):
        for name, detector in detectors.items():
            start = time.perf_counter()
            detector.detect([frames[i % len(frames)]])
            times[name].append(1000 * (time.perf_counter() - start))
    print(f"\nload {os.getloadavg()[0]:.1f}")
    print(f"{'1280 x 720':14} {'median ms':>10} {'p10':>8} {'p90':>8}")
    for name, values in times.items():
        low, middle, high = np.percentile(values, [10, 50, 90])
        print(f"{name:14} {middle:10.1f} {low:8.1f} {high:8.1f}")


def found(detectors: dict[str, Any], path: Path, n_faces: int, folder: Path | None) -> None:
    """Frames with the right number of faces, and faces too many."""
    frames = sampled(path)
    drawn = [frame.copy() for frame in frames]
    print(f"\n{path.name}: {len(frames)} frames with {n_faces} faces")
    for number, (name, detector) in enumerate(detectors.items()):
        results = [detector.detect([frame])[0] for frame in frames]
        right = sum(len(faces) == n_faces for faces in results)
        extra = sum(max(0, len(faces) - n_faces) for faces in results)
        lowest = min(
            (float(f.scores[n_faces - 1]) for f in results if len(f) >= n_faces > 0), default=0
        )
        print(f"{name:14} right {right:3} too many {extra:3} lowest true score {lowest:.2f}")
        colour = [
            int(c) for c in cv2.applyColorMap(np.full((1, 1), number * 30, np.uint8), 2)[0, 0]
        ]
        for frame, faces in zip(drawn, results, strict=True) if folder else ():
            for x0, y0, x1, y1 in faces.boxes_xyxy.round().astype(int).tolist():
                cv2.rectangle(frame, (x0, y0), (x1, y1), colour, 2)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        shown = [cv2.resize(f, (320, 320 * f.shape[0] // f.shape[1])) for f in drawn[::5]]
        cv2.imwrite(str(folder / f"{path.stem}.png"), np.hstack(shown)[:, :, ::-1])


def sampled(path: Path) -> list[np.ndarray]:
    """Up to `SAMPLES` frames of a film, spread evenly, or a picture."""
    still = cv2.imread(str(path))
    frames = [] if still is None or path.suffix == ".gif" else [still]
    capture = cv2.VideoCapture(str(path)) if not frames else None
    while capture is not None:
        more, frame = capture.read()
        if not more:
            break
        frames.append(frame)
    chosen = np.linspace(0, len(frames) - 1, min(SAMPLES, len(frames))).round().astype(int)
    return [np.ascontiguousarray(frames[i][:, :, ::-1]) for i in chosen]


def processor() -> str:
    """What the machine calls its processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
