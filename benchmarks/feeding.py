"""Training on 20,000 faces of 512 px: memory and speed of the cache on disk and of all in memory.

    python benchmarks/feeding.py [--faces 20000] [--iterations 30]

Each way is a process of its own, whose peak resident memory is told. The pictures are distinct
files, but hard links of a few hundred, so that they take little of the disk; each is decoded and
cut for itself. Two sizes of model: `quick` (96 px), whose cut faces take 64 KB each, and one of
512 px, whose take 1.8 MB, so that 20,000 neither fit the memory nor the room given to the cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from understudy.flow import Silent
from understudy.geometry.templates import MEAN_FACE_51
from understudy.plugin import Registry, default_registry
from understudy.stages.faces.found import Finder
from understudy.stages.train.feeding.crops import Cutting
from understudy.stages.train.feeding.faces import FaceArrays, FaceSource, Preparer
from understudy.stages.train.learning.loop import Trainer
from understudy.stages.train.options import TrainOptions
from understudy.store.faceset import FaceFolder, FaceRecord, list_faceset, write_face_png
from understudy.swap import Crop, Recipe
from understudy.swap.loading import new_model
from understudy.swap.standard import SharedEncoder
from understudy.types import Alignment, Face, Timestamp
from understudy.types.frame import frame_space

DISTINCT, FRAME = 100, frame_space(1280, 720)
WAYS = ("disk 96", "memory 96", "disk 512")
CACHE_GB = {"disk 96": 20.0, "memory 96": 20.0, "disk 512": 1.0}


class Large(SharedEncoder):
    """As little net as shows 512 px."""

    crop = Crop(input_px=64, output_px=512, centering="legacy", coverage=1.0)
    recipe = Recipe(learning_rate=1e-3, dssim_stride=4, batch=4)

    def __init__(self, options: None, persons: Sequence[str]) -> None:
        encoder = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(768, 16))
        super().__init__(persons, encoder, [self._decoder() for _ in persons])

    @staticmethod
    def _decoder() -> nn.Module:
        end = nn.Upsample(scale_factor=16, mode="bilinear", align_corners=False)
        return nn.Sequential(nn.Linear(16, 3 * 32 * 32), nn.Unflatten(1, (3, 32, 32)), end)


def make(folder: Path, n: int, seed: int) -> None:
    """Face pictures of smooth noise, 512 px."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    jaw = np.linspace(np.pi * 0.95, np.pi * 0.05, 17)
    outline = np.stack([0.5 + 0.65 * np.cos(jaw), 0.35 + 0.85 * np.sin(jaw)], 1)
    unit = np.concatenate([outline, MEAN_FACE_51])
    for i in range(min(n, DISTINCT)):
        points = unit * rng.uniform(180, 220) + rng.uniform(200, 260, 2)
        alignment = Alignment.fit(points, FRAME)
        coarse = rng.integers(40, 220, (24, 24, 3), dtype=np.uint8)
        pixels = cv2.resize(coarse, (512, 512), interpolation=cv2.INTER_CUBIC)
        face = Face(
            f"{i}_0", Timestamp(i, i, Fraction(1, 25)), np.array([0, 0, 9, 9]), 1.0, alignment
        )
        crop = alignment.crop(512, 1.0, "head")
        record = FaceRecord(face, crop, "head", 1.0, "made.mp4", f"{seed}" * 8, FRAME.size_wh)
        write_face_png(folder / f"made_{i:06d}_0.png", pixels, record, durable=False)
    for i in range(DISTINCT, n):
        os.link(folder / f"made_{i % DISTINCT:06d}_0.png", folder / f"made_{i:06d}_0.png")


def run(way: str, folder: Path, iterations: int) -> None:
    """Prepare and train; prints a row."""
    torch.set_num_threads(2)
    registry: Registry = default_registry()
    persons = ("a", "b")
    model: Any = (
        Large(None, persons)
        if way.endswith("512")
        else new_model(registry.get("swap", "quick"), 1, persons)
    )
    options = TrainOptions(iterations=iterations, cache_gb=CACHE_GB[way], device="cpu")
    facesets = {p: [FaceFolder(folder / p)] for p in persons}
    place = folder / f"model {way.split()[1]}"  # what is in memory comes from the same cache
    place.mkdir(exist_ok=True)
    cutting = Cutting.of(model, options)
    started = time.perf_counter()
    with Finder([f for s in facesets.values() for f in s], registry) as finder:
        preparer = Preparer(facesets, place, cutting, options, finder, Silent())
        faces: dict[str, FaceSource] = {p: preparer.faces(p) for p in persons}
        prepared_s = time.perf_counter() - started
        if way.startswith("memory"):
            faces = {p: _all(source) for p, source in faces.items()}
        trainer = Trainer(model, faces, options, 1, torch.device("cpu"))
        trainer.step(0)
        started, cpu = time.perf_counter(), time.process_time()
        for k in range(1, iterations):
            trainer.step(k)
        each_s = (time.perf_counter() - started) / (iterations - 1)
        cpu_s = (time.process_time() - cpu) / (iterations - 1)
        started = time.perf_counter()
        for k in range(20):
            trainer.feed.step(10_000 + 7 * k)  # out of order: nothing was fetched ahead
        fetch_s = (time.perf_counter() - started) / 20
        trainer.feed.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    disk = sum(f.stat().st_size for f in place.rglob("*") if f.is_file()) / 1e9
    n = sum(map(len, faces.values()))
    print(
        f"| {way} px | {n} | {prepared_s:.0f} s | {disk:.2f} GB | {peak:.0f} MiB | "
        f"{1000 * each_s:.0f} ms, {1000 * cpu_s:.0f} CPU-ms | {1000 * fetch_s:.1f} ms |",
        flush=True,
    )


def _all(source: FaceSource) -> FaceArrays:
    n = len(source)
    whole = np.zeros(n, source.cutting.dtype)
    for i in range(0, n, 256):
        whole[i : i + 256] = source.rows(range(i, min(n, i + 256)))
    return FaceArrays(source.cutting, whole)


def main() -> None:
    """Make the pictures, run each way in a process, remove everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--iterations", type=int, default=30)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    if args.way:
        run(args.way, args.folder, args.iterations)
        return
    folder = Path(tempfile.mkdtemp(prefix="feeding-"))
    try:
        for seed, person in enumerate(("a", "b"), 1):
            make(folder / person, args.faces // 2, seed)
        picture_kb = list_faceset(folder / "a")[0].stat().st_size / 1e3
        print(f"pictures of {picture_kb:.0f} KB, load {os.getloadavg()[0]:.1f}")
        print("| faces kept | faces | preparing | on disk | peak memory | iteration | fetching |")
        print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
        for way in WAYS:
            line = ["--way", way, "--folder", str(folder), "--iterations", str(args.iterations)]
            subprocess.run([sys.executable, __file__, *line], check=True)  # noqa: S603 - ourselves
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
