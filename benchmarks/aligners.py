"""How near, how steady and how fast each landmark predictor is; prints a table.

    python benchmarks/aligners.py --pts FOLDER --clip FILE [--clip FILE ...]
        [--dlib-xml FILE] [--fan-json FILE] [--aligner NAME ...] [--frames 60] [--device cpu]

near: mean distance from the given points, outer eye corners 1 apart, all 68 and the inner 51: from
.pts files (marked by hand) with pictures of the same name, from dlib's xml (its own outputs), and
from a picture with FAN's 3-D output (FILE.expected_3d68.json beside FILE.jpg).
shaken: deviation of the points when the box is moved and scaled by 3 %, share of the eye distance.
in time: root mean square of the second difference over a clip's frames, each frame by itself
(detected), and with the frame before as the guess (followed).
ms: median over faces of one core, a box known.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import torch

from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.errors import UnderstudyError
from understudy.plugin import default_registry
from understudy.types import Faces

Example = tuple[np.ndarray, Faces, np.ndarray]


def main() -> None:
    """Measure and print."""
    arguments = parsed()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    detector = MtcnnDetector()
    sets = {
        "by hand": [e for p in sorted(arguments.pts.glob("*.pts")) for e in pts(p, detector)]
        if arguments.pts
        else [],
        "dlib xml": xml(arguments.dlib_xml, detector) if arguments.dlib_xml else [],
        "fan 3-D": fan(arguments.fan_json, detector) if arguments.fan_json else [],
    }
    clips = [clip(path, arguments.frames, detector) for path in arguments.clip]
    sizes = ", ".join(f"{name}: {len(its)}" for name, its in sets.items())
    print(f"{platform.processor() or platform.machine()}, one core; faces {sizes}")
    heads = "".join(f"{name:>16}" for name in sets)
    print(f"{'aligner':16}{heads}{'shaken %':>10}{'detected %':>12}{'followed %':>12}{'ms':>8}")
    for plugin in default_registry().of_kind("align"):
        if arguments.aligner and plugin.name not in arguments.aligner:
            continue
        try:
            aligner = plugin.build(device=arguments.device)
        except UnderstudyError as error:
            print(f"{plugin.name:16}{error}")
            continue
        near = "".join(f"{nearness(aligner, its):>16}" for its in sets.values())
        examples = [e for its in sets.values() for e in its]
        examples += [(frames[0], its[0], np.zeros(0)) for frames, its in clips]
        detected, followed = np.mean([in_time(aligner, *c) for c in clips] or [[0, 0]], 0)
        print(
            f"{plugin.name:16}{near}{100 * shaken(aligner, examples):10.2f}{100 * detected:12.2f}"
            f"{100 * followed:12.2f}{milliseconds(aligner, examples):8.1f}"
        )


def nearness(aligner: Any, examples: list[Example]) -> str:
    """All 68 / inner 51, in percent of the distance of the outer eye corners."""
    if not examples:
        return "-"
    errors = np.stack(
        [
            np.linalg.norm(aligner.align(frame, faces).landmarks[0] - truth, axis=1) / eyes(truth)
            for frame, faces, truth in examples
        ]
    )
    return f"{100 * errors.mean():.2f} / {100 * errors[:, 17:].mean():.2f}"


def shaken(aligner: Any, examples: list[Example]) -> float:
    """Deviation of the points under small moves of the box."""
    random, found = np.random.default_rng(0), []
    for frame, faces, _ in examples:
        side = np.ptp(faces.boxes_xyxy[0, 1::2])
        points = []
        for shift, grow in zip(
            random.normal(0, 0.03, (6, 2)), random.normal(0, 0.03, 6), strict=True
        ):
            step = side * np.array([*(shift - grow / 2), *(shift + grow / 2)])
            moved = replace(faces, boxes_xyxy=faces.boxes_xyxy + step)
            points.append(aligner.align(frame, moved).landmarks[0])
        found.append(np.std(points, axis=0).mean() / eyes(np.mean(points, 0)))
    return float(np.mean(found)) if found else 0.0


def in_time(aligner: Any, frames: list[np.ndarray], faces: list[Faces]) -> tuple[float, float]:
    """Second difference of each frame by itself, and of each started from the one before."""
    alone = np.stack(
        [aligner.align(f, its).landmarks[0] for f, its in zip(frames, faces, strict=True)]
    )
    guess, followed = alone[0], []
    for frame, its in zip(frames, faces, strict=True):
        guess = aligner.align(frame, replace(its, landmarks=guess[None])).landmarks[0]
        followed.append(guess)
    return trembling(alone), trembling(np.stack(followed))


def trembling(points: np.ndarray) -> float:
    """Root mean square second difference, by the distance of the eyes."""
    second = np.diff(points, 2, axis=0)
    scale = np.mean([eyes(p) for p in points])
    return float(np.sqrt((second**2).sum(-1).mean()) / scale)


def milliseconds(aligner: Any, examples: list[Example]) -> float:
    """Median time of one face."""
    times = []
    for frame, faces, _ in examples:
        start = time.perf_counter()
        aligner.align(frame, faces)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times) if times else 0.0


def eyes(points: np.ndarray) -> float:
    """Distance of the outer eye corners."""
    return float(np.linalg.norm(points[45] - points[36]))


def example(frame: np.ndarray, truth: np.ndarray, detector: Any) -> list[Example]:
    """The detection that lies on the points, if there is one."""
    found = detector.detect([frame])[0]
    middles = (found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2
    away = np.linalg.norm(middles - truth.mean(0), axis=1)
    if not len(found) or away.min() > eyes(truth):
        return []
    return [(frame, found[int(away.argmin())], truth)]


def pts(path: Path, detector: Any) -> list[Example]:
    """300-W points: 1-based pixel indices."""
    numbers = path.read_text().split("{")[1].split("}")[0].split()
    return example(
        picture(path.with_suffix(".png")), np.array(numbers, float).reshape(68, 2) - 0.5, detector
    )


def xml(path: Path, detector: Any) -> list[Example]:
    """Dlib's data sets: 0-based pixel indices."""
    found = []
    for image in ElementTree.parse(path).getroot().iter("image"):  # noqa: S314 - our own files
        frame = picture(path.parent / image.attrib["file"])
        for box in image.iter("box"):
            points = [(float(p.attrib["x"]), float(p.attrib["y"])) for p in box.iter("part")]
            if len(points) == 68:
                found += example(frame, np.array(points) + 0.5, detector)
    return found


def fan(path: Path, detector: Any) -> list[Example]:
    """The picture that lies beside face-alignment's expected output."""
    points = np.array(json.loads(path.read_text()))[:, :2]
    name = path.name.removesuffix(".expected_3d68.json")
    return example(picture(path.with_name(f"{name}.jpg")), points, detector)


def clip(path: Path, n_frames: int, detector: Any) -> tuple[list[np.ndarray], list[Faces]]:
    """The first frames with their best faces."""
    capture, frames, faces = cv2.VideoCapture(str(path)), [], []
    while len(frames) < n_frames:
        there, bgr = capture.read()
        if not there:
            break
        frame = np.ascontiguousarray(bgr[:, :, ::-1])
        found = detector.detect([frame])[0]
        if not len(found):
            break
        frames.append(frame)
        faces.append(found[0])
    return frames, faces


def picture(path: Path) -> np.ndarray:
    """RGB."""
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pts", type=Path)
    parser.add_argument("--dlib-xml", type=Path)
    parser.add_argument("--fan-json", type=Path)
    parser.add_argument("--clip", type=Path, action="append", default=[])
    parser.add_argument("--aligner", action="append")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    main()
