"""Does training hold? Losses of every iteration, with the settings as they are and as they were.

    python benchmarks/stability.py PROJECT a,b [PROJECT c,d ...] [--iterations 1500] [--on 500]

Each PROJECT is a folder with extracted faces of the two persons named after it. For each pair and
each way to train it prints how far the loss ever rose over its running median, how many
iterations lay over twice of it, the end of the curve, and what the weights that convert lose on
faces that are neither warped nor recoloured. `--on` trains on that long under a longer plan, as
people do who raise --minutes. Figures do not hang on the machine's speed.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from understudy.flow import Silent
from understudy.nn import augment
from understudy.plugin import default_registry
from understudy.stages.faces.found import Finder
from understudy.stages.train.feeding.crops import Cutting
from understudy.stages.train.feeding.faces import Preparer
from understudy.stages.train.learning import loop
from understudy.stages.train.learning.guard import Guard
from understudy.stages.train.learning.loop import Trainer
from understudy.stages.train.options import TrainOptions
from understudy.store.project import Project
from understudy.swap import Recipe
from understudy.swap.loading import new_model

WINDOW, FIRST = 101, 100
"""The running median's window, and the first iteration that is judged: before, losses fall fast."""


@dataclass(frozen=True)
class Way:
    """A way to train: what it changes of the recipe, and how the rate goes."""

    name: str
    changes: dict[str, Any]
    rate: Callable[[Recipe, int, int], float] | None = None
    guarded: bool = True
    dtype: torch.dtype = torch.float32


def cosine(recipe: Recipe, number: int, plan: int) -> float:
    """The rate as it was: a cosine over the plan, down to 2 %."""
    warm = min(1.0, (number + 1) / 40)
    return warm * (0.02 + 0.98 * (1 + math.cos(math.pi * min(1.0, number / plan))) / 2)


WAYS = [
    Way("as it was", {"learning_rate": 3e-3, "clip": 0.0, "ema": 0.99}, cosine, guarded=False),
    Way("as it is", {}),
    Way("as it is, bf16", {}, dtype=torch.bfloat16),
]


class Open(Guard):
    """Lets every step through."""

    limit = math.inf  # type: ignore[assignment]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="+", help="PROJECT a,b, any number of times")
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--on", type=int, default=0)
    parser.add_argument("--plan", type=int, help="stop early of a plan that was this long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default="quick")
    parser.add_argument("--bf16", action="store_true", help="also in bf16")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| pair | way | highest over median | over twice | left out | gone back | end | on "
        "held faces | CPU-s |"
    )
    print("|" + " --- |" * 9)
    for folder, persons in zip(args.pairs[::2], args.pairs[1::2], strict=True):
        for way in WAYS[: 3 if args.bf16 else 2]:
            print(one(Path(folder), persons.split(","), way, args), flush=True)


def one(folder: Path, persons: Sequence[str], way: Way, args: argparse.Namespace) -> str:
    """Train one pair in one way; a row of the table."""
    registry = default_registry()
    options = TrainOptions(iterations=1, device="cpu", threads=1)
    model = new_model(registry.get("swap", args.model), args.seed, tuple(persons))
    model.recipe = replace(model.recipe, **way.changes)
    with Project.open(folder, read_only=True) as project:
        facesets = {p: project.faceset(p) for p in persons}
    folders = [f for faceset in facesets.values() for f in faceset]
    cutting = Cutting.of(model, options)
    with tempfile.TemporaryDirectory() as cache, Finder(folders, registry) as finder:
        preparer = Preparer(facesets, Path(cache), cutting, options, finder, Silent())
        faces = {p: preparer.faces(p) for p in persons}
        trainer = Trainer(model, faces, options, args.seed, torch.device("cpu"), way.dtype)
        if not way.guarded:
            trainer.guard = Open()
        with closing(trainer.feed):
            trainer.init_from_faces()
            started = time.process_time()
            losses = iterate(trainer, way, args.iterations, args.on, args.plan)
            seconds = time.process_time() - started
            held = on_held(trainer)
    over = [losses[k] / median(losses[max(0, k - WINDOW) : k]) for k in range(FIRST, len(losses))]
    guard = trainer.guard
    return (
        f"| {' '.join(persons)} | {way.name} | {max(over):.2f} | {sum(x > 2 for x in over)} | "
        f"{guard.left_out} | {guard.gone_back} | {sum(losses[-100:]) / 100:.4f} | {held:.4f} | "
        f"{seconds:.0f} |"
    )


def iterate(trainer: Trainer, way: Way, iterations: int, on: int, plan: int | None) -> list[float]:
    """The sum of all persons' losses at each iteration, the longer plan's last."""
    known, losses = loop.rate, []
    try:
        for k in range(iterations + on):
            if way.rate is not None:
                end = plan or (iterations if k < iterations else iterations + on)
                share = way.rate(trainer.recipe, k, end)
                loop.rate = lambda recipe, number, share=share: share
            losses.append(sum(trainer.step(k).values()))
    finally:
        loop.rate = known
    return losses


def on_held(trainer: Trainer, count: int = 64) -> float:
    """Loss of the weights that convert on faces as they are, all persons' together."""
    model = trainer.averaged()
    switches = augment.Switches(0, 0, 0, colour=False)
    total = 0.0
    with torch.no_grad():
        for person in range(len(trainer.persons)):
            raw = trainer.feed.evenly(person, count, 1)
            drawn = augment.draw(len(raw.persons), switches, augment.generator_for(0))
            batch = trainer._batch(raw, raw.planes.float() / 255, drawn, warped=False)
            group = trainer.groups[0].name
            total += float(sum(trainer.losses(model(batch), batch, group)))
    return total


if __name__ == "__main__":
    main()
