"""`understudy preview`: look for settings without making a film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy.cli.flags import Given, with_options
from understudy.cli.verbs.parts import ModelName, ProjectFolder
from understudy.cli.work import verb
from understudy.runs.spec import JobSpec
from understudy.stages.convert.options import ConvertOptions


@verb()
@with_options
def preview(
    project: ProjectFolder,
    options: Given[ConvertOptions],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The sheet, a .png; an earlier preview gives way."),
    ] = Path("preview.png"),
    source: Annotated[
        str | None,
        typer.Option(
            help="Which film, by id or place; needed when there are several.", show_default=False
        ),
    ] = None,
    cast: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHO=WHOM",
            help="Who becomes whom, once for each, as for `understudy convert`.",
            show_default=False,
        ),
    ] = None,
    model_name: ModelName = None,
    cell_px: Annotated[
        int, typer.Option(min=64, max=1024, help="Side in pixels of a picture on the sheet.")
    ] = 320,
    review: Annotated[
        bool,
        typer.Option(
            "--review",
            help="Show the frames that should be looked at, with the reason; see `understudy "
            "alignments review`.",
        ),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Remember these settings for the project's next conversion."),
    ] = False,
) -> JobSpec:
    """Show a few frames as a conversion would make them: source, new face, matte, difference.

    Where settings are said, the project's own are shown beside them. Only the sheet is written.

    Example: understudy preview project --frames 100,250 --feather 0.12 -o look.png
    """
    said = options.said
    return JobSpec.of(
        "preview",
        resource=project,
        wish=said.device("convert"),
        project=project,
        output=output,
        source=source,
        cast=cast or [],
        model_name=model_name,
        cell_px=cell_px,
        keep=keep,
        review=review,
        options=said,
    )
