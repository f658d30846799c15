"""An open project folder: what it knows, and where everything in it lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from understudy.errors import FileAway, StoreError
from understudy.files import make_folder, rename
from understudy.shell import quoted
from understudy.store.alignments import Alignments, alignments_path
from understudy.store.atomic import explain, sweep_parts
from understudy.store.faceset import FaceFolder
from understudy.store.ids import check_id, slug
from understudy.store.project import file, migrate
from understudy.store.project.file import Content
from understudy.store.project.persons import Persons
from understudy.store.project.places import Places
from understudy.store.project.shared import in_turn, is_trace, turn
from understudy.store.project.values import ALL, Render, Source, SourceKind

T = TypeVar("T")


class Project(Persons, Places):
    """An open project folder; a context manager. Made with `Project.open`.

    What it knows are values; a change is on disk when the call that makes it returns. Any number of
    processes may have it open: each change is made to what the file holds at that moment, with
    nobody else writing. What takes long has a writer's lock of its own, such as an alignments file.

    Attributes:
        folder: the project's.
        brought_up: what was done to a folder of an older format when it was opened, for people.
    """

    def __init__(
        self, folder: Path, *, read_only: bool = False, brought_up: tuple[str, ...] = ()
    ) -> None:
        super().__init__(folder, read_only=read_only)
        self.brought_up = brought_up

    @classmethod
    def open(cls, path: Path, *, create: bool = False, read_only: bool = False) -> Project:
        """Open a project, or make one where nothing is.

        Args:
            path: the project folder.
            create: make it when it is absent or empty.
            read_only: change nothing and lock nothing.

        Raises:
            StoreError: no project, a folder with other things in it, damaged, made by a newer
                Understudy, or not writable.
        """
        path = Path(path).absolute()
        if not (path / file.NAME).is_file():
            check_free(path, create and not read_only)
        if read_only:
            return cls(path, read_only=True)
        fresh = not path.exists()
        try:
            make_folder(path, parents=False)
        except OSError as error:
            raise explain(error, path) from error
        with turn(path):
            if not (path / file.NAME).exists():
                file.write(path / file.NAME, Content.new())
            project = cls(path, brought_up=migrate.bring_up(path))
            for folder in (path / "sources", path / "models", path / "renders", project.work):
                _make(folder)
            for folder in (path, *(p for p in path.glob("*/**") if p.is_dir())):
                sweep_parts(folder)
        project._made = fresh
        return project

    # Sources

    def source(self, id_: str) -> Source:
        """One source by its id.

        Raises:
            StoreError: there is none; names those that there are.
        """
        return self.known(self._content.sources, id_, "source", "understudy add")

    def find_source(self, path: Path, fingerprint: str) -> Source | None:
        """The source that a film or folder is, wherever it lies now, or None."""
        absolute = Path(path).absolute()
        for source in self.sources:
            same = source.path == absolute if source.kind == "faces" else bool(fingerprint)
            if same and source.fingerprint == fingerprint:
                return source
        return None

    @in_turn
    def add_source(
        self,
        path: Path,
        fingerprint: str,
        person: str | None = None,
        kind: SourceKind = "film",
    ) -> Source:
        """Add a film or folder; one that is there already is found again, also where it moved.

        Args:
            path: where it is.
            fingerprint: of the film, "" for a folder of face pictures.
            person: id of a person of the project whom everybody found in it shows.
            kind: what it is.

        Raises:
            StoreError: the project knows another film at this place, or there is no such person.
        """
        absolute = Path(path).absolute()
        have = self.find_source(absolute, fingerprint)
        if have is None:
            for other in self.sources:
                if other.path == absolute:
                    raise StoreError(
                        f"{path}: changed since it was added as {other.id}; put that film back, or "
                        "add this one under another name"
                    )
            id_ = slug("source", absolute.stem, self._content.sources)
            have = Source(id_, absolute, "", fingerprint, kind)
        source = replace(have, path=absolute, relative=_relative(absolute, self.folder))
        if person is not None:
            self.person(person)
            source = replace(source, persons={**source.persons, ALL: person})
        return self._put_source(source)

    @in_turn
    def move_source(self, id_: str, path: Path, fingerprint: str) -> Source:
        """Say where a source is now.

        Raises:
            StoreError: there is no such source, or this is another film.
        """
        source = self.source(id_)
        if fingerprint != source.fingerprint:
            raise StoreError(f"{path}: is not the film that {id_} is, or it changed since")
        absolute = Path(path).absolute()
        moved = replace(source, path=absolute, relative=_relative(absolute, self.folder))
        return self._put_source(moved)

    def place(self, id_: str) -> Path:
        """The film or folder of a source: where it was, or beside the project as it was.

        Raises:
            StoreError: there is no such source.
            FileAway: it is not there any more.
        """
        if place := next((p for p in self.places(id_) if p.exists()), None):
            return place
        source = self.source(id_)
        raise FileAway(
            f"{source.path}: is not there any more; put it back, or say where it is now: "
            f"understudy add {quoted(self.folder)} {quoted('NEW-PLACE/' + source.path.name)}"
        )

    def places(self, id_: str) -> tuple[Path, Path]:
        """Where a source was when it was added, and where it is if it moved with the project."""
        known = self.source(id_)
        return known.path, Path(os.path.normpath(self.folder / known.relative))

    def faces(self, id_: str) -> Path:
        """Folder of a source's face pictures."""
        own = self.folder / "sources" / id_ / "faces"
        return self.place(id_) if self.source(id_).kind == "faces" else own

    def alignments(self, id_: str) -> Path:
        """A film's alignments file: beside the film, or here when that may not be written.

        One that is here is this project's own, whatever lies beside the film.

        Raises:
            StoreError: there is no such source, or it is not there any more.
        """
        film = self.place(id_)
        own, beside = self.own_alignments(id_, film), alignments_path(film)
        if own.exists() or not (beside.exists() or os.access(beside.parent, os.W_OK)):
            _make(own.parent)
            return own
        return beside

    @in_turn
    def name_found(self, id_: str, persons: Mapping[str, str | None]) -> Source:
        """Say whom the persons found in a source show.

        Args:
            id_: of the source.
            persons: number as text, or `ALL`, to a person's id; None takes the name away.

        Raises:
            StoreError: there is no such source or person.
        """
        source = self.source(id_)
        named = dict(source.persons)
        for number, person in persons.items():
            if person is None:
                named.pop(number, None)
            else:
                named[number] = self.person(person).id
        return self._put_source(replace(source, persons=named))

    @in_turn
    def remove_source(self, id_: str) -> Path | None:
        """Forget a source; its film and the alignments beside it stay where they are.

        Returns:
            Where the project's folder of it, with its face pictures, was moved to, if it had one.

        Raises:
            StoreError: there is no such source, or its folder cannot be moved.
        """
        self.source(id_)
        # Before the file: killed in between, the film is known and is cut anew; the other way
        # round, a film that is added under this id would find another's pictures.
        kept = self._aside(self.folder / "sources" / id_)
        left = {i: source for i, source in self._content.sources.items() if i != id_}
        self._change(lambda c: replace(c, sources=left))
        return kept

    # Persons

    def faceset(self, person: str) -> tuple[FaceFolder, ...]:
        """A person's face pictures from all sources, each with the tracks that are this person's.

        Sources without pictures are left out. Where only some of a film's faces are the person's,
        faces that belong to no track are left out too.

        Raises:
            StoreError: there is no such person, or an alignments file cannot be read.
        """
        self.person(person)
        folders = []
        for source in self.sources_of(person):
            folder = self.faces(source.id)
            tracks = None if set(source.persons) == {ALL} else self._tracks_of(source, person)
            rows = None if source.kind == "faces" else self.alignments(source.id)
            found = FaceFolder(folder, tracks, rows, source.fingerprint)
            if folder.is_dir() and found.tracks != frozenset():
                folders.append(found)
        return tuple(folders)

    def _tracks_of(self, source: Source, person: str) -> frozenset[int]:
        path = self.alignments(source.id)
        if source.kind == "faces" or not path.exists():
            return frozenset()
        with Alignments.open(path, read_only=True) as store:
            tracks = store.tracks()
        return frozenset(t.number for t in tracks if source.person_of(t.person) == person)

    # Renders

    @property
    def renders(self) -> tuple[Render, ...]:
        """All renders, in the order in which they were first made."""
        return tuple(self._content.renders.values())

    def render(self, id_: str) -> Render:
        """One render by its id.

        Raises:
            StoreError: there is none; names those that there are.
        """
        return self.known(self._content.renders, id_, "render", "understudy convert")

    def keep_render(self, render: Render) -> None:
        """Remember a render, replacing the one of the same id."""
        check_id("render", render.id)
        self._change(lambda c: replace(c, renders={**c.renders, render.id: render}))
        _make(self.folder / "renders" / render.id)

    @in_turn
    def remove_render(self, id_: str) -> Path | None:
        """Forget a render; its output stays where it is.

        Returns:
            Where its report and contact sheet were moved to, if it had any.

        Raises:
            StoreError: there is no such render, or its folder cannot be moved.
        """
        self.render(id_)
        kept = self._aside(self.folder / "renders" / id_)
        left = {i: render for i, render in self._content.renders.items() if i != id_}
        self._change(lambda c: replace(c, renders=left))
        return kept

    @in_turn
    def take_render(self, render: Render) -> Render:
        """A render under an id that is its own, kept unless its output was made before.

        Ids come from the names of outputs, so two runs that begin at once may have chosen the same.

        Returns:
            The render, with the id that it has.
        """
        taken = replace(render, id=self.render_id(render.output))
        if taken.id not in self._content.renders:
            self.keep_render(taken)
        return taken

    def render_id(self, output: Path) -> str:
        """The id of the render that made this output, or a new one made from its name."""
        absolute = Path(output).absolute()
        if made := next((r for r in self.renders if r.output == absolute), None):
            return made.id
        return slug("render", absolute.stem, self._content.renders)

    # The whole project

    @property
    def created(self) -> str:
        """When it was made, ISO 8601 in UTC."""
        return self._content.created

    @property
    def settings(self) -> Mapping[str, Any]:
        """Plain data that stages remembered."""
        return dict(self._content.settings)

    def remember(self, **settings: Any) -> None:
        """Keep plain data under names, replacing what these names held."""
        self._change(lambda c: replace(c, settings={**c.settings, **settings}))

    def _aside(self, folder: Path) -> Path | None:
        """Move a folder that is there to `removed`, beside what has its name there already."""
        if not folder.is_dir():
            return None
        kept = self.folder / "removed" / folder.name
        for number in count(2):
            if not kept.exists():
                break
            kept = self.folder / "removed" / f"{folder.name}-{number}"
        _make(kept.parent)
        try:
            rename(folder, kept)
        except OSError as error:
            raise explain(error, folder) from error
        return kept

    def _put_source(self, source: Source) -> Source:
        if self._content.sources.get(source.id) != source:
            self._change(lambda c: replace(c, sources={**c.sources, source.id: source}))
        return source


def check_free(path: Path, create: bool) -> None:
    """Refuse to make a project where something else is, or where no folder can be made.

    Raises:
        StoreError: says what is there; nothing was touched.
    """
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path}: expected a project folder, found a file; choose another name")
    if not create:
        raise StoreError(
            f"{path}: is no project (it has no {file.NAME}); check the name, or make one with "
            "understudy swap or understudy add"
        )
    if not path.is_dir():
        return
    sweep_parts(path)
    with suppress(OSError):
        strange = sorted(p.name for p in path.iterdir() if not is_trace(p.name))
        if strange:
            raise StoreError(
                f"{path}: holds {strange[0]!r} and is no project; nothing in it was touched; "
                "choose another --project folder"
            )


def _make(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise explain(error, folder) from error


def _relative(path: Path, folder: Path) -> str:
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # another drive on Windows
        return os.fspath(path)
