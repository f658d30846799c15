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

    A folder of pictures is compared with the list that was signed with it: what was altered,
    removed, renamed or put in is named. Folders in it are not looked into: verify each by itself.
    Works offline and on files of other tools. Leaves with 0
    only when the file carries credentials that fit it.
    """
    from understudy.errors import MediaError
    from understudy.provenance.folder import verify_folder
    from understudy.provenance.verify import verify as read

    if not file.exists():
        raise MediaError(f"{file}: there is no such file")
    if file.is_dir():
        folder = verify_folder(file)
        verdict, each = folder.whole, {file: folder.whole, **folder.pictures}
    else:
        verdict = read(file)
        each = {file: verdict}
    if as_json:
        echo(json.dumps({str(path): v.to_plain() for path, v in each.items()}, indent=2))
    else:
        echo("\n".join(verdict.sentences))
    if not verdict.ok:
        raise typer.Exit(1)
