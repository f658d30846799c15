"""Who is who in the films of a project: what extraction found, and correcting it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter

from understudy.errors import FileAway, InUse, ValueRefused
from understudy.events import Event, Sink
from understudy.flow import Reporter
from understudy.store.alignments import Alignments
from understudy.store.ids import NOBODY
from understudy.store.project import ALL, Project, Source
from understudy.studio.api.numbers import MOST
from understudy.studio.state import Studio

if TYPE_CHECKING:
    from understudy.runs.cast import FilmCast

_TURN = threading.Lock()
"""Between looking whether an edit is stale and doing it, nobody else of this studio edits."""


@dataclass(frozen=True)
class TrackAt:
    """A face followed through one shot: its number, and its first and last frame."""

    number: int
    shot: int
    first: int
    last: int


@dataclass(frozen=True)
class FoundPerson:
    """Somebody found in a film.

    Attributes:
        number: as extraction numbered them.
        person: id of whom they are said to be, or None.
        said: whether that is said of this number, not of everybody in the film.
        frames: in how many frames they are seen.
        face: id of a face that shows them, for a picture.
        tracks: of them.
    """

    number: int
    person: str | None
    said: bool
    frames: int
    face: str | None
    tracks: list[TrackAt] = field(default_factory=list)


@dataclass(frozen=True)
class CastOfFilm:
    """Who was found in a film.

    Attributes:
        film, name: its id, and the name of its file.
        version: of what is told here, to be sent with an edit.
        frames: how many were looked at.
        shots: first frames of the shots.
        everybody: id of the person whom everybody in it shows who is not named, or None.
        untracked: faces that belong to nobody.
        trouble: why nothing can be told, or "".
    """

    film: str
    name: str
    version: str = ""
    frames: int = 0
    shots: list[int] = field(default_factory=list)
    everybody: str | None = None
    untracked: int = 0
    found: list[FoundPerson] = field(default_factory=list)
    trouble: str = ""


@dataclass(frozen=True)
class Alike:
    """Two found persons of different films, each [film, number], who may be one."""

    one: tuple[str, int]
    other: tuple[str, int]
    distance: float
    same_below: float


@dataclass(frozen=True)
class Cast:
    """Films, pairs who may be one, and what the last edit said."""

    films: list[CastOfFilm]
    alike: list[Alike]
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Edit:
    """A correction.

    Attributes:
        what: "restore" takes an edit back: `shows` and `names` say how all was, names by id;
            "merge" makes one of the found persons `numbers`; "split" gives `tracks` of the one
            in `numbers` a new number; "assign" gives `tracks` to the one in `numbers`; "name" says
            who they are, see `names`.
        version: that was seen.
        names: number found, or "all", to a name; null takes it away.
        shows: track to number found.
    """

    what: Literal["merge", "split", "assign", "name", "restore"]
    version: str
    numbers: list[int] = field(default_factory=list)
    tracks: list[int] = field(default_factory=list)
    names: dict[str, str | None] = field(default_factory=dict)
    shows: dict[int, int] = field(default_factory=dict)


def router(studio: Studio) -> APIRouter:
    """Calls on the cast."""
    calls = APIRouter(tags=["cast"])

    @calls.get("/projects/{key}/cast", summary="Who was found in each film, and who may be one")
    def cast(key: str) -> Cast:
        with Project.open(studio.projects.folder(key), read_only=True) as project:
            return _cast(studio, project)

    @calls.post("/projects/{key}/films/{film}/cast", summary="Correct who is who in a film")
    def edit(key: str, film: str, asked: Edit) -> Cast:
        # The film must lie in the allowed folders before anything of it is written.
        studio.projects.source(key, film)
        said: list[str] = []
        with _TURN, Project.open(studio.projects.folder(key)) as project:
            source = project.source(film)
            if asked.version != _version(project, source):
                raise InUse(
                    f"{film}: was changed by somebody else meanwhile; nothing was done: look at "
                    "it as it is now, and do it again"
                )
            _do(project, source, asked, Reporter(_into(said)))
            whole = _cast(studio, project)
        return Cast(whole.films, whole.alike, said)

    return calls


def _do(project: Project, source: Source, asked: Edit, progress: Reporter) -> None:
    from understudy.runs import cast

    where = f"{source.id}:{','.join(map(str, asked.numbers))}"
    if asked.what == "name":
        cast.name(project, [_named(source, *each) for each in asked.names.items()])
    elif asked.what == "restore":
        for number in asked.names:
            _refuse_strange(number)
        if not all(0 <= number <= MOST for each in asked.shows.items() for number in each):
            raise ValueRefused("shows: expected numbers of tracks and of persons found")
        cast.restore(project, source.id, asked.shows, asked.names, progress)
    elif not asked.numbers:
        raise ValueRefused("numbers: say whom of those that were found")
    elif asked.what == "merge":
        cast.merge(project, where, progress)
    elif asked.what == "split":
        cast.split(project, where, asked.tracks, progress)
    else:
        cast.assign(project, where, asked.tracks, progress)


def _named(source: Source, number: str, whom: str | None) -> str:
    _refuse_strange(number)
    where = source.id if number == ALL else f"{source.id}:{number}"
    return f"{where}={whom or NOBODY}"


def _refuse_strange(number: str) -> None:
    if number != ALL and not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise ValueRefused(f"names: expected numbers or {ALL}, got {number!r:.40}")


def _into(said: list[str]) -> Sink:
    def hear(event: Event) -> None:
        if event.text:
            said.append(event.text)

    return hear


def _cast(studio: Studio, project: Project) -> Cast:
    from understudy.plugin import default_registry
    from understudy.runs import cast

    films, casts = [], []
    for source in project.sources:
        if source.kind != "film":
            continue
        name = source.path.name
        try:
            studio.places.path(project.place(source.id))
            (each,) = cast.look(project, [source.id])
        except (FileAway, ValueRefused) as error:
            films.append(CastOfFilm(source.id, name, trouble=str(error)))
            continue
        casts.append(each)
        films.append(_film(project, source, each))
    pairs = cast.proposals(project, casts, default_registry())
    alike = [Alike(p.one, p.other, round(p.distance, 3), round(p.same_below, 3)) for p in pairs]
    return Cast(films, alike)


def _film(project: Project, source: Source, each: FilmCast) -> CastOfFilm:
    path = project.alignments(source.id)
    if not path.exists():
        return CastOfFilm(source.id, source.path.name, everybody=source.persons.get(ALL))
    with Alignments.open(path, read_only=True) as store:
        spans, tracks, shots = store.track_spans(), store.tracks(), store.shots()
    found = [
        FoundPerson(
            one.number,
            source.person_of(one.number),
            str(one.number) in source.persons,
            one.frames,
            one.rows[len(one.rows) // 2].id if one.rows else None,
            [
                TrackAt(t.number, t.shot, *spans[t.number])
                for t in tracks
                if t.person == one.number and t.number in spans
            ],
        )
        for one in each.found
    ]
    return CastOfFilm(
        source.id,
        source.path.name,
        _version(project, source),
        each.frames,
        shots,
        source.persons.get(ALL),
        each.untracked,
        found,
    )


def _version(project: Project, source: Source) -> str:
    """Changes with whom tracks and numbers show, and with nothing else."""
    path = project.alignments(source.id)
    who: Mapping[int, int | None] = {}
    if path.exists():
        with Alignments.open(path, read_only=True) as store:
            who = {track.number: track.person for track in store.tracks()}
    plain = json.dumps([sorted(who.items()), sorted(source.persons.items())])
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
