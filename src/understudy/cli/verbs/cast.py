"""`understudy cast`: who was found in the films, and who they are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from understudy.cli.project import opened, tell_ids
from understudy.cli.say import echo
from understudy.cli.work import AsJson
from understudy.shell import quoted

if TYPE_CHECKING:
    from understudy.runs.cast import FilmCast
    from understudy.stages.cast.alike import Alike
    from understudy.stages.cast.edit import Edited
    from understudy.stages.cast.found import Found
    from understudy.store.project import Project


class _ShownByItself(TyperGroup):
    """`understudy cast PROJECT` is `understudy cast show PROJECT`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["show", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_ShownByItself,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Who was found in the films, with pictures; say who they are, and correct it.\n\n"
    "[bold]understudy cast PROJECT[/] shows the persons found in each film as a table and as a "
    "picture. Say who they are with [bold]understudy cast name PROJECT clip:0=ann clip:1=bob[/]: "
    "then `train --persons` and `convert --cast` know them by these names.",
)

ProjectFolder = Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")]
Where = Annotated[
    str,
    typer.Argument(
        metavar="FILM:NUMBER", help="A person found in a film, such as clip:0; see cast show."
    ),
]
Tracks = Annotated[
    str, typer.Option("--tracks", help="Numbers of tracks, separated by commas, such as 5,7.")
]


@app.command("show")
def show(
    project: ProjectFolder,
    films: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILM]...", help="Films by id; all without.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who was found: a table, and for each film a picture, PROJECT/sources/FILM/cast.png.

    Persons who look like one in two films are proposed; nothing is decided.

    Example: understudy cast project
    """
    from understudy.cli.report import write
    from understudy.plugin import default_registry
    from understudy.runs.cast import look, proposals
    from understudy.runs.persons import draw_persons

    with _shown(project) as (store, drawn):
        casts = look(store, films or [])
        pictures = {c.source.id: draw_persons(store, c.source) for c in casts if drawn and c.found}
        pairs = proposals(store, casts, default_registry())
        if as_json:
            write("cast show", "cast", _plain(store, casts, pictures, pairs))
            return
        _print_persons(store)
        _print_found(casts)
        if not drawn:
            echo(f"{project}: may not be written, so no pictures of the persons are drawn")
        for film, drawing in pictures.items():
            echo(f"{film}: pictures of its persons: {drawing}")
        for cast in casts:
            _advise(store, cast)
        for pair in pairs:
            places = {f"{film}:{n}": store.source(film).person_of(n) for film, n in pair.both}
            known = next(filter(None, places.values()), "NAME")
            asked = [f"{place}={known}" for place, who in places.items() if who is None]
            asked = asked or [f"{place}={known}" for place in places]
            echo(
                f"{' and '.join(places)} look like one person (distance {pair.distance:.2f}, one "
                f"below {pair.same_below:.2f}); if they are: understudy cast name "
                f"{quoted(project)} {' '.join(asked)}"
            )


@app.command("name")
def name(
    project: ProjectFolder,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="FILM:NUMBER=NAME...",
            help="Who a found person is; FILM=NAME is for everybody in a film, =nobody takes a "
            "name away.",
        ),
    ],
) -> None:
    """Say who found persons are; new names join the cast. Names stay in the project.

    Example: understudy cast name project clip:0=ann clip:1=bob take2:0=ann
    """
    from understudy.runs.cast import name as say

    with opened(project) as (store, _):
        for source in say(store, names):
            said = ", ".join(f"{number} is {who}" for number, who in source.persons.items())
            echo(f"{source.id}: {said or 'nobody is named'}")
        tell_ids(store, [word.partition("=")[2].strip() for word in names])


@app.command("rename")
def rename(
    project: ProjectFolder,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Id or name, see cast show.")],
    new: Annotated[str, typer.Argument(metavar="NAME", help="What to call them from now on.")],
) -> None:
    """Call a person of the cast by another name; the id stays.

    Models, renders and declarations of consent know people by id. To say that a found person is
    somebody else, name them again: understudy cast name project clip:0=bob

    Example: understudy cast rename project ann "Ann Lee"
    """
    from understudy.runs.parting.removing import rename as call

    with opened(project) as (store, _):
        called = call(store, person, new)
        echo(f"{called.id} is called {called.name or called.id!r} now; the id stays")


@app.command("merge")
def merge(
    project: ProjectFolder,
    where: Annotated[
        str, typer.Argument(metavar="FILM:NUMBER,NUMBER...", help="Such as clip:1,2.")
    ],
) -> None:
    """Say that several persons found in a film are one; the first number stays.

    The alignments file is changed, a copy is kept as .bak.

    Example: understudy cast merge project clip:0,3
    """
    from understudy.runs.cast import merge as job

    with opened(project) as (store, terminal):
        _print_edit(job(store, where, terminal))


@app.command("split")
def split(project: ProjectFolder, where: Where, tracks: Tracks) -> None:
    """Say that tracks of a found person show somebody else, who gets a new number.

    The alignments file is changed, a copy is kept as .bak.

    Example: understudy cast split project clip:0 --tracks 5,7
    """
    from understudy.runs.cast import split as job

    with opened(project) as (store, terminal):
        _print_edit(job(store, where, _numbers(tracks), terminal))


@app.command("assign")
def assign(project: ProjectFolder, where: Where, tracks: Tracks) -> None:
    """Say that tracks, whosever they were, show this found person.

    The alignments file is changed, a copy is kept as .bak.

    Example: understudy cast assign project clip:1 --tracks 5
    """
    from understudy.runs.cast import assign as job

    with opened(project) as (store, terminal):
        _print_edit(job(store, where, _numbers(tracks), terminal))


@contextmanager
def _shown(folder: Path) -> Iterator[tuple[Project, bool]]:
    """A project to be looked at, and whether pictures can be drawn into it."""
    from understudy.store.project import Project

    if folder.is_dir() and not os.access(folder, os.W_OK):
        with Project.open(folder, read_only=True) as store:
            yield store, False
    else:
        with opened(folder) as (store, _):
            yield store, True


def _print_persons(project: Project) -> None:
    for person in project.persons:
        films = [source.id for source in project.sources_of(person.id)]
        called = f" ({person.name})" if person.name else ""
        echo(f"{person.id}{called}: seen in {', '.join(films) or 'no film yet'}")


def _print_found(casts: Sequence[FilmCast]) -> None:
    from understudy.cli.rows import show

    rows: list[list[str]] = []
    for cast in casts:
        state = " (the film is away)" if cast.away else " (not extracted to the end)"
        film = cast.source.id + ("" if cast.finished else state)
        for person in cast.found:
            tracks = [str(track) for track in person.tracks]
            rows.append(
                [
                    film,
                    str(person.number),
                    cast.source.person_of(person.number) or "-",
                    ", ".join(tracks[:8]) + (f" and {len(tracks) - 8} more" if tracks[8:] else ""),
                    str(person.frames),
                    f"{person.frames / max(1, cast.frames):.0%}",
                    str(person.rows[0].frame) if person.rows else "-",
                    str(person.rows[-1].frame) if person.rows else "-",
                ]
            )
        everybody = cast.source.person_of(None) or "-"
        if not cast.found:
            rows.append([film, "-", everybody, *[""] * 5])
        if cast.untracked:
            rows.append([film, "no track", everybody, *[""] * 5])
    show(["film", "person", "name", "tracks", "frames", "share", "first", "last"], rows, titles=2)


def _advise(project: Project, cast: FilmCast) -> None:
    """What to do about those who are hardly seen."""
    if not (strays := cast.strays):
        return
    film = cast.source.id
    numbers = [str(person.number) for person in strays]
    longest = max(cast.found, key=lambda person: person.frames).number
    both = f"{film}:{longest},{numbers[0]}"
    merge = f"understudy cast merge {quoted(project.folder)} {quoted(both)}"
    remove = (
        f"understudy alignments remove {quoted(project.alignments(film))} --person "
        f"{quoted(numbers[0])} --faces {quoted(project.faces(film))}"
    )
    echo(
        f"{film}: seen in a few frames only: {', '.join(numbers[:8])}"
        f"{f' and {len(numbers) - 8} more' if numbers[8:] else ''}. Look at the picture: somebody "
        f"who has another number as well: {merge}; no face, or nobody's: {remove}; somebody who "
        "stays as they are: leave them"
    )


def _plain(
    project: Project,
    casts: Sequence[FilmCast],
    pictures: Mapping[str, Path | None],
    pairs: Sequence[Alike],
) -> dict[str, Any]:
    """All of it for programs."""
    return {
        "persons": [
            {"id": p.id, "name": p.name, "films": [s.id for s in project.sources_of(p.id)]}
            for p in project.persons
        ],
        "films": [
            {
                "id": cast.source.id,
                "away": cast.away,
                "finished": cast.finished,
                "frames": cast.frames,
                "untracked": cast.untracked,
                "everybody": cast.source.person_of(None),
                "picture": pictures.get(cast.source.id),
                "found": [_plain_found(cast, person) for person in cast.found],
                "strays": [person.number for person in cast.strays],
            }
            for cast in casts
        ],
        "alike": [
            {
                "found": [{"film": film, "number": n} for film, n in pair.both],
                "distance": pair.distance,
                "same_below": pair.same_below,
            }
            for pair in pairs
        ],
    }


def _plain_found(cast: FilmCast, person: Found) -> dict[str, Any]:
    rows = person.rows
    return {
        "number": person.number,
        "person": cast.source.person_of(person.number),
        "tracks": person.tracks,
        "frames": person.frames,
        "first": rows[0].frame if rows else None,
        "last": rows[-1].frame if rows else None,
    }


def _print_edit(done: Edited) -> None:
    tracks = ", ".join(map(str, done.tracks))
    echo(f"tracks {tracks} show person {done.person} now")
    for number in done.emptied:
        echo(f"of person {number} nothing is left")


def _numbers(text: str) -> list[int]:
    from understudy.errors import ValueRefused

    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise ValueRefused(f"--tracks: expected numbers such as 5,7, got {text!r}")
    return [int(part) for part in parts]
