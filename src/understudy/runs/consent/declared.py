"""Declarations and the project that they were made in.

A declaration notes the films that showed its person when it was made, and the log the digest of
what was declared. So one that was copied from another project is told from one that was made here,
and one that people wrote into the file by hand is taken, told and written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from understudy.errors import ConsentMissing, StoreError
from understudy.flow import Progress
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import (
    Declaration,
    digest,
    keep_declarations,
    read_declarations,
)
from understudy.shell import quoted
from understudy.store.project import Project


def keep_declared(project: Project, new: Sequence[Declaration]) -> None:
    """Keep declarations made here: of the films that show their persons now; each is logged.

    Raises:
        DiskFull, StoreError: they cannot be written, or what is there is no such file; it stays.
    """
    bound = [_bound(project, d) for d in new]
    if bound:
        keep_declarations(project.consent, bound)
    for d in bound:
        _log(project, d)


def foreign(project: Project, declarations: Iterable[Declaration]) -> list[Declaration]:
    """Those that were made of films none of which was ever said to show their person here.

    Raises:
        StoreError: the log cannot be read.
    """
    bound = [d for d in declarations if d.films]
    if not bound:
        return []
    shown: dict[str, set[str]] = {}
    for entry in AuditLog(project.audit).entries():
        if entry.event == "shows":
            person, film = str(entry.facts.get("person")), str(entry.facts.get("source"))
            shown.setdefault(person, set()).add(film)
    return [
        d
        for d in bound
        if not {*_films(project, d.person), *shown.get(d.person, ())}.intersection(d.films)
    ]


def refuse_foreign(project: Project, persons: Sequence[str]) -> None:
    """Refuse persons whose declaration was made in another project, about other films.

    Raises:
        ConsentMissing: says whose, and what to do; the refusal is logged.
    """
    mine = [d for d in read_declarations(project.consent) if d.person in persons]
    strange = list(dict.fromkeys(d.person for d in foreign(project, mine)))
    if not strange:
        return
    asked = " ".join(f"--person {quoted(person)}" for person in strange)
    refusal = ConsentMissing(
        f"the declaration of {', '.join(strange)} in {project.consent} was made about other films, "
        "in another project: none of them was ever said to show them here, so nobody declared "
        f"this. To declare it here, run: understudy consent {quoted(project.folder)} {asked}"
    )
    AuditLog(project.audit).append("refused", reason=str(refusal))
    raise refusal


def settle(project: Project, persons: Sequence[str], progress: Progress) -> None:
    """Tell and log what was declared by hand, and bind what is not bound to films yet.

    Args:
        project: the project.
        persons: whose declarations are about to be used.
        progress: told of what nobody declared by a command.

    Raises:
        DiskFull, StoreError: they cannot be read or written.
    """
    mine = [d for d in read_declarations(project.consent) if d.person in persons]
    said = _logged(project)
    by_hand = [d for d in mine if _mark(d) not in said and (d.person, "") not in said]
    if by_hand:
        names = list(dict.fromkeys(d.person for d in by_hand))
        progress.warn(
            f"{project.consent}: what it says of {', '.join(names)} was written there by hand or "
            "copied, not declared with understudy consent; it is taken as it stands, and the log "
            "says so",
            code="declared-by-hand",
            persons=names,
        )
    unbound = [(d, new) for d in mine if not d.films and (new := _bound(project, d)).films]
    if unbound:
        # Not every TOML that declares can be added to by a program; it holds as it is.
        with suppress(StoreError):
            keep_declarations(project.consent, [new for _, new in unbound])
    for d in by_hand:
        _log(project, d, how="by hand")


def _bound(project: Project, declaration: Declaration) -> Declaration:
    return replace(declaration, films=tuple(_films(project, declaration.person)))


def _films(project: Project, person: str) -> list[str]:
    marks = (source.fingerprint for source in project.sources_of(person))
    return list(dict.fromkeys(mark for mark in marks if mark))


def _mark(declaration: Declaration) -> tuple[str, str]:
    """Person and digest; without films, which are bound later and logged where they are shown."""
    return declaration.person, digest([replace(declaration, films=())])


def _log(project: Project, declaration: Declaration, **more: str) -> None:
    person, sha256 = _mark(declaration)
    facts = {"basis": declaration.basis, "purpose": declaration.purpose, "sha256": sha256}
    AuditLog(project.audit).append("declared", person=person, **facts, **more)


def _logged(project: Project) -> set[tuple[str, str]]:
    """What was declared; an empty digest where the log is from before there were digests."""
    return {
        (str(entry.facts.get("person")), str(entry.facts.get("sha256", "")))
        for entry in AuditLog(project.audit).entries()
        if entry.event == "declared"
    }
