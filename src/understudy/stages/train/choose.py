"""Which model is trained where nobody says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from understudy.flow import Progress
from understudy.nn import checkpoint
from understudy.plugin import Plugin, Registry
from understudy.stages.faces.found import Finder
from understudy.stages.train.options import MODELS, TrainOptions
from understudy.store.faceset import FaceFolder, read_record

_ASKED = 32
"""Pictures of each folder that are asked for a mesh: a folder is of one film, whose faces have
meshes or have not. A single one that has none is named when it is cut."""


def chosen_model(
    facesets: Mapping[str, Sequence[FaceFolder]],
    folder: Path,
    options: TrainOptions,
    registry: Registry,
    progress: Progress,
) -> Plugin:
    """The model that is asked for; for `auto` the one that is there, else the best that can be.

    The first choice is drawn on meshes. Landmarks of other tools and the last-resort aligner come
    without, and a person who imported a faceset wants to train, not to be refused.

    Args:
        facesets: of each person.
        folder: of the model.
        options: of training.
        registry: of plug-ins.
        progress: told why the first choice is not taken.

    Raises:
        PluginError: an unknown model.
        StoreError: a picture that is damaged, or not ours.
    """
    if options.model != "auto":
        return registry.get("swap", options.model)
    found = None
    if not options.new and folder.is_dir():
        found = checkpoint.newest(folder)
    if found is not None:
        return registry.get("swap", found.state.model)
    first, last_resort = MODELS.auto
    flat = [folder for faceset in facesets.values() for folder in faceset]
    with Finder(flat, registry) as finder:
        without = next((one.path for one in flat if not _meshed(one, finder)), None)
    if without is None:
        return registry.get("swap", first)
    progress.warn(
        f"model: {last_resort} is used, because faces in {without} have no mesh, which {first} "
        "is drawn on; if their film is at hand, make them: understudy alignments redo FILM "
        "--signals, and train with --new",
        code="last-resort",
        part="model",
        used=last_resort,
    )
    return registry.get("swap", last_resort)


def _meshed(folder: FaceFolder, finder: Finder) -> bool:
    """Whether faces of a folder have meshes that are theirs."""
    pictures = folder.pictures()
    chosen = np.linspace(0, len(pictures) - 1, min(_ASKED, len(pictures))).astype(int)
    for path in (pictures[i] for i in np.unique(chosen)):
        record = read_record(path)
        row = finder.face(record)
        known = {*record.face.extras, *(row.extras if row is not None else ())}
        if "mesh" not in known or (row is not None and "extra:mesh" in row.stale):
            return False
    return True
