"""`understudy consent`: who is in the films, and what they agreed to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from understudy.cli.project import opened
from understudy.cli.say import echo

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
) -> None:
    """Declare who the project's persons are, on what basis, for what scope and purpose.

    Without flags it asks, which takes less than a minute a person. The declarations lie in
    PROJECT/consent.toml and can be edited there: what is declared anew changes that person's table
    only, comments stay.

    Example: understudy consent out.understudy --person ann
    """
    from understudy.errors import ValueRefused
    from understudy.provenance.consent import Declaration, declared_text, now
    from understudy.store.project import Project

    if show:
        with Project.open(project, read_only=True) as there:
            echo(declared_text(there.consent) or "nothing declared")
        return
    # Only who declares somebody may mean a project that is not there yet; others mistyped it.
    with opened(project, create=bool(person or file)) as (store, _):
        if file is not None:
            _take_over(store, file)
        elif basis or name or scope or purpose:
            if len(person or ()) != 1 or not basis:
                raise ValueRefused(
                    "to declare by flags, give one --person and its --basis; see understudy "
                    "consent --help"
                )
            declaration = Declaration(
                person=store.add_person((person or [""])[0]).id,
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
            declare(store, [declaration])
        else:
            _ask_for(store, _in_cast(store, person) if person else lacking(store))


def lacking(project: Project) -> list[str]:
    """Persons of the project without a declaration that holds today."""
    from datetime import date

    from understudy.provenance.consent import read_declarations

    known = read_declarations(project.consent)
    today = date.today()
    good = {d.person for d in known} - {d.person for d in known if d.objection(today)}
    return [person.id for person in project.persons if person.id not in good]


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
    declare(project, [_ask(person) for person in asked])


def declare(project: Project, new: list[Declaration]) -> None:
    """Keep declarations, replacing those of the same people, and log that they were made."""
    from understudy.provenance.audit import AuditLog
    from understudy.provenance.consent import keep_declarations

    keep_declarations(project.consent, new)
    for d in new:
        facts = {"person": d.person, "basis": d.basis, "purpose": d.purpose}
        AuditLog(project.audit).append("declared", **facts)
    echo(f"declared: {project.consent}")


def _take_over(project: Project, file: Path) -> None:
    from understudy.errors import StoreError
    from understudy.provenance.consent import read_declarations

    if not file.is_file():
        raise StoreError(f"{file}: there is no such consent file")
    declare(project, read_declarations(file))


def _ask(person: str) -> Declaration:
    from understudy.provenance.consent import BASES, PURPOSES, Declaration, now

    echo(f"\nPerson {person} of this project")
    name = typer.prompt("  Who is it? (stays in this project)")
    for key, words in BASES.items():
        echo(f"    {key}: {words}")
    basis = typer.prompt("  On what basis may the face be used?", value_proc=_one_of(BASES))
    adult = typer.confirm("  Is this person of age?")
    intimate = typer.confirm("  Is the footage intimate or sexual?")
    scope = typer.prompt("  What does the consent cover? (a film's title, a lesson)")
    echo(f"    {', '.join(PURPOSES)}")
    purpose = typer.prompt("  For what purpose?", value_proc=_one_of(PURPOSES))
    declared_by = typer.prompt("  Who declares this?")
    return Declaration(
        person=person,
        name=name,
        basis=basis,
        adult=adult,
        intimate=intimate,
        scope=scope,
        purpose=purpose,
        declared_by=declared_by,
        declared_at=now(),
    )


def _one_of(names: Iterable[str]) -> Callable[[str], Any]:
    """Takes one of these words; anything else is asked again."""
    known = list(names)

    def take(answer: str) -> str:
        if answer.strip() not in known:
            raise typer.BadParameter(f"{answer!r} is not one of {', '.join(known)}")
        return answer.strip()

    return take


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
