"""Opening a project for a verb, and printing what it made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.cli.show import Terminal
    from understudy.runs.renders import RenderReport
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


def print_result(result: RenderReport) -> None:
    """What was made, how good it is, and where it lies."""
    from rich.console import Console

    output = result.converted.output
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(str(output), style="bold")
    for line in result.scores.lines():
        console.print(f"  {line}")
    console.print(f"  contact sheet: {result.sheet}")
    console.print(f"  report: {result.text}")
    console.print(f"  what the file says of itself: understudy verify {output}")
