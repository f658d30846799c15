"""Putting work into the queue, and seeing to it that somebody carries it out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from understudy.errors import InUse, ValueRefused
from understudy.options.tree import Tree
from understudy.plugin import default_registry
from understudy.runs.perform import check
from understudy.runs.queue import behind
from understudy.runs.queue.job import Job
from understudy.runs.queue.store import Queue
from understudy.runs.settings import Said, options_for, settled, whole_tree
from understudy.runs.spec import JobSpec
from understudy.store.project import Project, Source
from understudy.studio.places import Places

_VALUES: Mapping[str, Mapping[str, Any]] = {
    "extract": {"films": []},
    "train": {"persons": [], "model_name": None},
    "convert": {
        "output": None,
        "source": None,
        "cast": [],
        "model_name": None,
        "render_name": None,
        "swap": False,
    },
}
"""What can be done with a project, and its values where nothing is said."""


def project_job(
    places: Places,
    folder: Path,
    verb: str,
    values: Mapping[str, Any],
    options: Mapping[str, Any],
) -> JobSpec:
    """A piece of work on a project, checked as far as it can be before it is begun.

    Args:
        places: every path that is named must lie in them.
        folder: of the project.
        verb: "extract", "train" or "convert".
        values: of the verb; those not named are as on the command line.
        options: of the stage, by path: `{"train.minutes": 5}`.

    Raises:
        ValueRefused: says which value, and what is expected.
    """
    if verb not in _VALUES:
        raise ValueRefused(f"verb: expected one of {', '.join(_VALUES)}, got {verb!r:.40}")
    tree = whole_tree(default_registry())
    said = said_for(tree, verb, options)
    named = values.get("output")
    output = Path(named) if isinstance(named, str) and named else None
    with Project.open(folder, read_only=True) as project:
        settled(verb, said, project, tree, output=output).of(tree, verb)
    for words in _texts([dict(values), dict(options)]):
        _refuse_outside(places, folder, words)
    whole = {**_VALUES[verb], **values, "project": str(folder), "options": said}
    # Relative paths count from the folder that the project lies in, where people look for outputs.
    plain = JobSpec.of(verb, resource=folder, wish=said.device(verb), **whole)
    spec = JobSpec(plain.verb, plain.values, str(folder.parent), str(folder), plain.device)
    check(spec)
    return spec


def said_for(tree: Tree, stage: str, options: Mapping[str, Any]) -> Said:
    """What a call says for a stage, checked.

    Args:
        tree: of all options.
        stage: its name.
        options: of the stage and its plug-ins, by path.

    Raises:
        ValueRefused: a value that is not allowed, or an option of something else.
    """
    known = frozenset(options_for(tree, stage))
    for path in options:
        if path not in known:
            raise ValueRefused(f"{path:.80}: {stage} has no such option")
    return Said(flags={path: tree.checked(path, value) for path, value in options.items()})


def renew_job(project: Project, source: Source) -> JobSpec:
    """Making again what is out of date in a film that was edited."""
    values: dict[str, Any] = {
        "file": str(project.alignments(source.id)),
        "media": str(project.place(source.id)),
        "faces": str(project.faces(source.id)),
        "forget": False,
        "signals": False,
        "device": "auto",
    }
    folder = project.folder
    spec = JobSpec("alignments redo", values, str(folder.parent), str(folder))
    check(spec)
    return spec


def demo_job(places: Places, folder: str, minutes: float, frames: int) -> JobSpec:
    """The demo as a piece of work.

    Args:
        places: the folder must lie in them.
        folder: where everything of it is put.
        minutes: of training.
        frames: of its film, 20 to 2000.

    Raises:
        ValueRefused: says which value, and what is expected.
    """
    if not 0 <= minutes <= 24 * 60:
        raise ValueRefused(f"minutes: expected 0 to {24 * 60}, got {minutes}")
    if not 20 <= frames <= 2000:
        raise ValueRefused(f"frames: expected 20 to 2000, got {frames}")
    there = places.path(folder)
    values: dict[str, Any] = {"out": str(there), "minutes": float(minutes), "frames": frames}
    spec = JobSpec("demo", values, str(there.parent), str(there))
    check(spec)
    return spec


def add(spec: JobSpec) -> Job:
    """Put work into the queue, and begin to carry the queue out where nobody does.

    Returns:
        The job.
    """
    with Queue() as queue:
        number = queue.add(spec)
        ensure_run(queue)
        return queue.job(number)


def ensure_run(queue: Queue) -> None:
    """Begin a run of the queue behind, unless one is at work."""
    try:
        behind.begin(queue)
    except InUse:
        return


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _refuse_outside(places: Places, folder: Path, words: str) -> None:
    """Refuse text that, taken as a path, would lead out of the allowed folders.

    Which values are paths is the verbs' own matter, and some take an id or a path; so all text is
    judged. What is no path lies, taken as one, in the project's folder, and passes.
    """
    if "\0" in words:
        raise ValueRefused("a value holds a zero byte")
    places.path(os.path.join(folder.parent, os.path.expanduser(words)))  # noqa: PTH111, PTH118
