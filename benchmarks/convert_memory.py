"""What conversion and evaluation hold of a long film: peak memory, time of the processor, speed.

    python benchmarks/convert_memory.py [--frames 2000,20000] [--folder /tmp]

A made-up film of 160x120 with one face a frame, whose rows (landmarks, two 128 px masks, a vector
of 128 numbers) are written straight into the alignments file; an untrained `quick` model. Each job
runs in a process of its own, whose peak resident memory is asked at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from understudy.actors.demo import synthetic_declarations
from understudy.flow import Silent
from understudy.geometry.templates import MEAN_FACE_51, MEAN_JAW_17
from understudy.mask.landmark import ComponentsMasker, ExtendedMasker
from understudy.media import probe
from understudy.nn import checkpoint
from understudy.plugin import default_registry
from understudy.provenance.audit import AuditLog
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import ConvertInputs, convert
from understudy.stages.evaluate.stage import Donor, EvaluateInputs, evaluate
from understudy.stages.release.stage import Label
from understudy.store.alignments import Alignments, SourceRecord, alignments_path
from understudy.swap.loading import new_model
from understudy.testing.clips import write_clip
from understudy.types import Alignment, Face, Timestamp, Track
from understudy.types.frame import frame_space

SIZE = (160, 120)
FPS = Fraction(25)
_AT_ONCE = 64


def main() -> None:
    """Measure each length in fresh processes, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", default="2000,20000")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--job", choices=("make", "convert", "evaluate"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        JOBS[args.job](args.folder, int(args.frames))
        return
    print("| frames | job | peak MiB | CPU-ms a frame | frames/s |")
    print("| --- | --- | --- | --- | --- |")
    for n in map(int, args.frames.split(",")):
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            for job in JOBS:
                command = [sys.executable, __file__, "--job", job, "--folder", name]
                done = subprocess.run([*command, "--frames", str(n)], check=True, stdout=-1)  # noqa: S603
                if job != "make":
                    told = json.loads(done.stdout.splitlines()[-1])
                    cpu_ms, rate = 1000 * told["cpu_s"] / n, n / told["seconds"]
                    print(f"| {n} | {job} | {told['mib']:.0f} | {cpu_ms:.1f} | {rate:.0f} |")


def make(folder: Path, n: int) -> None:
    """The film, its alignments and a model."""
    rng = np.random.default_rng(1)
    noise = rng.integers(60, 200, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    write_clip(folder / "film.mp4", (np.roll(noise, i % 90, 1) for i in range(n)), FPS, crf=30)
    info = probe(folder / "film.mp4")
    record = SourceRecord(
        "film.mp4", info.fingerprint, *SIZE, info.time_base, n, {"assume_colour": "tags"}
    )
    times = [round(i / FPS / info.time_base) for i in range(n)]
    with Alignments.open(alignments_path(folder / "film.mp4"), create=record) as store:
        faces = Faces(rng)
        for first in range(0, n, _AT_ONCE):
            span = range(first, min(n, first + _AT_ONCE))
            stamps = [Timestamp(i, times[i], info.time_base) for i in span]
            store.put([(at, [faces.at(at)]) for at in stamps])
        store.finish([Track(0, 0, 0)])
    plugin = default_registry().get("swap", "quick")
    model = new_model(plugin, 1, ("a", "b"))
    state = checkpoint.State(1, "quick", plugin.version, {}, 1, 1.0, persons=("a", "b"))
    (folder / "model").mkdir()
    checkpoint.save(folder / "model", state, {"weights": model.state_dict()})


class Faces:
    """Faces that wander about, with masks drawn from their landmarks."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._points = np.vstack([MEAN_JAW_17, MEAN_FACE_51])
        self._makers = {"components": ComponentsMasker(), "extended": ExtendedMasker()}
        self._picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)

    def at(self, at: Timestamp) -> Face:
        """The face of one frame."""
        shift = 20 * np.array([np.sin(at.index / 50), np.cos(at.index / 70)])
        landmarks = self._points * 50 + np.array([50, 35]) + shift
        alignment = Alignment.fit(landmarks, frame_space(*SIZE))
        masks = {k: m.mask(self._picture, alignment) for k, m in self._makers.items()}
        box = np.concatenate([landmarks.min(0), landmarks.max(0)])
        return Face(
            f"{at.index}_0",
            at,
            box,
            0.99,
            alignment,
            masks,
            self._rng.normal(size=128).astype(np.float32),
            {"size_px": 50.0},
            0,
            {"detect": "mtcnn@1", "align": "dlib68@1", "embed": "dlib128@1", "mask": "extended@1"},
        )


def converted(folder: Path, n: int) -> None:
    """Convert, and tell what it took."""
    label = Label(synthetic_declarations(), ("a",), ("b",), AuditLog(folder / "audit.jsonl"))
    film = folder / "film.mp4"
    inputs = ConvertInputs(
        film,
        alignments_path(film),
        folder,
        folder / "model",
        folder / "out.mp4",
        folder / "work",
        label,
        {"all": "b"},
    )
    options = ConvertOptions(faces="all", preset="ultrafast", match_colour="none")
    told(lambda: convert(inputs, options, default_registry(), Silent()))


def evaluated(folder: Path, n: int) -> None:
    """Evaluate what was converted, and tell what it took."""
    film = folder / "film.mp4"
    inputs = EvaluateInputs(
        source=film,
        output=folder / "out.mp4",
        alignments=alignments_path(film),
        casting={"all": "b"},
        sheet=folder / "sheet.png",
        donors={"b": (Donor(alignments_path(film)),)},
    )
    told(lambda: evaluate(inputs, default_registry(), Silent()))


def told(work: Any) -> None:
    """Do it, and print seconds and peak memory as JSON."""
    started, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mib = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps({"seconds": seconds, "cpu_s": cpu_s, "mib": mib}))


JOBS = {"make": make, "convert": converted, "evaluate": evaluated}

if __name__ == "__main__":
    main()
