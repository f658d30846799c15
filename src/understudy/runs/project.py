"""The parts of the job on a project folder: add films, extract, train.

Each can be run alone, any number of times; each goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from understudy.errors import MediaError, NoFaces, OtherSettings, StoreError, ValueRefused
from understudy.files import make_folder
from understudy.flow import Progress
from understudy.media import probe
from understudy.plugin import Registry
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import read_declarations, refuse_forbidden
from understudy.runs.consent.declared import refuse_foreign
from understudy.runs.consent.origins import note_shown, refuse_strange_model
from understudy.runs.models import DEFAULT, trained_persons
from understudy.runs.persons import freshen
from understudy.runs.rendering.judging import Plate, judge_for, plates_of
from understudy.runs.settings import remembering
from understudy.runs.sharing import note, others_of
from understudy.shell import quoted
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, ExtractReport, extract
from understudy.stages.faces.pictures import cut_until
from understudy.stages.faces.views import is_faceset
from understudy.stages.train.learning.run import TrainReport
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, train
from understudy.store.alignments import Alignments, alignments_names
from understudy.store.ids import check_id
from understudy.store.project import ALL, Project, Source
from understudy.store.project.values import SourceKind
from understudy.words import counted


def add(project: Project, media: Path, person: str | None = None) -> Source:
    """Add a film, a folder of images or a folder of face pictures; one that moved is found again.

    Args:
        project: takes it in.
        media: where it is.
        person: id or name of the person whom everybody found in it shows; made when unknown.

    Raises:
        MediaError: it cannot be read.
        StoreError: another film was added from this place before.
        ValueRefused: it is known as another person's; nothing was changed.
    """
    place, fingerprint, kind, have = look_at(project, media, person)
    if have is not None:
        place = _first_place(project, have, place)
    known = None if person is None else project.add_person(person).id
    source = project.add_source(place, fingerprint, known, kind)
    if known is not None:
        note_shown(project, source, {ALL: known})
    return source


def look_at(
    project: Project, media: Path, person: str | None = None
) -> tuple[Path, str, SourceKind, Source | None]:
    """Everything that `add` would refuse, refused; nothing is changed.

    Returns:
        Its place, its fingerprint, what it is, and the source that it is already, or None.

    Raises:
        MediaError, ValueRefused: as `add`.
    """
    place, fingerprint = media, ""
    kind: SourceKind = "faces"
    if not is_faceset(media):
        info = probe(media)
        place, fingerprint, kind = info.path, info.fingerprint, "film"
    have = project.find_source(place, fingerprint)
    if have is not None:
        _check_shown(project, have, person)
    return place, fingerprint, kind, have


def _check_shown(project: Project, source: Source, person: str | None) -> None:
    """Whoever was named first stays: a second name would empty that person's faceset unsaid."""
    shown = source.persons.get(ALL)
    if person is None or shown is None:
        return
    if person not in (shown, project.person(shown).name):
        raise ValueRefused(
            f"{source.id}: everybody in it is {shown} in this project, not {person}; to change "
            f"that: understudy cast name {quoted(project.folder)} {source.id}={person}"
        )


def _first_place(project: Project, source: Source, place: Path) -> Path:
    """Where a film stays: a copy of it is no move while the first one is still there."""
    try:
        first = project.place(source.id)
        same = source.kind == "film" and probe(first).fingerprint == source.fingerprint
    except (StoreError, MediaError):
        return place
    return first if same else place


def protected(project: Project) -> tuple[Path, ...]:
    """What no output of a project may replace: films, their alignments, face pictures, models.

    Also those that are not there at the moment, and where they lay before the project was moved.
    """
    found = [project.folder, *(project.model(name) for name in project.models)]
    for source in project.sources:
        beside = Path(os.path.normpath(project.folder / source.relative))
        for place in dict.fromkeys((source.path, beside)):
            found += [place, *alignments_names(place)]
        found.append(project.folder / "sources" / source.id / "faces")
    return tuple(found)


def source_of(project: Project, word: str) -> Source:
    """The source that people mean: its id, or the place or name of its film.

    Raises:
        StoreError: the project has none such; names those that it has.
        MediaError: there is such a film, but it cannot be read.
    """
    for source in project.sources:
        if word == source.id or Path(word).absolute() == source.path:
            return source
    if Path(word).exists():
        found = project.find_source(Path(word), "" if is_faceset(Path(word)) else _mark(word))
        if found is not None:
            return found
    named = [source for source in project.sources if source.path.name == word]
    return named[0] if len(named) == 1 else project.source(word)


def _mark(word: str) -> str:
    return probe(Path(word)).fingerprint


def extract_source(
    project: Project,
    source: Source,
    options: ExtractOptions,
    registry: Registry,
    progress: Progress,
) -> ExtractReport:
    """Find the faces of one film.

    Raises:
        ValueRefused: it is a folder of face pictures.
        StoreError: the film is another one than was added.
    """
    if source.kind == "faces":
        raise ValueRefused(f"{source.id}: is a folder of face pictures; nothing is to be extracted")
    place = project.place(source.id)
    if probe(place).fingerprint != source.fingerprint:
        raise StoreError(
            f"{place}: is not the film that was added as {source.id}, or it changed since; put "
            "that one back, or add this one under another name"
        )

    def starting_over() -> None:
        numbered = {n: person for n, person in source.persons.items() if n != ALL}
        if not numbered:
            return
        project.name_found(source.id, dict.fromkeys(numbered))
        were = " ".join(f"{source.id}:{n}={person}" for n, person in numbered.items())
        progress.warn(
            f"{source.id}: persons are found anew, under numbers that may be others'; the names "
            f"{were} are taken away: look (understudy cast {quoted(project.folder)}), and name "
            "them again",
            code="names-dropped",
            source=source.id,
            names=numbered,
        )

    def extracted(path: Path) -> ExtractReport:
        inputs = ExtractInputs(place, project.faces(source.id), path, starting_over)
        make_folder(path.parent)
        with remembering(project, "extract", options):
            return extract(inputs, options, registry, progress)

    path, own = project.alignments(source.id), project.own_alignments(source.id, place)
    others = _is_others(project, source, path)
    beginning = options.new and (others or others_of(path, project.folder))
    try:
        report = extracted(own if beginning else path)
    except OtherSettings:
        if not others:
            raise
        progress.say(
            f"{source.id}: {path} was made with other options and stays as it is; this project "
            f"keeps alignments of its own: {own}"
        )
        report = extracted(own)
    note(project, source)
    sheet = freshen(project, project.source(source.id))
    if ALL in source.persons and report.persons > 1:
        progress.warn(
            f"{source.id}: {counted(report.persons, 'person was', 'persons were')} found, and "
            "all of them count as "
            f"{source.persons[ALL]}{'' if sheet is None else f'; their pictures: {sheet}'}; look "
            f"at them with: understudy cast {quoted(project.folder)}",
            code="several-persons",
            source=source.id,
            persons=report.persons,
        )
    return report


def _is_others(project: Project, source: Source, path: Path) -> bool:
    """Whether alignments are there that this project has not used as yet."""
    faces = project.faces(source.id)
    beside = not path.is_relative_to(project.folder)
    return beside and path.exists() and cut_until(faces, source.fingerprint) is None


def is_extracted(project: Project, source: Source) -> bool:
    """Whether every frame of a film was looked at."""
    path = project.alignments(source.id)
    if not path.exists():
        return False
    with Alignments.open(path, read_only=True) as store:
        return store.finished


def persons_to_train(project: Project, persons: Sequence[str], name: str) -> list[str]:
    """Whom a model is trained on: those named, those it knows, or everybody with face pictures.

    Raises:
        StoreError: no such person, or fewer than two are left.
        NoFaces: somebody named has no face pictures.
    """
    known = [project.person(person).id for person in dict.fromkeys(persons)]
    if not known:
        known = list(trained_persons(project, name))
    if not known:
        known = [p.id for p in project.persons if project.faceset(p.id)]
        if len(known) < 2:
            raise StoreError(
                f"{project.folder}: {' and '.join(known) or 'nobody'} has face pictures, and a "
                "model is trained on two persons or more; add their films, extract them, and say "
                f"who is in them: understudy add {quoted(project.folder)} FILM --person NAME"
            )
    if len(known) < 2:
        raise ValueRefused(f"--persons: expected two or more, got {', '.join(known)}")
    for person in known:
        if not project.faceset(person):
            raise NoFaces(
                f"{person} has no face pictures; extract the films of {person}, or say in which "
                f"films {person} is: understudy cast {quoted(project.folder)}"
            )
    return known


def train_model(
    project: Project,
    persons: Sequence[str],
    name: str | None,
    options: TrainOptions,
    registry: Registry,
    progress: Progress,
    begun: Callable[[Path], None] | None = None,
    plates: Sequence[Plate] = (),
) -> TrainReport:
    """Train a model of the project, or go on training it.

    Args:
        project: has the face pictures.
        persons: ids; nobody named takes those the model knows, or everybody with face pictures.
        name: of the model; None takes `models.DEFAULT`.
        options: of the stage.
        registry: of plug-ins.
        progress: told what is done.
        begun: see `TrainInputs`.
        plates: films that the model is for, whose faces it is scored on while it learns; none
            takes those that the project knows of, see `judging.plates_of`.

    Raises:
        ValueRefused: the model was trained on other persons.
        ConsentMissing: somebody's consent is gone, or they were not declared: see `origins`.
    """
    name = check_id("model", name or DEFAULT)
    chosen = persons_to_train(project, persons, name)
    refuse_foreign(project, chosen)
    today = AuditLog(project.audit).today()
    refuse_forbidden(read_declarations(project.consent), chosen, today, str(project.folder))
    before = trained_persons(project, name)
    if before and sorted(before) != sorted(chosen) and not options.new:
        raise ValueRefused(
            f"the model {name} was trained on {', '.join(before)}, not on {', '.join(chosen)}; "
            "give the new one another --model-name, or say --new to start it over"
        )
    if before and not options.new:
        chosen = list(before)
    if not options.new:
        refuse_strange_model(project, name, chosen, progress)
    progress.say(f"model {name}: {', '.join(chosen)}")
    facesets = {person: project.faceset(person) for person in chosen}
    # a first look is not how long this project is to be trained
    looks_only = not options.minutes and not options.iterations
    known = plates or plates_of(project, name, chosen)
    judge = judge_for(project, known, options, registry, progress)
    with nullcontext() if looks_only else remembering(project, "train", options):
        inputs = TrainInputs(facesets, project.model(name), begun, judge)
        return train(inputs, options, progress, registry)
