"""Who agreed to what: declaring it, taking it back, and the log of a project."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter
from pydantic import StrictBool

from understudy.errors import ConsentMissing
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import (
    BASES,
    INTIMATE,
    PURPOSES,
    UNDER_AGE,
    Declaration,
    now,
)
from understudy.runs.consent import declaring
from understudy.store.project import Project
from understudy.studio.state import Studio


@dataclass(frozen=True)
class NewDeclaration:
    """What is declared of a person.

    Attributes:
        name: who it is; stays in the project.
        basis, purpose: one of those that `GET /consent` lists.
        adult: the person is of age.
        intimate: the footage is intimate or sexual; always refused.
        scope: what the consent covers.
        declared_by: who declares this.
        overwrite: replace one that holds.
    """

    name: str
    basis: str
    # Nobody's age may come from a word that looks like yes.
    adult: StrictBool
    intimate: StrictBool
    scope: str
    purpose: str
    declared_by: str
    overwrite: bool = False


@dataclass(frozen=True)
class Choices:
    """What may be declared: bases with their meaning, and purposes."""

    bases: dict[str, str]
    purposes: list[str]


@dataclass(frozen=True)
class Card:
    """What is declared of a person, and why nothing is made of them, or ""."""

    person: str
    name: str
    why: str
    declared: list[dict[str, Any]]


@dataclass(frozen=True)
class Line:
    """A line of the audit log."""

    number: int
    at: str
    event: str
    facts: dict[str, Any]
    hash: str


def router(studio: Studio) -> APIRouter:
    """Calls on consent."""
    calls = APIRouter(tags=["consent"])

    @calls.get("/consent", summary="What may be declared")
    def choices() -> Choices:
        return Choices({str(basis): words for basis, words in BASES.items()}, list(PURPOSES))

    @calls.get("/projects/{key}/consent", summary="What is declared of each person of a project")
    def cards(key: str) -> list[Card]:
        with Project.open(studio.projects.folder(key), read_only=True) as project:
            return _cards(project)

    @calls.put("/projects/{key}/consent/{person}", summary="Declare a person's consent")
    def declare(key: str, person: str, new: NewDeclaration) -> list[Card]:
        with Project.open(studio.projects.folder(key)) as project:
            declaration = Declaration(
                person=project.person(person).id,
                name=new.name.strip(),
                basis=new.basis,  # type: ignore[arg-type]  # checked by Declaration
                adult=new.adult,
                intimate=new.intimate,
                scope=new.scope.strip(),
                purpose=new.purpose,  # type: ignore[arg-type]  # checked by Declaration
                declared_by=new.declared_by.strip(),
                declared_at=now(),
            )
            if new.intimate or not new.adult:
                why = INTIMATE if new.intimate else UNDER_AGE
                raise ConsentMissing(f"{declaration.person}: {why}; nothing was declared")
            declaring.declare(project, [declaration], new.overwrite)
            return _cards(project)

    @calls.post("/projects/{key}/consent/{person}/revoke", summary="Take a consent back from today")
    def revoke(key: str, person: str) -> list[Card]:
        # Here, since it imports PyTorch, see `Projects`.
        from understudy.runs.consent.forgetting import revoke as take_back

        with Project.open(studio.projects.folder(key)) as project:
            take_back(project, [person])
            return _cards(project)

    @calls.get("/projects/{key}/audit", summary="What was declared, converted and refused")
    def audit(key: str) -> list[Line]:
        with Project.open(studio.projects.folder(key), read_only=True) as project:
            entries = AuditLog(project.audit).entries()
        return [Line(e.number, e.at, e.event, e.facts, e.hash) for e in entries]

    return calls


def _cards(project: Project) -> list[Card]:
    known, today = declaring.declared(project)
    cards = []
    for person in project.persons:
        mine = [d for d in known if d.person == person.id]
        why = "; ".join(filter(None, (d.objection(today) for d in mine)))
        why = why or ("" if mine else "nothing is declared yet")
        cards.append(Card(person.id, person.name, why, [asdict(d) for d in mine]))
    return cards
