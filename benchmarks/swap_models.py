"""Swap models beside each other on the synthetic actors, each trained for the same CPU time.

    OMP_NUM_THREADS=1 python benchmarks/swap_models.py FOLDER [--seconds 240] [--frames 200]
        [--models quick mesh original hybrid]

Renders the demo's films, extracts them once, trains each model on one thread until its process has
used up its seconds (reading faces and the closed form are part of them), converts and scores.
Prints the combined score, its three answers, the PSNR inside the mask against the true swap beyond
that of the unswapped film, and where the contact sheet lies. `hybrid` is made at 128 px, `mesh` as
it comes. A model that is there already is not trained again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from understudy.actors.demo import render_clips, synthetic_declarations
from understudy.errors import Cancelled
from understudy.flow import Reporter, Silent
from understudy.nn import checkpoint
from understudy.options import from_mapping
from understudy.plugin import default_registry
from understudy.provenance.consent import keep_declarations
from understudy.runs.project import add, extract_source, train_model
from understudy.runs.rendering.renders import Wanted, make_render, planned
from understudy.score.combined import QUESTIONS
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions
from understudy.store.project import Project

SIZES = {"hybrid": {"swap": {"hybrid": {"crop": "128"}}}}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--models", nargs="+", default=["quick", "mesh", "original", "hybrid"])
    args = parser.parse_args()
    folder: Path = args.folder
    registry, silent = default_registry(), Silent()
    clips = render_clips(folder / "clips", args.frames, silent)
    with Project.open(folder / "models.understudy", create=True) as project:
        keep_declarations(project.consent, synthetic_declarations())
        if not project.sources:
            for person, clip in (("a", clips.a), ("b", clips.b)):
                extract_source(
                    project, add(project, clip, person), ExtractOptions(), registry, silent
                )
        answers = " | ".join(QUESTIONS.values())
        print(f"| model | iterations | score | {answers} | PSNR to the truth, dB | SSIM |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for model in args.models:
            more = {"precision": "fp32", **SIZES.get(model, {})}
            trained(project, ["a", "b"], model, args.seconds, **more)
            _swap(project, folder, model, clips.truth)


def trained(
    project: Project,
    persons: Sequence[str],
    model: str,
    seconds: float,
    name: str = "",
    **chosen: Any,
) -> None:
    """Train a model on one thread until this process has used up its seconds of CPU time.

    Args:
        project: with faces of these persons.
        persons: ids.
        model: the plug-in.
        seconds: reading faces and the closed form are part of them; at 0 that is all.
        name: of the trained model; a model that is there already is not trained again.
        chosen: options of the training beyond those that make models comparable.
    """
    name = name or model
    if checkpoint.newest(project.model(name)) is not None:
        return
    started = time.process_time()
    progress = Reporter(asked=lambda: 0 < seconds < time.process_time() - started)
    plain: dict[str, Any] = {
        "model": model,
        "minutes": 600.0 if seconds else 0.0,
        "threads": 1,
        "previews": 0,
        "score_faces": 0,
    }
    options = from_mapping(TrainOptions, plain | chosen)
    with suppress(Cancelled):
        train_model(project, persons, name, options, default_registry(), progress)


def _swap(project: Project, folder: Path, model: str, truth: Path) -> None:
    options = ConvertOptions(overwrite=True)
    wanted = Wanted(folder / f"{model}.mp4", project.sources[0].id, ["all=b"], model)
    plan = planned(project, wanted, options)
    report = make_render(project, plan, options, default_registry(), Silent(), truth)
    (part,) = report.scores.parts.values()
    answered = " | ".join(f"{100 * part.answers[group]:.0f} %" for group in QUESTIONS)
    ssim = float(np.mean(part.ssim_swap))
    print(
        f"| {model} | {report.converted.model_step} | {part.combined:.0f} | {answered} | "
        f"{part.psnr_gain_db:+.2f} | {ssim:.3f} |  {report.sheet}",
        flush=True,
    )


if __name__ == "__main__":
    main()
