"""The projects in the allowed folders, and what can be said of each at a glance."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from understudy.errors import FileAway, StoreError, UnderstudyError
from understudy.files import PROJECT_FILE
from understudy.media import probe
from understudy.media.health import remarks
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import read_declarations
from understudy.runs.consent.declared import foreign
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset
from understudy.store.project import Project, Source
from understudy.studio.glance import (
    FilmState,
    ModelState,
    PersonState,
    ProjectState,
    RenderState,
    with_stages,
)
from understudy.studio.places import Places

_DEPTH = 4
_MOST = 1000


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

    def state(self, folder: Path, *, whole: bool = True) -> ProjectState:
        """A project at a glance; one that cannot be read says why instead of raising.

        Args:
            folder: of the project.
            whole: with models, renders and stages; without them PyTorch is not needed.
        """
        words = self._places.words(folder)
        try:
            with Project.open(folder, read_only=True) as project:
                return self._state(project, words, whole)
        except UnderstudyError as error:
            return ProjectState(key_of(folder), folder.name, words, trouble=str(error))

    def _state(self, project: Project, words: str, whole: bool) -> ProjectState:
        sources = tuple(self._film(project, source) for source in project.sources)
        persons = _persons(project)
        if not whole:
            named = key_of(project.folder), project.folder.name, words
            return ProjectState(*named, sources, persons)
        # Here, since it imports PyTorch: the studio is to answer before that is there.
        from understudy.runs.models import trained_models

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
        state = ProjectState(
            key_of(project.folder), project.folder.name, words, sources, persons, models, renders
        )
        return with_stages(state, project.folder)

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
