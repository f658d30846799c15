"""`train`: teach a model two or more persons."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from understudy.api.alignments import Alignments
from understudy.api.bars.progress import Watch, watching
from understudy.api.film import Film
from understudy.api.model import Model
from understudy.api.settings import chosen
from understudy.errors import UnderstudyError, ValueRefused
from understudy.plugin import default_registry
from understudy.runs.rendering.judging import Found, Plate, judge_of
from understudy.stages.evaluate.donors import Donor
from understudy.stages.faces.pictures import alignments_of_pictures
from understudy.stages.train.stage import TrainInputs
from understudy.stages.train.stage import train as run
from understudy.store.alignments import Alignments as Store
from understudy.store.alignments.query import Query
from understudy.store.faceset import FaceFolder
from understudy.store.ids import check_id
from understudy.store.project import ALL

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

    The model is scored while it learns as `understudy train` does it: on faces of the first
    person's film, made the second person, that it does not learn from (`score_faces=0` leaves that
    out). The film has to lie beside its alignments.

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
    footage = {id_: list(map(_footage, folders)) for id_, folders in facesets.items()}
    registry = default_registry()
    with watching(progress) as told:
        plates = _plates(list(facesets), footage)
        judge = judge_of(plates, footage, settings, registry, told)
        run(TrainInputs(facesets, Path(into), judge=judge), settings, told, registry)
    return Model(into, device=settings.device)


def _footage(faces: FaceFolder) -> Donor:
    """What a folder of face pictures is of, as the score looks at it."""
    path = faces.alignments or alignments_of_pictures(faces.path)
    if path is None or faces.tracks is None:
        return Donor(path, None, faces.path)
    with Store.open(path, read_only=True) as store:
        found = (t.person for t in store.tracks() if t.number in faces.tracks)
        return Donor(path, frozenset(n for n in found if n is not None), faces.path)


def _plates(persons: Sequence[str], footage: Mapping[str, Sequence[Donor]]) -> list[Plate]:
    """The first person's first film that is there, as the second person."""
    for known in footage[persons[0]] if len(persons) > 1 else ():
        if known.alignments is None or known.faces is None:
            continue
        with suppress(UnderstudyError), Store.open(known.alignments, read_only=True) as store:
            film = known.alignments.with_name(store.source.name)
            if film.exists() and store.finished:
                who = (ALL,) if known.persons is None else map(str, sorted(known.persons))
                place = Found(film.name, film, known.alignments, known.faces)
                return [Plate(place, dict.fromkeys(who, persons[1]))]
    return []


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
