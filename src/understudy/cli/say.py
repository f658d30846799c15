"""Words on stdout or stderr from verbs that draw nothing else."""

from __future__ import annotations

import typer

from understudy.events.words import printable_text


def echo(words: str, *, err: bool = False, nl: bool = True) -> None:
    """Print words that may hold names of other people's choosing; nothing in them is obeyed."""
    typer.echo(printable_text(words), err=err, nl=nl)
