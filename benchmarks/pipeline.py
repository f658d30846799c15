"""Throughput of extraction, training and conversion on synthetic clips, and each step's share.

Run: make bench, or .venv/bin/python benchmarks/pipeline.py [--frames 60] [--repeats 5]

Each step is timed alone on the same frames, one thread, in turn and several times over, so that
noise of the machine falls on all alike; the table gives the median and the spread (10th to 90th
percentile). The last lines run the real stages with all cores.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from understudy.actors import ACTORS, Performance, render
from understudy.actors.demo import synthetic_declarations
from understudy.flow import Silent
from understudy.imaging.composite import feathered, paste
from understudy.imaging.png import encode_png
from understudy.imaging.resample import crop_image, warp_image
from understudy.media import encode_segment, frames, probe
from understudy.plugin import default_registry
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import ConvertInputs, convert
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.stages.release.stage import Label
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, train
from understudy.store.faceset import FaceFolder
from understudy.swap.loading import load_swapper
from understudy.testing.clips import write_clip
from understudy.types import Alignment

FPS = Fraction(25)


def main() -> None:
    """Render, time, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    print(f"hardware: {processor()}, {os.cpu_count()} cores; torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for actor, seed in (("a", 1), ("b", 2)):
            script = Performance(seed, args.frames, FPS)
            shots = (render(ACTORS[f"actor_{actor}"], script, i) for i in range(args.frames))
            write_clip(folder / f"{actor}.mp4", (s.pixels for s in shots), FPS)
        whole_stages(folder, args.frames)
        extraction_steps(folder, args.repeats)
        training_steps(folder)
        conversion_steps(folder, args.repeats)


def whole_stages(folder: Path, n_frames: int) -> None:
    """The real stages, end to end, with all cores."""
    registry, silent = default_registry(), Silent()
    for side in ("a", "b"):
        started = time.perf_counter()
        extract(
            ExtractInputs(folder / f"{side}.mp4", folder / side), ExtractOptions(), registry, silent
        )
        rate = n_frames / (time.perf_counter() - started)
        print(f"extract {side}.mp4 (640x360, start-up included): {rate:.1f} frames/s")
    inputs = TrainInputs(_facesets(folder), folder / "model")
    report = train(inputs, TrainOptions(iterations=40), silent)
    print(f"train quick: {report.iterations / report.seconds:.2f} iterations/s")
    label = Label(synthetic_declarations(), ("a",), ("b",), _log(folder))
    job = ConvertInputs(
        folder / "a.mp4",
        folder / "a.alignments",
        folder / "a",
        folder / "model",
        folder / "out.mp4",
        folder / "work",
        label,
        {"all": "b"},
    )
    started = time.perf_counter()
    convert(job, ConvertOptions(), registry, silent)
    print(f"convert a.mp4: {n_frames / (time.perf_counter() - started):.1f} frames/s")


def _facesets(folder: Path) -> dict[str, tuple[FaceFolder, ...]]:
    return {person: (FaceFolder(folder / person),) for person in ("a", "b")}


def extraction_steps(folder: Path, repeats: int) -> None:
    """Each step of extraction alone, one thread."""
    registry = default_registry()
    torch.set_num_threads(1)
    source = list(frames(probe(folder / "a.mp4")))[::6]
    detector = registry.create("detect", "mtcnn")
    aligner, embedder = registry.create("align", "dlib68"), registry.create("embed", "dlib128")
    maskers = [registry.create("mask", name) for name in ("components", "extended")]
    found = [detector.detect([f.pixels])[0] for f in source]
    aligned = [aligner.align(f.pixels, d) for f, d in zip(source, found, strict=True)]
    faces = [Alignment.fit(a.landmarks[0], f.space) for a, f in zip(aligned, source, strict=True)]
    rows = list(zip(source, found, faces, strict=True))
    info = probe(folder / "a.mp4")
    steps: dict[str, Callable[[], Any]] = {
        "decode": lambda: list(frames(info)),
        "detect (mtcnn)": lambda: [detector.detect([f.pixels]) for f, _, _ in rows],
        "landmarks (dlib68)": lambda: [aligner.align(f.pixels, d) for f, d, _ in rows],
        "embed (dlib128)": lambda: [embedder.embed(f.pixels, [a]) for f, _, a in rows],
        "masks (2)": lambda: [m.mask(f.pixels, a) for f, _, a in rows for m in maskers],
        "crop and PNG": lambda: [
            encode_png(crop_image(f.pixels, a.crop(256, 1.0, "head"))) for f, _, a in rows
        ],
    }
    counts = {name: len(rows) for name in steps} | {"decode": info.n_frames or 1}
    table("extraction, CPU-ms a frame", steps, counts, repeats)


def training_steps(folder: Path) -> None:
    """Iterations a second of each model, in turn."""
    for model, iterations in (("quick", 20), ("lightweight", 3), ("original", 3)):
        inputs = TrainInputs(_facesets(folder), folder / f"model_{model}")
        options = TrainOptions(model=model, iterations=iterations, previews=0)
        started = time.process_time()
        report = train(inputs, options, Silent())
        cpu = time.process_time() - started
        print(
            f"training {model}: {report.seconds / iterations * 1000:.0f} ms an iteration "
            f"({cpu:.0f} CPU-s with reading faces and saving)"
        )


def conversion_steps(folder: Path, repeats: int) -> None:
    """Each step of conversion alone, one thread."""
    from understudy.store.alignments import Alignments

    registry = default_registry()
    torch.set_num_threads(1)
    info = probe(folder / "a.mp4")
    source = list(frames(info))[::4]
    with Alignments.open(folder / "a.alignments", read_only=True) as store:
        faces = [store.faces(f.at.index)[0] for f in source]
    swapper = load_swapper(folder / "model", "cpu")
    matcher = registry.create("colour", "reinhard")
    ins = [f.alignment.crop(swapper.input_px, swapper.coverage, swapper.centering) for f in faces]
    outs = [f.alignment.crop(swapper.output_px, swapper.coverage, swapper.centering) for f in faces]
    crops = [crop_image(f.pixels, c) for f, c in zip(source, ins, strict=True)]
    swapped = swapper.convert(np.stack(crops), "b").rgb
    masks = [f.masks["extended"] for f in faces]
    patches = [
        feathered(m, c, f.space, 0.12, 0.0) for m, c, f in zip(masks, outs, source, strict=True)
    ]

    def match() -> None:
        for f, c, m, s in zip(source, outs, masks, swapped, strict=True):
            on_crop = np.clip(warp_image(m.alpha, c @ m.grid_from_frame.inverse()), 0, 1)
            matcher.match(s, crop_image(f.pixels, c).astype(np.float32) / 255, on_crop)

    steps: dict[str, Callable[[], Any]] = {
        "decode": lambda: list(frames(info)),
        "crop": lambda: [crop_image(f.pixels, c) for f, c in zip(source, ins, strict=True)],
        "model": lambda: swapper.convert(np.stack(crops), "b"),
        "colour match": match,
        "feather": lambda: [
            feathered(m, c, f.space, 0.12, 0.0) for m, c, f in zip(masks, outs, source, strict=True)
        ],
        "composite": lambda: [
            paste(f.pixels, s, c, p)
            for f, s, c, p in zip(source, swapped, outs, patches, strict=True)
        ],
        "encode (x264 fast)": lambda: encode_segment(folder / "seg.mp4", source, info),
    }
    counts = {name: len(source) for name in steps} | {"decode": info.n_frames or 1}
    table("conversion, CPU-ms a frame", steps, counts, repeats)


def table(
    title: str, steps: dict[str, Callable[[], Any]], counts: dict[str, int], repeats: int
) -> None:
    """Run all steps in turn, several times over, and print their medians and shares."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            started = time.process_time()
            step()
            times[name].append((time.process_time() - started) / counts[name] * 1000)
    total = sum(float(np.median(t)) for t in times.values())
    print(f"\n{title}\n  {'step':22} {'median':>8} {'p10-p90':>15} {'share':>7}")
    for name, t in times.items():
        low, middle, high = np.percentile(t, [10, 50, 90])
        print(f"  {name:22} {middle:8.1f} {low:7.1f}-{high:<7.1f} {middle / total:6.0%}")
    print(f"  {'all':22} {total:8.1f}")


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _log(folder: Path) -> Any:
    from understudy.provenance.audit import AuditLog

    return AuditLog(folder / "audit.jsonl")


if __name__ == "__main__":
    main()
