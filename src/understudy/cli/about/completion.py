"""`understudy completion`: what a shell needs to complete verbs and options."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

VARIABLE = "_UNDERSTUDY_COMPLETE"
"""Set by the script for as long as it asks what could come next."""


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish", "powershell"],
        typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell."),
    ],
) -> None:
    """Print a script with which a shell completes verbs and options; where it goes is up to you.

    Nothing is written and no settings of the shell are touched. Each completion runs `understudy`
    for a moment.

    Example: understudy completion bash > ~/.local/share/bash-completion/completions/understudy

    Example: understudy completion zsh > ~/.zfunc/_understudy

    Example: understudy completion fish > ~/.config/fish/completions/understudy.fish
    """
    # public by its place, but not named in the module's list
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    typer.echo(get_completion_script(prog_name="understudy", complete_var=VARIABLE, shell=shell))


def prepare() -> None:
    """Where a shell asks what could come next, have Typer answer as its scripts expect."""
    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
