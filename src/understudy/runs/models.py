"""A project's models: which there are, whom they were trained on, how far they are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from understudy.errors import PluginError, StoreError
from understudy.nn import checkpoint
from understudy.plugin import Registry
from understudy.shell import quoted
from understudy.stages.train.live import ask
from understudy.stages.train.scored.kept import Best, read_best
from understudy.store.ids import check_id
from understudy.store.project import Project
from understudy.swap import Knob, read_knobs

DEFAULT = "model"
"""Name of the model when nobody says another."""


def trained_persons(project: Project, name: str) -> tuple[str, ...]:
    """The persons that a model knows, in its order; nobody where it was never saved.

    Raises:
        StoreError: the folder holds checkpoints, but none that can be read.
    """
    folder = project.model(name)
    found = checkpoint.newest(folder) if folder.is_dir() else None
    return () if found is None else found.state.persons


def trained_options(project: Project, name: str | None = None) -> Mapping[str, Any]:
    """The options that a model was trained with last, plain data; none where it was never saved.

    Raises:
        StoreError: the folder holds checkpoints, but none that can be read.
    """
    folder = project.model(name or DEFAULT)
    found = checkpoint.newest(folder) if folder.is_dir() else None
    return {} if found is None else {**found.state.training, "model": found.state.model}


def ask_training(
    folder: Path, name: str | None, changed: Mapping[str, Any], *, sheet: bool = False
) -> Path:
    """Ask something of the training of a project's model that runs now; see `live.ask`.

    Args:
        folder: of the project.
        name: of the model; None takes `DEFAULT`.
        changed: switches to be set.
        sheet: whether a sheet of faces is to be drawn at once.

    Returns:
        The model's folder.

    Raises:
        ValueRefused: nobody trains it now, or as `live.checked`.
        StoreError: there is no such project.
    """
    with Project.open(folder, read_only=True) as project:
        model = project.model(check_id("model", name or DEFAULT))
    ask(model, changed, sheet=sheet)
    return model


def persons_by_model(project: Project) -> Mapping[str, tuple[str, ...]]:
    """All models of a project that were saved at least once."""
    found = {name: trained_persons(project, name) for name in project.models}
    return {name: persons for name, persons in found.items() if persons}


def chosen_model(project: Project, name: str | None) -> str:
    """The model that is meant: the one named, the default one, or the only one.

    Raises:
        StoreError: there is none, or several and none is named; lists them with their persons.
    """
    models = persons_by_model(project)
    if name in models:
        return str(name)
    words = "; ".join(f"{m} ({', '.join(persons)})" for m, persons in models.items())
    if not models:
        raise StoreError(
            f"{project.folder}: holds no trained model; train first: understudy train "
            f"{quoted(project.folder)}"
        )
    if name is not None:
        raise StoreError(f"{project.folder}: has no trained model {name!r}; there are: {words}")
    if DEFAULT in models:
        return DEFAULT
    if len(models) == 1:
        return next(iter(models))
    raise StoreError(f"{project.folder}: say which model with --model-name; there are: {words}")


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What is known of a model of a project.

    Attributes:
        name: its id.
        folder: where it lies.
        persons: ids of the persons it can show, in its order.
        plugin: what it is made by, as "name@version", or "" where nothing was saved.
        step: iterations trained.
        losses: last mean loss by person.
        best: the best of its scored states, or None.
        n_bytes: of all that lies in its folder.
        trouble: why nothing more can be said of it, or "".
    """

    name: str
    folder: Path
    persons: tuple[str, ...] = ()
    plugin: str = ""
    step: int = 0
    losses: Mapping[str, float] = field(default_factory=dict)
    n_bytes: int = 0
    trouble: str = ""
    best: Best | None = None


def trained_models(project: Project) -> list[TrainedModel]:
    """All models of a project by name, also those that cannot be read; nothing is changed."""
    return [_look_at(name, project.model(name)) for name in project.models]


def knobs_of(plugin: str, registry: Registry) -> Mapping[str, Knob]:
    """What a kind of model lets one choose at a conversion; nothing where it is not installed.

    Args:
        plugin: as `TrainedModel` has it, "name@version".
        registry: of plug-ins.
    """
    try:
        found = registry.get("swap", plugin.partition("@")[0]).load().knobs
    except (PluginError, AttributeError):
        return {}
    return found if isinstance(found, Mapping) else {}


class Untrained(NamedTuple):
    """What is known of a model's knobs before it stands."""

    knobs: Mapping[str, Knob]
    persons: tuple[str, ...]


def refuse_unknown_knobs(
    project: Project, model: str, said: Sequence[str], registry: Registry
) -> None:
    """Refuse knobs that a trained model does not have, without loading it.

    Raises:
        ValueRefused: as `read_knobs`; what a model tells of only when it stands is not judged.
    """
    state = None if (found := checkpoint.newest(project.model(model))) is None else found.state
    known = {} if state is None else knobs_of(state.model, registry)
    if state is not None and known:
        read_knobs(Untrained(known, tuple(state.persons)), said)


def _look_at(name: str, folder: Path) -> TrainedModel:
    n_bytes = _bytes_in(folder)
    try:
        found = checkpoint.newest(folder)
    except StoreError as error:
        return TrainedModel(name, folder, n_bytes=n_bytes, trouble=str(error))
    if found is None:
        return TrainedModel(name, folder, n_bytes=n_bytes, trouble="nothing was saved yet")
    s = found.state
    plugin = f"{s.model}@{s.model_version}"
    best = read_best(folder)
    return TrainedModel(name, folder, s.persons, plugin, s.step, s.losses, n_bytes, best=best)


def _bytes_in(folder: Path) -> int:
    """Bytes of all files below a folder; what goes away meanwhile counts nothing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(root) / name).lstat().st_size
    return total
