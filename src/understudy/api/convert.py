"""`convert`: put trained faces into a film; refused without consent, labelled always."""

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
from understudy.api.who import Casting, Persons, cast
from understudy.errors import ConsentMissing
from understudy.files import make_folder
from understudy.plugin import default_registry
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import Declaration, read_declarations
from understudy.stages.convert.stage import ConvertInputs, ConvertReport
from understudy.stages.convert.stage import convert as run
from understudy.stages.release.stage import Label

Consent: TypeAlias = "str | os.PathLike[str] | Sequence[Declaration]"
"""A consent.toml, or declarations."""


def convert(
    film: Film | str | os.PathLike[str],
    model: Model | str | os.PathLike[str],
    casting: Casting,
    *,
    output: str | os.PathLike[str],
    consent: Consent,
    persons: Persons | None = None,
    alignments: Alignments | str | os.PathLike[str] | None = None,
    work: str | os.PathLike[str] | None = None,
    knobs: Mapping[str, Any] | None = None,
    progress: Watch = True,
    **options: Any,
) -> ConvertReport:
    """Convert a film with a model, and sign the result as what it is.

    Everybody whose face is replaced or put in needs a valid declaration of consent, as on the
    command line; what is written carries signed Content Credentials that say so. Finished segments
    are kept, so that a conversion that was broken off goes on where it was; called again with the
    same choices it finds its output finished. A score and a contact sheet are made of it by
    `understudy score FILM OUTPUT --donor FILM`.

    Args:
        film: the footage, extracted before.
        model: a trained model, or its folder.
        casting: who becomes whom. `{"ann": "bob"}` says that the film shows ann, who becomes bob.
            Where several people were found in it, `persons` says who they are, and the casting may
            name them, their numbers, or "all" for everybody who is not named; each becomes a person
            of the model, or None or "leave" leaves them. A person of the model alone stands for
            what everybody becomes.
        output: a film (`.mp4`, `.mov`, `.mkv`, `.webm`), or a folder's name without ending for
            pictures.
        consent: a consent.toml, as `understudy consent` writes it, or `Declaration`s.
        persons: who the people found in the film are, as the consent calls them: `"ann"` for
            everybody, or by the numbers that `Alignments.persons` has, `{0: "ann", 1: "cy"}`.
        alignments: the film's faces; None takes those beside it.
        work: folder for segments and the log of what was made with whose consent; None takes
            `OUTPUT.work` beside the output.
        knobs: values for what the model lets one choose, such as `{"morph": 0.5, "toward": "ann"}`.
        progress: who watches, as in `extract`.
        **options: of conversion (`mask`, `feather`, `faces`, `match_colour`, `overwrite`, `crf`).

    Returns:
        What was made: `.output`, `.frames`, `.swapped_faces`, `.parts`.

    Raises:
        ConsentMissing: somebody has no valid declaration; says who. Nothing was written.
        ValueRefused: the casting names somebody who is not in the film or not in the model, or it
            is not clear who is in the film.
        StoreError, MediaError, NoFaces: footage, faces, model or consent are missing or foreign, or
            the output is there already.
        InUse: another process makes the same.
        DiskFull: segments written so far stay.
        Cancelled: after Ctrl-C; finished segments are kept.

    Example:
        >>> becomes, declared = {"ann": "bob"}, "consent.toml"
        >>> done = convert("ann.mp4", "pair", becomes, output="out.mp4", consent=declared)
        >>> done.frames, done.swapped_faces, done.parts
        (16, 16, {'0 -> bob': 16})
    """
    trained = model if isinstance(model, Model) else Model(model)
    settings = chosen("convert", {"device": trained.device, **options})
    found = alignments if isinstance(alignments, Alignments) else Alignments(alignments or film)
    parts = cast(casting, persons, found.where().persons, trained.persons)
    target = Path(output)
    place = Path(f"{target}.work") if work is None else Path(work)
    inputs = ConvertInputs(
        media=film.path if isinstance(film, Film) else Path(film),
        alignments=found.path,
        faces=found.faces,
        model=trained.path,
        output=target,
        work=place,
        label=Label(
            declarations=_declared(consent),
            plates=parts.plates,
            donors=parts.donors,
            audit=AuditLog(place / "audit.jsonl"),
        ),
        casting=parts.casting,
        knobs=knobs or {},
    )
    make_folder(place)
    with watching(progress) as told:
        return run(inputs, settings, default_registry(), told)


def _declared(consent: Consent) -> list[Declaration]:
    if not isinstance(consent, (str, os.PathLike)):
        return list(consent)
    file = Path(consent)
    if not file.is_file():
        raise ConsentMissing(
            f"{file}: there is no such consent file; write one with understudy consent, or give "
            "understudy.Declaration(...) of each person"
        )
    return read_declarations(file)
