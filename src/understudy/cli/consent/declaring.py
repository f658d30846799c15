"""`understudy consent`: who is in the films, and what they agreed to."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from understudy.cli.consent.asking import ask
from understudy.cli.project import opened
from understudy.cli.say import echo
from understudy.flow.signals import asking
from understudy.shell import quoted

if TYPE_CHECKING:
    from understudy.provenance.consent import Declaration
    from understudy.store.project import Project


def consent(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")],
    person: Annotated[
        list[str] | None,
        typer.Option(
            help="Whom to declare, by the project's ids; several times for several. Without it: "
            "everyone who lacks a declaration that holds.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Who it is; stays in the project.")] = "",
    basis: Annotated[
        str,
        typer.Option(
            help="self, consented, estate, synthetic or historic-education. With it, one --person "
            "is declared by flags, without questions."
        ),
    ] = "",
    scope: Annotated[str, typer.Option(help="What the consent covers, such as a title.")] = "",
    purpose: Annotated[
        str, typer.Option(help="film-vfx, education, research, museum, parody or dubbing.")
    ] = "",
    declared_by: Annotated[str, typer.Option(help="Who declares this.")] = "",
    adult: Annotated[bool, typer.Option(help="The person is of age.")] = False,
    intimate: Annotated[
        bool, typer.Option(help="The footage is intimate or sexual; always refused.")
    ] = False,
    evidence: Annotated[
        Path | None, typer.Option(help="A release form; only its SHA-256 is kept.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Take the declarations from this TOML file.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print what is declared.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a declaration that holds.")
    ] = False,
    revoke: Annotated[
        bool,
        typer.Option("--revoke", help="Take the consent of each --person back, from today on."),
    ] = False,
) -> None:
    """Declare who the project's persons are, on what basis, for what scope and purpose.

    Without flags it asks, which takes less than a minute a person; what was said of one is proposed
    for the next, and < goes back a question. The declarations lie in PROJECT/consent.toml and can
    be edited there: what is declared anew changes that person's table only, comments stay. One that
    holds is not replaced unasked.

    Example: understudy consent out.understudy --person ann
    """
    from dataclasses import replace

    from understudy.errors import ValueRefused
    from understudy.provenance.consent import Declaration, declared_text, now
    from understudy.store.project import Project

    if show:
        with Project.open(project, read_only=True) as there:
            echo(declared_text(there.consent) or "nothing declared")
        return
    # Only who declares somebody may mean a project that is not there yet; others mistyped it.
    with opened(project, create=bool(person or file) and not revoke) as (store, _):
        if revoke:
            _take_back(store, person or [])
        elif file is not None:
            _take_over(store, file, overwrite)
        elif basis or name or scope or purpose:
            if len(person or ()) != 1 or not basis:
                raise ValueRefused(
                    "to declare by flags, give one --person and its --basis; see understudy "
                    "consent --help"
                )
            who = (person or [""])[0]
            declaration = Declaration(
                person="new",  # a name, perhaps of somebody who is to join once nothing is refused
                name=name,
                basis=basis,  # type: ignore[arg-type]  # checked by Declaration
                adult=adult,
                intimate=intimate,
                scope=scope,
                purpose=purpose,  # type: ignore[arg-type]  # checked by Declaration
                declared_by=declared_by or name,
                declared_at=now(),
                evidence_sha256=_sha256(evidence),
            )
            joined = store.add_person(who).id
            declare(store, [replace(declaration, person=joined, id="")], overwrite)
        elif person:
            _ask_for(store, _to_replace(store, _in_cast(store, person), overwrite))
        else:
            _ask_for(store, lacking(store))


def lacking(project: Project) -> list[str]:
    """Persons of the project without a declaration that holds today.

    Whose consent is gone is not asked about as if it had been forgotten; that is said instead.
    """
    from understudy.runs.consent import declaring

    found = declaring.lacking(project)
    for person, why in found.gone.items():
        echo(
            f"{person}: {why}; to erase what holds this person: understudy forget "
            f"{quoted(project.folder)} --person {person}; to declare a new consent, name "
            f"--person {person}"
        )
    return list(found.asked)


def ensure_declared(project: Project, file: Path | None, persons: Iterable[str]) -> None:
    """Before the work begins: take over a file, or ask about those who lack a declaration.

    What is declared is judged, and a refusal logged, where the work begins.

    Raises:
        StoreError: the file is not there, or is no such file.
    """
    if file is not None:
        _take_over(project, file)
    asked = [person for person in lacking(project) if person in set(persons)]
    if asked and sys.stdin.isatty():
        echo("Before anything is made: who is in these films, and what did they agree to?")
        _ask_for(project, asked)


def _in_cast(project: Project, words: Iterable[str]) -> list[str]:
    """Ids of those named; a mistyped name would be asked about as if it were somebody."""
    from understudy.errors import StoreError

    ids = {word: person.id for person in project.persons for word in (person.id, person.name)}
    for word in words:
        if project.persons and word not in ids:
            raise StoreError(
                f"{project.folder}: has no person {word!r}; there are: "
                f"{', '.join(person.id for person in project.persons)}; who is to join is named "
                "first, see understudy cast name --help"
            )
    return [ids.get(word, word) for word in words]


def _ask_for(project: Project, persons: Iterable[str]) -> None:
    asked = [project.add_person(person).id for person in persons]
    if not asked:
        who = "everyone is declared" if project.persons else "the project has no person yet"
        echo(f"{who}: {project.consent}; name a --person to declare one")
        return
    declare(project, ask(asked))


def declare(project: Project, new: list[Declaration], overwrite: bool = False) -> None:
    """Keep declarations; said at once where one will be refused.

    Raises:
        ValueRefused: one that holds would be replaced unasked; nothing was changed.
    """
    from understudy.runs.consent import declaring

    for person, why in declaring.declare(project, new, overwrite).items():
        echo(f"{person}: nothing will be made of this person: {why}", err=True)
    echo(f"declared: {project.consent}")


def _to_replace(project: Project, persons: list[str], overwrite: bool) -> list[str]:
    """Of those named, whoever is to be declared anew; about who is declared it is asked."""
    from understudy.runs.consent.declaring import declared

    known, today = declared(project)
    asked = []
    for person in persons:
        mine = [d for d in known if d.person == person]
        good = mine and not any(d.objection(today) for d in mine)
        if good and not overwrite:
            words = f"{mine[0].basis}, for {mine[0].purpose}, {mine[0].scope}"
            with asking():
                agreed = typer.confirm(f"{person} is declared already ({words}). Replace that?")
            if not agreed:
                continue
        asked.append(person)
    return asked


def _take_back(project: Project, persons: list[str]) -> None:
    from understudy.errors import ValueRefused
    from understudy.runs.consent.forgetting import revoke

    if not persons:
        raise ValueRefused("--revoke: say whose consent is taken back: --person NAME")
    done = revoke(project, persons)
    for person in done:
        echo(
            f"{person}: taken back; nothing is trained or converted with this person; to erase "
            f"what holds them: understudy forget {quoted(project.folder)} --person {person}"
        )
    if not done:
        echo("nothing was changed: no declaration of theirs is there that was not taken back")


def _take_over(project: Project, file: Path, overwrite: bool = False) -> None:
    from understudy.errors import StoreError
    from understudy.provenance.consent import read_declarations

    if not file.is_file():
        raise StoreError(f"{file}: there is no such consent file")
    declare(project, read_declarations(file), overwrite)


def _sha256(path: Path | None) -> str:
    import hashlib

    from understudy.errors import StoreError
    from understudy.files import open_to_read

    if path is None:
        return ""
    try:
        with open_to_read(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); check the name") from error
