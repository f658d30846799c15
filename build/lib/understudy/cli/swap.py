"""`understudy swap`: the whole job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy.cli.flags import with_options
from understudy.cli.project import opened, print_result
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions


@with_options
def swap(
    a: Annotated[Path, typer.Argument(metavar="A", help="The footage whose face is replaced.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Shows the person whose face goes in.")],
    extracting: ExtractOptions,
    training: TrainOptions,
    converting: ConvertOptions,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="A .mp4 or .mov file, or a folder name for a PNG sequence."
        ),
    ] = Path("out.mp4"),
    project: Annotated[
        Path | None,
        typer.Option("--project", "-p", help="Project folder; by default OUTPUT.understudy."),
    ] = None,
    consent: Annotated[
        Path | None,
        typer.Option("--consent", help="A consent.toml to take the declarations from."),
    ] = None,
) -> None:
    """Put the face of the person in B into the footage A: extract, train, convert, look.

    Everything lies in a project folder that can be inspected. Run the same command again to go on
    after an interruption, or to train longer.
    """
    from understudy.cli.consent import ensure_declared
    from understudy.plugin import default_registry
    from understudy.runs.swap import run_job

    folder = project or output.with_suffix(".understudy")
    with opened(folder, create=True) as (store, terminal):
        ensure_declared(store, consent)
        result = run_job(
            store,
            {"a": a, "b": b},
            output,
            extracting,
            training,
            converting,
            default_registry(),
            terminal,
        )
        print_result(result)
