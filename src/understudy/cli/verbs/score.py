"""`understudy score`: how good a finished output is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy.cli.flags import Given, with_options
from understudy.cli.work import verb
from understudy.errors import ValueRefused
from understudy.runs.spec import JobSpec
from understudy.shell import quoted
from understudy.stages.evaluate.options import ScoreOptions


@verb()
@with_options
def score(
    what: Annotated[
        Path,
        typer.Argument(metavar="PROJECT|FILM", help="A project folder, or a film before its swap."),
    ],
    options: Given[ScoreOptions],
    output: Annotated[
        Path | None,
        typer.Argument(metavar="[OUTPUT]", help="The film after, where no project made it."),
    ] = None,
    donor: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILM", help="Shows the person whose face went in; once for each film."
        ),
    ] = None,
    render: Annotated[
        str | None,
        typer.Option(help="Which render of the project, where it has several.", show_default=False),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="A film of the perfect swap, where there is one.", show_default=False),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for report and pictures of two films; by default OUTPUT.score.",
            show_default=False,
        ),
    ] = None,
    through_px: Annotated[
        int,
        typer.Option(
            min=0,
            max=4096,
            help="Side in pixels of what the model showed, for the ceiling; 0 for not known.",
        ),
    ] = 0,
) -> JobSpec:
    """Score a finished output: is it the donor, does it do what the plate does, is it believable.

    Faces are found anew in it. Every figure stands beside a floor (the plate as it was) and a
    ceiling (the donor's own pictures at the model's resolution). Report, contact sheet and curves
    lie beside each other; docs/guides/score.md says how far to trust what.

    Example: understudy score out.understudy

    Example: understudy score plate.mp4 swapped.mp4 --donor bob.mp4
    """
    if output is None and what.is_file():
        raise ValueRefused(
            f"{what}: is a film, so say the film after its swap as well: understudy score "
            f"{quoted(what)} OUTPUT --donor FILM; or give a project folder"
        )
    folder = what if output is None else (into or output.with_name(f"{output.name}.score"))
    return JobSpec.of(
        "score",
        resource=folder,
        what=what,
        output=output,
        donors=donor or [],
        render=render,
        truth=truth,
        into=into,
        through_px=through_px,
        options=options.said,
    )
