"""`understudy verify`: what a file says of itself, in plain words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from understudy.cli.say import echo


def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A video or picture, or a folder of pictures.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Read a file's Content Credentials: who signed, what it is, whether it was changed since.

    Works offline and on files of other tools. Leaves with 0 only when the file carries credentials
    that fit it.
    """
    from understudy.errors import MediaError
    from understudy.provenance.verify import verify as read

    if not file.exists():
        raise MediaError(f"{file}: there is no such file")
    files = sorted(file.glob("*.png")) if file.is_dir() else [file]
    if not files:
        raise MediaError(f"{file}: there are no PNG files in this folder")
    verdicts = [(f, read(f)) for f in files]
    if as_json:
        echo(json.dumps({str(f): v.to_plain() for f, v in verdicts}, indent=2))
    elif file.is_dir():
        states = [v.state for _, v in verdicts]
        for state in dict.fromkeys(states):
            echo(f"{states.count(state)} of {len(states)} pictures: {state}")
        echo("\n".join(verdicts[0][1].sentences))
    else:
        echo("\n".join(verdicts[0][1].sentences))
    if not all(v.ok for _, v in verdicts):
        raise typer.Exit(1)
