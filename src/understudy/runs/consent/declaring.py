"""Declaring who is in the picture: the one way, for the command line and the studio alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from understudy.errors import ConsentMissing, ValueRefused
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import Declaration, read_declarations
from understudy.runs.consent.declared import foreign, keep_declared
from understudy.shell import quoted
from understudy.store.project import Project


@dataclass(frozen=True, slots=True)
class Lacking:
    """Persons of a project for whom no declaration holds today.

    Attributes:
        asked: ids of those of whom nothing holds yet.
        gone: ids of those whose consent ended or was taken back, with the reason; they are not to
            be asked about as if it had been forgotten.
    """

    asked: tuple[str, ...]
    gone: dict[str, str]


def declared(project: Project) -> tuple[list[Declaration], date]:
    """What is declared about this project's films, and the day to judge it by.

    Raises:
        StoreError: the declarations or the log cannot be read.
    """
    found = read_declarations(project.consent)
    strange = foreign(project, found)
    return [d for d in found if d not in strange], AuditLog(project.audit).today()


def lacking(project: Project) -> Lacking:
    """Persons of the project without a declaration that holds today.

    Raises:
        StoreError: the declarations or the log cannot be read.
    """
    known, today = declared(project)
    good = {d.person for d in known} - {d.person for d in known if d.objection(today)}
    gone = {d.person: why for d in known if (why := d.gone(today))}
    asked = tuple(p.id for p in project.persons if p.id not in good and p.id not in gone)
    return Lacking(asked, gone)


def refuse_gone(project: Project) -> None:
    """Refuse, where no model is left, for the consent that it went with: training brings none back.

    Raises:
        ConsentMissing: a person's consent ended or was taken back; says whose.
        StoreError: the declarations or the log cannot be read.
    """
    from understudy.runs.models import persons_by_model  # checkpoints come with PyTorch

    if not persons_by_model(project) and (gone := lacking(project).gone):
        reasons = "; ".join(f"{person}: {why}" for person, why in gone.items())
        raise ConsentMissing(f"nothing is converted, and no trained model is here: {reasons}")


def declare(
    project: Project, new: Sequence[Declaration], overwrite: bool = False
) -> dict[str, str]:
    """Keep declarations, and log that they were made.

    Those of the same people are replaced where they do not hold, or where the new one says less.

    Args:
        project: keeps them.
        new: what is declared.
        overwrite: replace also one that holds.

    Returns:
        Ids of those of whom nothing will be made all the same, with the reason.

    Raises:
        ValueRefused: one that holds would be replaced unasked; nothing was changed.
        StoreError: they cannot be read or written.
    """
    known, today = declared(project)
    have = {(d.person, d.id): replace(d, films=()) for d in known}
    new = [replace(d, films=()) for d in new]
    old = {d: have[d.person, d.id] for d in new if (d.person, d.id) in have}
    new = [d for d in new if d not in old or replace(d, declared_at=old[d].declared_at) != old[d]]
    holds = [d.person for d in new if d in old and not old[d].objection(today)]
    lasting = [p for p in holds if not any(d.person == p and d.objection(today) for d in new)]
    if lasting and not overwrite:
        raise ValueRefused(
            f"{lasting[0]}: is declared already, and that holds; nothing was changed; look at it "
            f"with understudy consent {quoted(project.folder)} --show, and say --overwrite to "
            "replace it, or --revoke to take it back"
        )
    keep_declared(project, new)
    return {d.person: why for d in new if (why := d.objection(today))}
