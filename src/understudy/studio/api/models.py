"""Models while they learn: curves, the sheets of their saves, and what may be set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi import Path as InPath
from fastapi.responses import FileResponse

from understudy.errors import FileAway
from understudy.options import fields_of
from understudy.runs.queue.job import Job
from understudy.runs.queue.store import Queue
from understudy.runs.spec import JobSpec
from understudy.stages.train.live import SWITCHES, read_asked
from understudy.stages.train.options import TrainOptions
from understudy.store.ids import check_id
from understudy.store.project import Project
from understudy.studio.api.numbers import MOST
from understudy.studio.state import Studio

_LEARNS = ("train", "swap", "demo")
_MOST_POINTS = 600
_SCORE = "held_out/combined"
_SHEET = "step_{:08d}.png"


@dataclass(frozen=True)
class Curve:
    """A number over the steps, thinned out evenly where there are very many."""

    name: str
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Learning:
    """How a model learns.

    Attributes:
        job: number of the job that trains it now, or None.
        state: of the last job that trained in this project, or "".
        progress: of that, in words.
        curves: of what was told while it trained, of the last jobs.
        sheets: steps that a sheet of faces was drawn at.
        live: values in use of what may change while it is trained, as they were asked for.
        newest: when the newest sheet was drawn, in seconds since 1970; 0 where there is none.
    """

    job: int | None
    state: str
    progress: str
    curves: list[Curve]
    sheets: list[int]
    newest: float
    live: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wish:
    """What is asked of a training that runs: switches by their options' names, or a sheet."""

    changed: dict[str, Any] = field(default_factory=dict)
    sheet: bool = False


@dataclass(frozen=True)
class Setting:
    """An option as a form shows it; see the options' reference."""

    path: str
    group: str
    help: str
    kind: str
    default: Any
    choices: list[str]
    optional: bool
    many: bool
    low: float | None
    high: float | None
    unit: str
    plugin: bool
    common: bool


def router(studio: Studio) -> APIRouter:
    """Calls on models."""
    calls = APIRouter(tags=["models"])
    base = "/projects/{key}/models/{model}"

    @calls.get(f"{base}/learning", summary="Curves and sheets of a model")
    def learning(key: str, model: str) -> Learning:
        with Project.open(studio.projects.folder(key), read_only=True) as project:
            folder = project.model(check_id("model", model))
            sheets = sorted(
                int(path.stem.removeprefix("step_"))
                for path in (folder / "previews").glob("step_*.png")
                if path.stem.removeprefix("step_").isdecimal()
            )
            newest = folder / "preview.png"
            drawn = newest.stat().st_mtime if newest.is_file() else 0.0
            with Queue() as queue:
                queue.settle()
                mine = [job for job in queue.jobs() if _is_of(job.spec, project, model)]
                last = mine[-1] if mine else None
                points = [
                    *_scores(folder),
                    *(p for job in mine[-5:] for p in _metrics(queue, job.id)),
                ]
        running = last.id if last is not None and last.state in ("running", "waiting") else None
        return Learning(
            running,
            "" if last is None else last.state,
            "" if last is None else last.progress or last.message,
            _curves(points),
            sheets,
            drawn,
            {} if running is None else _live(folder, last),
        )

    @calls.post(f"{base}/live", summary="Ask for a sheet, or for other switches, while it trains")
    def live(key: str, model: str, wish: Wish) -> dict[str, Any]:
        from understudy.runs.models import ask_training

        place = studio.projects.folder(key)
        folder = ask_training(place, check_id("model", model), wish.changed, sheet=wish.sheet)
        return dict(read_asked(folder).changed)

    @calls.get(f"{base}/preview.png", summary="The newest sheet of faces")
    def preview(key: str, model: str) -> FileResponse:
        return _picture(studio, key, model, "preview.png")

    @calls.get(f"{base}/previews/{{step}}.png", summary="The sheet of faces at a step")
    def sheet(key: str, model: str, step: Annotated[int, InPath(ge=0, le=MOST)]) -> FileResponse:
        return _picture(studio, key, model, f"previews/{_SHEET.format(step)}")

    @calls.get("/options/{verb}", summary="What may be set for a piece of work")
    def options(verb: Literal["extract", "train", "convert"]) -> list[Setting]:
        from understudy.plugin import default_registry
        from understudy.runs.settings import options_for, whole_tree

        tree = whole_tree(default_registry())
        return [
            Setting(
                leaf.path,
                leaf.field.group or leaf.owner,
                leaf.field.help,
                leaf.field.kind.__name__,
                leaf.field.default,
                list(leaf.field.choices),
                leaf.field.optional,
                leaf.field.many,
                leaf.field.low,
                leaf.field.high,
                leaf.field.unit,
                leaf.plugin,
                leaf.field.common,
            )
            for leaf in (tree.leaves[path] for path in options_for(tree, verb))
        ]

    return calls


def _picture(studio: Studio, key: str, model: str, name: str) -> FileResponse:
    with Project.open(studio.projects.folder(key), read_only=True) as project:
        place = project.model(check_id("model", model)) / name
    if not place.is_file() or not studio.places.holds(place):
        raise FileAway(f"{model}: has no such picture yet")
    return FileResponse(place, media_type="image/png", headers={"cache-control": "no-cache"})


def _is_of(spec: JobSpec, project: Project, model: str) -> bool:
    if spec.verb not in _LEARNS:
        return False
    folder = str(project.folder)
    if spec.verb == "demo":
        return folder.startswith(spec.resource + "/")
    named = spec.values.get("model_name")
    return spec.resource == folder and named in (None, model)


def _metrics(queue: Queue, number: int) -> Iterator[tuple[str, int, float]]:
    for _, event in queue.events(number):
        if event.kind == "metric" and event.code.startswith(("loss/", "learning_rate", "held_out")):
            step, value = event.data.get("step"), event.data.get("value")
            if isinstance(step, int) and isinstance(value, int | float):
                yield event.code, step, float(value)


def _live(folder: Path, job: Job | None) -> dict[str, Any]:
    """What was asked for while it is trained, over what the job says, over what is usual."""
    usual = {one.name: one.default for one in fields_of(TrainOptions) if one.name in SWITCHES}
    options = None if job is None else job.spec.values.get("options")
    said = options.get("flags", {}) if isinstance(options, dict) else {}
    known = {name: said.get(f"train.{name}", value) for name, value in usual.items()}
    return {**known, **read_asked(folder).changed}


def _scores(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Those that the model keeps itself, wherever it was trained."""
    from understudy.stages.train.scored.kept import read_curve

    for point in read_curve(folder):
        if math.isfinite(point.combined):
            yield _SCORE, point.step, point.combined


def _curves(points: list[tuple[str, int, float]]) -> list[Curve]:
    by_name: dict[str, dict[int, float]] = {}
    for name, step, value in points:
        by_name.setdefault(name, {})[step] = value  # a step that was done again counts as it is now
    curves = []
    for name, values in sorted(by_name.items()):
        steps = sorted(values)
        steps = steps[:: max(1, -(-len(steps) // _MOST_POINTS))]
        curves.append(Curve(name, steps, [values[step] for step in steps]))
    return curves
