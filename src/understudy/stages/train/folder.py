"""The model folder: what is in it, and that nothing else is written over."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import StoreError
from understudy.files import make_folder, rename
from understudy.flow import Progress
from understudy.nn import checkpoint
from understudy.plugin import Plugin
from understudy.stages.train.live import CONTROL
from understudy.stages.train.scored.kept import CURVE
from understudy.store.atomic import sweep_parts
from understudy.store.lock import WriterLock

_OURS = {"previews", "logs", "preview.png", "cache", checkpoint.BEST, CURVE, CONTROL}


def writing(folder: Path) -> WriterLock:
    """The right to train the model of this folder; models of one project are trained side by side.

    Raises:
        StoreError: the place where the folder is to be cannot be made.
    """
    try:
        make_folder(folder.parent)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror})") from error
    return WriterLock(folder, "model")


def open_folder(
    folder: Path, plugin: Plugin, persons: tuple[str, ...], new: bool, progress: Progress
) -> checkpoint.Checkpoint | None:
    """The checkpoint to go on from, or None for a new model; nothing is moved or made yet.

    Raises:
        StoreError: the folder holds something else, another model, or nothing intact.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder}: expected a model folder, found a file; choose another name")
    sweep_parts(folder)
    if (folder / checkpoint.BEST).is_dir():
        sweep_parts(folder / checkpoint.BEST)
    foreign = _foreign(folder)
    if foreign and not checkpoint.steps(folder):
        raise StoreError(
            f"{folder}: is not a model folder (it holds {', '.join(foreign[:3])}); "
            "choose an empty or a new folder"
        )
    found = None if new else checkpoint.newest(folder)
    if found is not None:
        checkpoint.refuse_other_model(folder, found.state, plugin.name, plugin.version)
        _refuse_other_persons(folder, found.state.persons, persons)
        if found.warning:
            progress.warn(found.warning, code="older-checkpoint", step=found.state.step)
        progress.say(f"going on with {plugin.name} at iteration {found.state.step}")
    return found


def ready_folder(folder: Path, new: bool, progress: Progress) -> None:
    """Make the folder, with a model that is not to be gone on with moved aside.

    Called once all is known that could refuse the training.

    Raises:
        StoreError: it cannot be made.
    """
    if new and folder.exists() and any(folder.iterdir()):
        aside = _free_name(folder)
        rename(folder, aside)
        progress.say(f"the old model was moved to {aside}")
    try:
        make_folder(folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror})") from error


def _refuse_other_persons(folder: Path, known: tuple[str, ...], asked: tuple[str, ...]) -> None:
    if known != asked:
        raise StoreError(
            f"{folder}: holds a model of {', '.join(known)}, not of {', '.join(asked)}; train "
            "those, begin another beside it (understudy train --model-name NAME), or start over "
            "with --new"
        )


def _foreign(folder: Path) -> list[str]:
    """Names in a folder that no model folder has."""
    if not folder.is_dir():
        return []
    names = (p.name for p in sorted(folder.iterdir()) if not p.name.startswith("."))
    return [n for n in names if n not in _OURS and not n.startswith("step_")]


def _free_name(folder: Path) -> Path:
    number = 1
    while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
        number += 1
    return aside
