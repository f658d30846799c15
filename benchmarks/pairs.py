"""A plate and a donor of one's own, swapped by several models at equal CPU time.

    OMP_NUM_THREADS=1 python benchmarks/pairs.py PROJECT PLATE DONOR [--seconds 600]
        [--models mesh quick] [--every-figure]

PROJECT has the faces of both persons extracted and their consent declared (`understudy swap PLATE
DONOR --minutes 0` leaves such a one); PLATE and DONOR are persons of it. Each model is trained on
one thread until its process has used up its seconds, reading faces included, then the plate's
first film is converted and scored. `mesh:0` is the closed form, without training. Prints one row a
model: the score, how eyes and mouth follow by the landmarks that drive the mesh and by others
(r of plate and output), the mouth's error, the head's, how far the face is the donor's and still
the plate's (cosines), sharpness against the donor's own, and flicker against the plate's.

A model that is there already is not trained again. The outputs lie in the project's folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from swap_models import trained

from understudy.flow import Silent
from understudy.plugin import default_registry
from understudy.runs.rendering.renders import Wanted, make_render, planned
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.evaluate.report import PartReport
from understudy.store.project import Project

FIGURES = (
    ("eyes r", ("eyes by", ": r")),
    ("mouth r", ("mouth by", ": r")),
    ("mouth error", ("mouth by", ": error")),
    ("gaze r", ("gaze", "sideways: r")),
    ("yaw off", ("pose", "yaw")),
    ("pitch off", ("pose", "pitch")),
    ("donor", ("cosine to the donor",)),
    ("plate", ("cosine to the plate",)),
    ("sharpness", ("sharpness", "donor's own")),
    ("flicker", ("flicker", "plate's own")),
)
"""Columns, and what the names of their figures hold."""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("plate")
    parser.add_argument("donor")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--models", nargs="+", default=["mesh:0", "mesh", "quick"])
    parser.add_argument("--every-figure", action="store_true")
    args = parser.parse_args()
    folder: Path = args.project
    names = " | ".join(name for name, _ in FIGURES)
    print(f"| model | iterations | score | {names} |")
    print("| --- " * (3 + len(FIGURES)) + "|")
    with Project.open(folder) as project:
        for asked in args.models:
            model, _, seconds = asked.partition(":")
            name = asked.replace(":", "")
            budget = float(seconds or args.seconds)
            trained(project, [args.plate, args.donor], model, budget, name)
            _swap(project, name, args.plate, args.donor, args.every_figure)


def _swap(project: Project, name: str, plate: str, donor: str, every: bool) -> None:
    options = ConvertOptions(overwrite=True)
    film = project.sources_of(plate)[0].id
    wanted = Wanted(project.folder / f"{plate}-{name}.mp4", film, [f"all={donor}"], name)
    plan = planned(project, wanted, options)
    report = make_render(project, plan, options, default_registry(), Silent())
    (part,) = report.scores.parts.values()
    columns = " | ".join(_told(part, words) for _, words in FIGURES)
    step = report.converted.model_step
    print(f"| {name} | {step} | {part.combined:.0f} | {columns} | {report.sheet}", flush=True)
    if every:
        for key, score in part.scores.items():
            for figure in score.figures:
                print(f"    {key}: {figure.name} {figure.unit}: {figure.swap:.3f}", flush=True)


def _told(part: PartReport, words: tuple[str, ...]) -> str:
    """The figures whose names hold these words, one for each reader."""
    every = [(f"{key}: {f.name}", f) for key, score in part.scores.items() for f in score.figures]
    found = [f"{f.swap:.2f}" for name, f in every if all(word in name for word in words)]
    return ", ".join(found) or "-"


if __name__ == "__main__":
    main()
