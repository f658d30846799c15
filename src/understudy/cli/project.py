"""Opening a project for a verb, and printing what it made."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli.say import echo

if TYPE_CHECKING:
    from understudy.cli.show import Terminal
    from understudy.store.project import Project


@contextmanager
def opened(folder: Path, create: bool = False) -> Iterator[tuple[Project, Terminal]]:
    """A project and a terminal that logs into it; what was brought up is said."""
    from understudy.cli.show import session
    from understudy.provenance.consent import bring_up
    from understudy.store.project import Project

    with Project.open(folder, create=create) as project, session(project.log) as terminal:
        for words in project.brought_up:
            terminal.say(words)
        copy = bring_up(project.consent)
        if copy is not None:
            terminal.say(f"consent is declared by person now; {copy.name} is what it was")
        yield project, terminal


def tell_ids(project: Project, names: Container[str]) -> None:
    """Say under which ids people are known whose names are no ids."""
    for person in project.persons:
        if person.name and person.name in names:
            echo(f"{person.name!r} has the id {person.id} in this project; use that")
