"""`understudy extract | train | convert`: the parts of the job, on a project folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from understudy.cli.flags import with_options
from understudy.cli.project import opened
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions

ProjectFolder = Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")]


@with_options
def extract(
    project: ProjectFolder,
    side: Annotated[
        Literal["a", "b"], typer.Argument(metavar="a|b", help="a: the footage; b: the donor.")
    ],
    media: Annotated[Path, typer.Argument(metavar="MEDIA", help="A video or a folder of images.")],
    options: ExtractOptions,
) -> None:
    """Find the faces of one side: alignments beside the film, face pictures in the project.

    Delete face pictures that should not be trained on or replaced; run again to go on after an
    interruption.
    """
    from understudy.plugin import default_registry
    from understudy.runs.swap import extract_side, register

    with opened(project, create=True) as (store, terminal):
        register(store, side, media)
        report = extract_side(store, side, options, default_registry(), terminal)
        terminal.say(
            f"{report.faces} faces in {report.frames_with_faces} of {report.frames} frames; "
            f"{report.read}"
        )
        if report.tracks:
            terminal.say(
                f"{report.shots} shots, {report.tracks} tracks of {report.persons} persons"
            )
        terminal.say(f"alignments: {report.alignments}; face pictures: {report.faces_folder}")


@with_options
def train(project: ProjectFolder, options: TrainOptions) -> None:
    """Train the project's model, or go on training it. Ctrl-C saves and stops.

    Previews appear in PROJECT/model/previews at each save; graphs with
    `tensorboard --logdir PROJECT/model/logs`.
    """
    from understudy.plugin import default_registry
    from understudy.runs.swap import train_project

    with opened(project) as (store, terminal):
        report = train_project(store, options, default_registry(), terminal)
        terminal.say(
            f"model {report.model} at step {report.step}: loss {report.loss_words()}; "
            f"preview: {report.preview}"
        )


@with_options
def convert(
    project: ProjectFolder,
    options: ConvertOptions,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="A .mp4 or .mov file, or a folder name for a PNG sequence."
        ),
    ] = Path("out.mp4"),
) -> None:
    """Convert the project's footage with its model; needs declared consent."""
    from understudy.plugin import default_registry
    from understudy.runs.swap import convert_project, evaluate_project

    registry = default_registry()
    with opened(project) as (store, terminal):
        report = convert_project(store, output, options, registry, terminal)
        scores = evaluate_project(store, output, options, registry, terminal)
        terminal.say(f"{report.output}: {report.swapped_faces} faces in {report.frames} frames")
        for line in scores.lines():
            terminal.say(line)
        terminal.say(f"contact sheet: {store.contact_sheet}")
