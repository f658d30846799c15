"""The projects in the allowed folders, and what can be said of each at a glance."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.errors import FileAway, StoreError, UnderstudyError
from understudy.files import PROJECT_FILE
from understudy.media import probe
from understudy.media.health import remarks
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import read_declarations
from understudy.runs.consent.declared import foreign
from understudy.shell import quoted
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset
from understudy.store.project import Project, Source
from understudy.studio.places import Places

_DEPTH = 4
_MOST = 1000


@dataclass(frozen=True, slots=True)
class FilmState:
    """A film or folder of a project.

    Attributes:
        id: of the source.
        name: of its file or folder.
        kind: "film", or "faces" for a folder of face pictures.
        width, height: of its frames in pixels; 0 where they are not known.
        frames: how many the file declares, or were read; 0 where that is not known.
        looked_at: how many frames extraction has looked at.
        finished: whether it has looked at all of them.
        faces: how many were found.
        found: how many persons were found.
        shows: number found, or "all", to the id of the person.
        health: remarks on the film, such as that it is interlaced.
        trouble: why nothing more can be said of it, or "".
    """

    id: str
    name: str
    kind: str
    width: int = 0
    height: int = 0
    frames: int = 0
    looked_at: int = 0
    finished: bool = False
    faces: int = 0
    found: int = 0
    shows: Mapping[str, str] | None = None
    health: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PersonState:
    """A person of a project.

    Attributes:
        id, name: of the person.
        consent: "declared" where a conversion is allowed, else "missing" or "refused".
        why: what stands against it, or "".
    """

    id: str
    name: str
    consent: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class ModelState:
    """A trained model: `score` is 0 to 100, or None where it was never scored."""

    name: str
    persons: tuple[str, ...]
    plugin: str
    step: int
    losses: Mapping[str, float]
    score: float | None
    n_bytes: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class RenderState:
    """A render: `output` as its path is shown, `made` whether it is there."""

    id: str
    source: str
    model: str
    output: str
    made: bool


@dataclass(frozen=True, slots=True)
class ProjectState:
    """A project at a glance.

    Attributes:
        key: names it in addresses.
        name: of its folder.
        place: its folder as it is shown.
        sources, persons, models, renders: what is in it.
        next: what would be done next, in words.
        command: the same for a terminal, or "" where nothing is left to do.
        trouble: why it cannot be opened, or "".
    """

    key: str
    name: str
    place: str
    sources: tuple[FilmState, ...] = ()
    persons: tuple[PersonState, ...] = ()
    models: tuple[ModelState, ...] = ()
    renders: tuple[RenderState, ...] = ()
    next: str = ""
    command: str = ""
    trouble: str = ""


class Projects:
    """Finds the projects in the allowed folders; opens each only to read."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[str, Path] = {}

    def folders(self) -> list[Path]:
        """Project folders, by name, at most so deep that a home folder is searched at once."""
        found = sorted({path for root in self._places.roots for path in _under(root, _DEPTH)})
        self._known = {key_of(path): path for path in found[:_MOST]}
        return list(self._known.values())

    def folder(self, key: str) -> Path:
        """The folder of a project by its key.

        Raises:
            FileAway: there is no such project in the allowed folders.
        """
        if key not in self._known:
            self.folders()
        path = self._known.get(key)
        if path is None or not self._places.holds(path) or not (path / PROJECT_FILE).is_file():
            raise FileAway("there is no such project in the folders of this studio")
        return path

    def source(self, key: str, id_: str) -> tuple[Project, Source]:
        """A project, open to read, and one of its sources.

        Raises:
            FileAway: there is no such project, or no such source in it.
            ValueRefused: the source lies outside of the allowed folders.
        """
        project = Project.open(self.folder(key), read_only=True)
        for source in project.sources:
            if source.id == id_:
                self._places.path(project.place(id_))
                return project, source
        raise FileAway("there is no such film in this project")

    def state(self, folder: Path) -> ProjectState:
        """A project at a glance; one that cannot be read says why instead of raising."""
        words = self._places.words(folder)
        try:
            with Project.open(folder, read_only=True) as project:
                return self._state(project, words)
        except UnderstudyError as error:
            return ProjectState(key_of(folder), folder.name, words, trouble=str(error))

    def _state(self, project: Project, words: str) -> ProjectState:
        # Here, since it imports PyTorch: the studio is to answer before that is there.
        from understudy.runs.models import trained_models

        sources = tuple(self._film(project, source) for source in project.sources)
        persons = _persons(project)
        models = tuple(
            ModelState(
                m.name,
                m.persons,
                m.plugin,
                m.step,
                m.losses,
                m.best.combined if m.best else None,
                m.n_bytes,
                m.trouble,
            )
            for m in trained_models(project)
        )
        renders = tuple(
            RenderState(r.id, r.source, r.model, self._places.words(r.output), r.output.exists())
            for r in project.renders
        )
        wanted, command = _next(project.folder, sources, persons, models, renders)
        return ProjectState(
            key_of(project.folder),
            project.folder.name,
            words,
            sources,
            persons,
            models,
            renders,
            wanted,
            command,
        )

    def _film(self, project: Project, source: Source) -> FilmState:
        state = FilmState(source.id, source.path.name, source.kind, shows=dict(source.persons))
        try:
            place = self._places.path(project.place(source.id))
            state = replace(state, name=place.name)
            if source.kind == "faces":
                return replace(state, finished=True, faces=len(list_faceset(place)))
            info = probe(place)
            state = replace(
                state,
                width=info.width,
                height=info.height,
                frames=info.n_frames or 0,
                health=tuple(map(str, remarks(info))),
            )
            path = project.alignments(source.id)
            if not path.exists():
                return state
            with Alignments.open(path, read_only=True) as store:
                looked_at, _, faces = store.counts()
                found = {t.person for t in store.tracks() if t.person is not None}
                return replace(
                    state,
                    looked_at=looked_at,
                    faces=faces,
                    found=len(found),
                    finished=store.finished,
                    frames=looked_at if store.finished else state.frames,
                )
        except UnderstudyError as error:
            return replace(state, trouble=str(error))


def key_of(folder: Path) -> str:
    """What names a project in addresses; a path in an address could be led astray."""
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def _under(root: Path, depth: int) -> Iterator[Path]:
    """Project folders below a folder; links are not followed, and nothing in a project is one."""
    if (root / PROJECT_FILE).is_file():
        yield root
        return
    if not depth:
        return
    below: list[Path] = []
    with suppress(OSError), os.scandir(root) as entries:
        below = [
            Path(e.path)
            for e in entries
            if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)
        ]
    for folder in below:
        yield from _under(folder, depth - 1)


def _persons(project: Project) -> tuple[PersonState, ...]:
    try:
        declared = read_declarations(project.consent)
        strange = foreign(project, declared)
        today = AuditLog(project.audit).today()
    except StoreError as error:
        return tuple(PersonState(p.id, p.name, "refused", str(error)) for p in project.persons)
    states = []
    for person in project.persons:
        of_person = [d for d in declared if d.person == person.id]
        objections = [words for d in of_person if (words := d.objection(today))]
        if any(d in strange for d in of_person):
            objections.append("it was declared about other films, in another project")
        consent = "refused" if objections else "declared" if of_person else "missing"
        why = "; ".join(objections) or ("" if of_person else "nothing is declared yet")
        states.append(PersonState(person.id, person.name, consent, why))
    return tuple(states)


def _next(
    folder: Path,
    sources: tuple[FilmState, ...],
    persons: tuple[PersonState, ...],
    models: tuple[ModelState, ...],
    renders: tuple[RenderState, ...],
) -> tuple[str, str]:
    """What would be done next: the first stage that is not finished."""
    place = quoted(folder)
    films = [s for s in sources if s.kind == "film"]
    if not sources:
        return "Add a film", f"understudy add {place} FILM --person NAME"
    if undone := [s for s in films if not s.finished and not s.trouble]:
        return f"Find the faces of {undone[0].name}", f"understudy extract {place}"
    if unnamed := [s for s in films if s.faces and not s.shows]:
        return f"Say who is in {unnamed[0].name}", f"understudy cast {place}"
    if missing := [p for p in persons if p.consent != "declared"]:
        return f"Declare the consent of {missing[0].name or missing[0].id}", (
            f"understudy consent {place}"
        )
    if not any(m.step for m in models):
        return "Train a model", f"understudy train {place}"
    if not any(r.made for r in renders):
        return "Convert a film", f"understudy convert {place}"
    return "Look at what was made", ""
