"""Whom a project's models were trained on."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.errors import StoreError
from understudy.nn import checkpoint
from understudy.store.project import Project

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
            f"{project.folder}"
        )
    if name is not None:
        raise StoreError(f"{project.folder}: has no trained model {name!r}; there are: {words}")
    if DEFAULT in models:
        return DEFAULT
    if len(models) == 1:
        return next(iter(models))
    raise StoreError(f"{project.folder}: say which model with --model-name; there are: {words}")
