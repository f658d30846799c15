"""The cast of a project: who was found in its films, who they are, and correcting both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from understudy.errors import FileAway, StoreError, ValueRefused
from understudy.files import same_file
from understudy.flow import Progress
from understudy.plugin import Registry
from understudy.runs.consent.origins import note_shown
from understudy.runs.persons import draw_persons
from understudy.runs.project import source_of
from understudy.runs.sharing import keep_own
from understudy.shell import quoted
from understudy.stages.cast import edit
from understudy.stages.cast.alike import Alike, embedder_of, propose
from understudy.stages.cast.found import Found, found_persons, untracked_faces
from understudy.store.alignments import Alignments
from understudy.store.ids import NOBODY
from understudy.store.project import ALL, Project, Source

_STRAY_FRAMES, _STRAY_SHARE = 3, 0.02
"""Who is seen no longer than this, in frames and of the film, is most often a pattern taken for a
face, a passer-by, or a track of somebody that was not joined to the others."""


@dataclass(frozen=True, slots=True)
class FilmCast:
    """Who was found in one film.

    Attributes:
        source: the film.
        found: persons by number; nobody before extraction.
        finished: whether every frame was looked at.
        untracked: faces that belong to nobody found.
        frames: how many were looked at.
        embedder: identity network that told them apart, or None.
        away: whether the film is not where it was, so that nothing can be told of it.
    """

    source: Source
    found: Sequence[Found]
    finished: bool
    untracked: int
    embedder: str | None
    frames: int = 0
    away: bool = False

    @property
    def strays(self) -> list[Found]:
        """Nobody's finds: without a name and in hardly any frame, beside somebody seen long."""
        most = max((person.frames for person in self.found), default=0)
        few = max(_STRAY_FRAMES, int(_STRAY_SHARE * self.frames))
        return [
            person
            for person in self.found
            if 0 < person.frames <= min(few, most // 4)
            and self.source.persons.get(str(person.number)) is None
        ]


def look(project: Project, words: Sequence[str] = ()) -> list[FilmCast]:
    """Who was found in these films; in all of them where none is named.

    Raises:
        StoreError: there is no such film, or an alignments file cannot be read.
    """
    sources = [source_of(project, word) for word in words] or list(project.sources)
    return [_film_cast(project, source) for source in sources if source.kind == "film"]


def _film_cast(project: Project, source: Source) -> FilmCast:
    try:
        path = project.alignments(source.id)
    except FileAway:
        return FilmCast(source, (), False, 0, None, away=True)
    if not path.exists():
        return FilmCast(source, (), False, 0, None)
    with Alignments.open(path, read_only=True) as store:
        found, frames = found_persons(store), store.counts()[0]
        untracked, embedder = untracked_faces(store), embedder_of(store)
        return FilmCast(source, found, store.finished, untracked, embedder, frames)


def name(project: Project, words: Sequence[str]) -> list[Source]:
    """Say whom found persons show.

    Args:
        project: keeps the names; persons who are new are added to the cast.
        words: each "FILM:NUMBER=NAME", "FILM=NAME" for everybody found in it, or "NUMBER=NAME"
            where there is one film; `NOBODY` takes a name away.

    Raises:
        ValueRefused, StoreError: there is no such film or found person; nothing was changed.
    """
    wanted: list[tuple[Source, str, str]] = []
    for word in words:
        where, equals, whom = word.partition("=")
        if not equals or not whom.strip():
            raise ValueRefused(f"{word}: expected FILM:NUMBER=NAME, such as clip:0=ann")
        source, numbers = read_place(project, where)
        wanted += [(source, number, whom.strip()) for number in numbers or [ALL]]
    for source, number, whom in wanted:
        person = None if whom == NOBODY else project.add_person(whom).id
        note_shown(project, project.name_found(source.id, {number: person}), {number: person})
    named = [project.source(id_) for id_ in dict.fromkeys(source.id for source, _, _ in wanted)]
    for source in named:
        _redraw(project, source)
    return named


def merge(project: Project, where: str, progress: Progress) -> edit.Edited:
    """Say that several persons found in a film are one.

    Args:
        project: keeps the names.
        where: "FILM:1,2"; the first number stays.
        progress: told what is done.

    Raises:
        ValueRefused: they have different names, or as `edit.merge`.
    """
    source, numbers = read_place(project, where)
    names = {source.persons[n] for n in numbers if n in source.persons}
    if len(names) > 1:
        raise ValueRefused(
            f"{where}: they are named {' and '.join(sorted(names))}; take the wrong name away "
            f"first: understudy cast name {quoted(project.folder)} "
            f"{source.id}:{numbers[-1]}={NOBODY}"
        )
    done = edit.merge(
        project.alignments(source.id),
        [int(n) for n in numbers],
        progress,
        partial(keep_own, project, source, progress),
    )
    for person in names:
        project.name_found(source.id, {numbers[0]: person})
    return _forget(project, source, done)


def split(project: Project, where: str, tracks: Sequence[int], progress: Progress) -> edit.Edited:
    """Say that tracks of a person found in a film show somebody else, who gets a new number."""
    return _edit_one(project, where, tracks, progress, edit.split)


def assign(project: Project, where: str, tracks: Sequence[int], progress: Progress) -> edit.Edited:
    """Say that tracks of a film show this found person."""
    return _edit_one(project, where, tracks, progress, edit.assign)


def restore(
    project: Project,
    film: str,
    shown: Mapping[int, int],
    names: Mapping[str, str | None],
    progress: Progress,
) -> None:
    """Have a film's tracks and names be as they are said to: how an edit is taken back.

    Args:
        project: keeps the names.
        film: id of the film.
        shown: numbers of found persons by the numbers of tracks; others stay as they are.
        names: ids of persons by number found, or `ALL`; who is not named has no name.
        progress: told what is done.

    Raises:
        ValueRefused, StoreError: there is no such track or person, or nothing would change.
    """
    source = source_of(project, film)
    for person in names.values():
        if person is not None:
            project.person(person)
    path = project.alignments(source.id)
    with Alignments.open(path, read_only=True) as store:
        now = {track.number: track.person for track in store.tracks()}
    wanted = {number: names.get(number) for number in {*source.persons, *names}}
    renamed = {n: who for n, who in wanted.items() if source.persons.get(n) != who}
    if not renamed or any(now.get(number) != who for number, who in shown.items()):
        edit.put(path, shown, progress, partial(keep_own, project, source, progress))
    if renamed:
        note_shown(project, project.name_found(source.id, renamed), renamed)
    _redraw(project, project.source(source.id))


def proposals(project: Project, casts: Sequence[FilmCast], registry: Registry) -> list[Alike]:
    """Found persons of different films who look like one and are not yet named alike."""
    films = {cast.source.id: cast.found for cast in casts}
    pairs = propose(films, {cast.source.id: cast.embedder for cast in casts}, registry)

    def named(who: tuple[str, int]) -> str | None:
        return project.source(who[0]).person_of(who[1])

    return [p for p in pairs if named(p.one) is None or named(p.one) != named(p.other)]


def read_place(project: Project, where: str) -> tuple[Source, list[str]]:
    """A film and numbers of persons found in it, from "FILM:1,2", "FILM" or "1,2".

    Raises:
        StoreError: there is no such film, or several and none is named.
        ValueRefused: nobody of that number was found.
    """
    film, colon, text = where.strip().rpartition(":")
    if not colon:
        is_numbers = where.replace(",", "").strip().isdecimal()
        ids = {source.id for source in project.sources}
        film, text = ("", where) if is_numbers and where not in ids else (where, "")
    source = source_of(project, film.strip()) if film.strip() else _only_film(project, where)
    numbers = [part.strip() for part in text.split(",") if part.strip()]
    found = [str(p.number) for p in _film_cast(project, source).found]
    strange = [number for number in numbers if number not in found]
    if strange:
        raise ValueRefused(
            f"{where}: there is no person {', '.join(strange)} in {source.id}; found: "
            f"{', '.join(found) or 'nobody; extract it first'}"
        )
    return source, numbers


def make_own(project: Project, film: str, progress: Progress) -> Path:
    """Give a project a copy of a film's alignments, if it shares them.

    Args:
        project: that is to have it.
        film: id or place of the film, or the alignments beside it.
        progress: told what is done.

    Raises:
        StoreError: it has no such film, or that has no alignments yet.
    """
    source = _of_alignments(project, Path(film)) or source_of(project, film)
    path = project.alignments(source.id)
    if not path.is_file():
        raise StoreError(f"{source.id}: has no alignments yet; extract it first")
    return keep_own(project, source, progress)


def _of_alignments(project: Project, path: Path) -> Source | None:
    """The film whose alignments lie at a place, or None."""
    for source in project.sources:
        with suppress(FileAway):
            if source.kind == "film" and same_file(project.alignments(source.id), path):
                return source
    return None


def _edit_one(
    project: Project,
    where: str,
    tracks: Sequence[int],
    progress: Progress,
    how: Callable[[Path, int, Sequence[int], Progress, edit.Own], edit.Edited],
) -> edit.Edited:
    source, numbers = read_place(project, where)
    if len(numbers) != 1:
        raise ValueRefused(f"{where}: expected one person, such as {source.id}:0")
    path, own = project.alignments(source.id), partial(keep_own, project, source, progress)
    done = how(path, int(numbers[0]), tracks, progress, own)
    return _forget(project, source, done)


def _forget(project: Project, source: Source, done: edit.Edited) -> edit.Edited:
    """Take away the names of those of whom nothing is left."""
    project.name_found(source.id, {str(number): None for number in done.emptied})
    _redraw(project, project.source(source.id))
    return done


def _redraw(project: Project, source: Source) -> None:
    """Names and numbers on the sheet are those that hold now; a film that is away has none."""
    with suppress(StoreError):
        draw_persons(project, source)


def _only_film(project: Project, where: str) -> Source:
    films = [source for source in project.sources if source.kind == "film"]
    if len(films) == 1:
        return films[0]
    raise StoreError(
        f"{where}: say in which film, such as FILM:{where}; there are: "
        f"{', '.join(source.id for source in films) or 'none yet'}"
    )
