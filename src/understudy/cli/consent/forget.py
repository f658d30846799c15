"""`understudy forget`: let a person go who took the consent back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from understudy.cli.project import opened
from understudy.cli.say import echo
from understudy.flow.signals import asking
from understudy.words import counted

if TYPE_CHECKING:
    from understudy.runs.consent.forgetting import Holdings


def forget(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")],
    person: Annotated[str, typer.Option(help="Whom to let go, by id or name.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase without asking; look without it first.")
    ] = False,
) -> None:
    """List what holds a person, and erase it after a question: the consent is taken back too.

    Erased are face pictures, the alignments beside the person's films with their copies, models
    that learnt the person (checkpoints, best, previews), sheets, reports and receipts of
    renders, and unfinished work. Films and finished outputs are yours: they are named, and stay. A
    receipt of what was erased is written to PROJECT/forgotten.

    Example: understudy forget project --person ann
    """
    from understudy.errors import ValueRefused
    from understudy.runs.consent import forgetting

    with opened(project) as (store, terminal):
        found = forgetting.holdings(store, person)
        _print(found)
        if not yes:
            if not sys.stdin.isatty():
                raise ValueRefused("nothing was erased; to erase what is listed, say --yes")
            with asking():
                agreed = typer.confirm(
                    f"Take {found.person}'s consent back, and erase this for good?"
                )
            if not agreed:
                echo("nothing was erased")
                return
        receipt = forgetting.forget(store, person, terminal)
        echo(f"{found.person} is let go; what was erased: {receipt}")


def _print(found: Holdings) -> None:
    total = sum(each.n_bytes for each in found.erased)
    echo(f"of {found.person}, to be erased ({total / 1e6:.1f} MB):")
    for each in found.erased:
        echo(f"  {each.path}: {each.what} ({counted(each.files, 'file')})")
    if not found.erased:
        echo("  nothing")
    echo("stays:")
    for words in found.stays:
        echo(f"  {words}")
