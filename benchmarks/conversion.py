"""Whole conversions of a 1280x720 film, model by model in turn: frames a second from file to file.

    python benchmarks/conversion.py FOLDER [--frames 150] [--repeats 5] [--models quick mesh]

Renders the demo's actors at 1280x720, extracts them once, and makes each model in closed form; what
a conversion costs does not depend on how long a model was trained. Each conversion is timed from
beginning to signed file, with x264 veryfast; the look at its result is timed beside it. Prints the
median and the spread over the repeats, CPU time a frame, and what share of both the look adds.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from pipeline import processor

from understudy.actors.demo import render_clips, synthetic_declarations
from understudy.flow import Silent
from understudy.nn import checkpoint
from understudy.options import from_mapping
from understudy.plugin import default_registry
from understudy.provenance.consent import keep_declarations
from understudy.runs.project import add, extract_source, train_model
from understudy.runs.rendering.renders import Wanted, convert_render, planned
from understudy.runs.rendering.scoring import evaluate_render
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions
from understudy.store.project import Project

SIZE = (1280, 720)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=["quick", "mesh"])
    args = parser.parse_args()
    registry, silent = default_registry(), Silent()
    clips = render_clips(args.folder / "clips", args.frames, silent, SIZE)
    print(f"hardware: {processor()}, {os.cpu_count()} cores; torch {torch.__version__}")
    with Project.open(args.folder / "convert.understudy", create=True) as project:
        keep_declarations(project.consent, synthetic_declarations())
        for person, clip in (("a", clips.a), ("b", clips.b)):
            source = add(project, clip, person)
            extract_source(project, source, ExtractOptions(), registry, silent)
        for model in args.models:
            if checkpoint.newest(project.model(model)) is None:
                options = TrainOptions(model=model, minutes=0, previews=0, score_faces=0)
                train_model(project, ["a", "b"], model, options, registry, silent)
        took: dict[str, list[_Took]] = {model: [] for model in args.models}
        for _ in range(args.repeats):
            for model in args.models:
                took[model].append(_converted(project, args.folder / f"{model}.mp4", model))
    print("| model | frames/s, median (lowest to highest) | CPU-ms a frame | look: s | CPU |")
    print("| --- | --- | --- | --- | --- |")
    for model, times in took.items():
        rates = sorted(one.frames / one.seconds for one in times)
        cpu = median(1000 * one.cpu_s / one.frames for one in times)
        look, look_cpu = (
            median(100 * share for share in shares)
            for shares in (
                [one.look_s / one.seconds for one in times],
                [one.look_cpu_s / one.cpu_s for one in times],
            )
        )
        print(
            f"| {model} | {median(rates):.1f} ({rates[0]:.1f} to {rates[-1]:.1f}) | {cpu:.0f} "
            f"| +{look:.0f} % | +{look_cpu:.0f} % |"
        )


class _Took(NamedTuple):
    """What one conversion took, and the look at its result."""

    frames: int
    seconds: float
    cpu_s: float
    look_s: float
    look_cpu_s: float


def _converted(project: Project, output: Path, model: str) -> _Took:
    """One conversion, and the look at its result."""
    options = from_mapping(
        ConvertOptions, {"overwrite": True, "write": {"h264": {"preset": "veryfast"}}}
    )
    plan = planned(project, Wanted(output, project.sources[0].id, ["all=b"], model), options)
    before = _cpu_s()
    report = convert_render(project, plan, options, default_registry(), Silent())
    between, started = _cpu_s(), time.perf_counter()
    evaluate_render(project, plan, options, default_registry(), Silent())
    seconds = time.perf_counter() - started
    return _Took(report.frames, report.seconds, between - before, seconds, _cpu_s() - between)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
