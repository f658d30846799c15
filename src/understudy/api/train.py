"""`train`: teach a model two or more persons."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from understudy.api.alignments import Alignments
from understudy.api.bars.progress import Watch, watching
from understudy.api.film import Film
from understudy.api.model import Model
from understudy.api.settings import chosen
from understudy.errors import ValueRefused
from understudy.plugin import default_registry
from understudy.stages.train.stage import TrainInputs
from understudy.stages.train.stage import train as run
from understudy.store.alignments.query import Query
from understudy.store.faceset import FaceFolder
from understudy.store.ids import check_id

Faceset: TypeAlias = "Alignments | Film | str | os.PathLike[str]"
"""A folder of face pictures, or a film's faces, all of them or those of a person."""

_WHOLE_TRACKS = {"person", "track", "tracked"}


def train(
    persons: Mapping[str, Faceset | Sequence[Faceset]],
    model: str = "auto",
    *,
    into: str | os.PathLike[str] = "model",
    minutes: float | None = None,
    iterations: int | None = None,
    progress: Watch = True,
    **options: Any,
) -> Model:
    """Train a model of two or more persons, or go on training it.

    A checkpoint is written every few minutes, at the end and after Ctrl-C; called again with the
    same folder, training goes on from the newest, bit for bit as if it had not been broken off.

    Args:
        persons: each person's faces by the id that they shall have: a folder of face pictures, the
            `Alignments` of a film (`found.where(person=0)` where several people are in it), or
            several of these.
        model: a model's name, see `understudy plugins`; `auto` goes on with the one that is
            there, else takes mesh, or quick where faces have no mesh.
        into: the model folder; made when it is not there.
        minutes: minutes of training that the model gets in all, earlier runs included.
        iterations: exactly so many iterations in all, instead of minutes.
        progress: who watches, as in `extract`.
        **options: of training, such as `batch=8` or `seed=2`, and the model's own
            (`swap={"original": {...}}`).

    Returns:
        The model.

    Raises:
        NoFaces: a person has no face picture.
        ValueRefused: fewer than two persons, faces chosen by other things than person or track, or
            an option that is not there.
        StoreError: the folder holds another model, or one of other persons.
        InUse: another process trains this model.
        TrainingError: the loss is not finite; the last checkpoint is good.
        DiskFull: the last checkpoint could not be written; the one before is good.
        Cancelled: after Ctrl-C; the model is saved.

    Example:
        >>> faces = {"ann": "ann.faces", "bob": Alignments("bob.mp4")}
        >>> model = train(faces, iterations=2, into="pair", batch=2)
        >>> model.persons, model.step
        (('ann', 'bob'), 2)
    """
    plan = {"minutes": minutes, "iterations": iterations}
    given = {name: value for name, value in plan.items() if value is not None}
    settings = chosen("train", {"model": model, **given, **options})
    facesets = {check_id("person", id_): _folders(id_, faces) for id_, faces in persons.items()}
    with watching(progress) as told:
        run(TrainInputs(facesets, Path(into)), settings, told, default_registry())
    return Model(into, device=settings.device)


def _folders(person: str, faces: Faceset | Sequence[Faceset]) -> list[FaceFolder]:
    many = [faces] if isinstance(faces, (str, os.PathLike, Alignments, Film)) else list(faces)
    if not many:
        raise ValueRefused(f"{person}: expected a folder of face pictures, or a film's alignments")
    return [_folder(person, one) for one in many]


def _folder(person: str, faces: Faceset) -> FaceFolder:
    if isinstance(faces, Film):
        faces = Alignments(faces)
    if not isinstance(faces, Alignments):
        return FaceFolder(Path(faces))
    asked = {name for name in Query.__dataclass_fields__ if getattr(faces.query, name) is not None}
    if asked - _WHOLE_TRACKS:
        raise ValueRefused(
            f"{person}: faces for training are chosen by person or track, not by "
            f"{', '.join(sorted(asked - _WHOLE_TRACKS))}; delete the pictures that should not be "
            f"learnt from {faces.faces}"
        )
    tracks = frozenset(track.number for track in faces.tracks) if asked else None
    return FaceFolder(faces.faces, tracks, faces.path)
