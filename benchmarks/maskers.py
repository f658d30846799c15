"""How long does a mask or an identity vector of one face take?

    PYTHONPATH=src python benchmarks/maskers.py [--frames 40] [--device cpu]

Prints median and spread of milliseconds a face for every masker and embedder whose weights are
here, on frames of a synthetic actor of 1280x720; for the two large PyTorch networks also with
untrained weights, which take as long, eight faces at once on a GPU and one on a CPU.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from understudy.actors import ACTORS, Performance, render
from understudy.embed.iresnet import IResNet
from understudy.errors import UnderstudyError
from understudy.mask import mask_all
from understudy.mask.bisenet import BiSeNet
from understudy.nn.inference import Runner
from understudy.plugin import default_registry
from understudy.types import Alignment
from understudy.types.frame import frame_space

SIZE_WH = (1280, 720)


def main() -> None:
    """Render, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    performance = Performance(1, options.frames)
    shots = [render(ACTORS["actor_a"], performance, i, SIZE_WH) for i in range(options.frames)]
    pictures = [s.pixels for s in shots]
    faces = [Alignment.fit(s.landmarks, frame_space(*SIZE_WH)) for s in shots]
    for face in faces:
        face.pose  # noqa: B018 - fitted once a face, whatever is made of it
    print(
        f"{options.frames} frames of {SIZE_WH[0]}x{SIZE_WH[1]}, {options.device}, "
        f"{torch.get_num_threads()} threads, load average {os.getloadavg()[0]:.1f} on "
        f"{os.cpu_count()} cores; ms a face: median (10 % to 90 %)"
    )
    for name, chosen in (
        *((plugin.name, {}) for plugin in default_registry().of_kind("mask")),
        ("occlusion", {"outline": "mesh"}),
        ("occlusion", {"parser": "bisenet-v2"}),
    ):
        label = f"mask {name} {' '.join(f'{k}={v}' for k, v in chosen.items())}"
        masker = _built("mask", name, chosen, options.device)
        if masker is not None:
            _timed(label, lambda f, a, m=masker: mask_all(m, [f], [a]), pictures, faces)
    for plugin in default_registry().of_kind("embed"):
        embedder = _built("embed", plugin.name, {}, options.device)
        if embedder is not None:
            _timed(
                f"embed {plugin.name}", lambda f, a, e=embedder: e.embed(f, [a]), pictures, faces
            )
    count = 8 if options.device.startswith("cuda") else 1
    for label, net, size in (("bisenet", BiSeNet(), 512), ("arcface-torch", IResNet(50), 112)):
        _untrained(label, Runner(net, options.device), size, count)


def _built(kind: str, name: str, chosen: dict[str, Any], device: str) -> Any:
    try:
        return default_registry().get(kind, name).build(chosen, device)
    except UnderstudyError as error:
        print(f"{kind} {name}: left out; {error}")
        return None


def _timed(
    label: str,
    work: Callable[[NDArray[np.uint8], Alignment], object],
    pictures: Sequence[NDArray[np.uint8]],
    faces: Sequence[Alignment],
) -> None:
    work(pictures[0], faces[0])
    times = []
    for picture, face in zip(pictures, faces, strict=True):
        start = time.perf_counter()
        work(picture, face)
        times.append((time.perf_counter() - start) * 1e3)
    _row(label, times)


def _untrained(label: str, run: Runner, size: int, count: int) -> None:
    inputs = np.zeros((count, 3, size, size), np.float32)
    times = []
    for _ in range(8):
        start = time.perf_counter()
        run(inputs)[0].cpu()
        times.append((time.perf_counter() - start) * 1e3 / count)
    _row(f"{label} untrained, {count} at once", times[2:])


def _row(label: str, times_ms: list[float]) -> None:
    low, middle, high = np.percentile(times_ms, (10, 50, 90))
    print(f"{label:46} {middle:8.2f} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
