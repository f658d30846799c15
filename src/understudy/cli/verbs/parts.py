"""`understudy add | extract | train | convert`: the parts of the job, on a project folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy.cli.flags import Given, with_options
from understudy.cli.project import opened, tell_ids
from understudy.cli.say import echo
from understudy.cli.work import verb
from understudy.runs.spec import JobSpec
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions

ProjectFolder = Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model-name",
        help="Which of the project's models, PROJECT/models/NAME; by default `model`.",
        show_default=False,
    ),
]


def add(
    project: ProjectFolder,
    films: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILM...",
            help="Videos, folders of images, or folders of face pictures from elsewhere.",
        ),
    ],
    person: Annotated[
        str | None,
        typer.Option(
            help="Whom everybody found in them shows; without it, say so later with "
            "`understudy cast`.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Add films to a project, which is made when it is not there. Nothing is copied or extracted.

    Several films and folders of one person make one faceset. A film that moved is added again to
    say where it is now.

    Example: understudy add project take1.mp4 take2.mp4 --person ann
    """
    from understudy.runs.project import add as add_one
    from understudy.runs.project import look_at

    with opened(project, create=True) as (store, _):
        for film in films:  # a mistyped one must not leave half of them added
            look_at(store, film, person)
        for film in films:
            source = add_one(store, film, person)
            who = ", ".join(f"{n}: {p}" for n, p in source.persons.items()) or "nobody named yet"
            echo(f"{source.id}: {source.path} ({who})")
            if not source.path.samefile(film):
                echo(f"  {film} is the same film; the one that was added first is used")
        tell_ids(store, [person] if person else [])


def remove(
    project: ProjectFolder,
    films: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILM]...", help="Films by id or place.", show_default=False),
    ] = None,
    person: Annotated[
        list[str] | None,
        typer.Option(
            help="A person of the cast, by id or name; once for each.", show_default=False
        ),
    ] = None,
    render: Annotated[
        list[str] | None,
        typer.Option(help="A render by its name; once for each.", show_default=False),
    ] = None,
) -> None:
    """Take films, persons or renders out of a project. Films, alignments and outputs stay.

    Face pictures and reports that the project made are moved to PROJECT/removed. What a render was
    made of, and whom a model or a film shows, is not removed.

    Example: understudy remove project wrong-take.mp4

    Example: understudy remove project --person anne
    """
    from understudy.runs.parting.removing import remove as take_out

    with opened(project) as (store, _):
        for words in take_out(store, films or [], person or [], render or []):
            echo(words)


@verb()
@with_options
def extract(
    project: ProjectFolder,
    options: Given[ExtractOptions],
    films: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILM]...",
            help="Ids of the project's films, or films, which are added where they are new. "
            "Without any: all that are not done.",
            show_default=False,
        ),
    ] = None,
) -> JobSpec:
    """Find the faces of films: alignments beside each film, face pictures in the project.

    Delete face pictures that should not be trained on or replaced; run again to go on after an
    interruption. Then see who was found with `understudy cast PROJECT`.
    """
    said = options.said
    return JobSpec.of(
        "extract",
        resource=project,
        wish=said.device("extract"),
        project=project,
        films=films or [],
        options=said,
    )


@verb()
@with_options
def train(
    project: ProjectFolder,
    options: Given[TrainOptions],
    persons: Annotated[
        str,
        typer.Option(
            help="Whom the model learns, separated by commas, two or more; by default those it "
            "knows, or everybody with face pictures.",
            show_default=False,
        ),
    ] = "",
    model_name: ModelName = None,
) -> JobSpec:
    """Train a model of the project, or go on training it. Ctrl-C saves and stops.

    Previews appear in PROJECT/models/NAME/previews at each save; graphs with
    `tensorboard --logdir PROJECT/models/NAME/logs`.

    Example: understudy train project --persons ann,bob --model-name pair
    """
    said = options.said
    return JobSpec.of(
        "train",
        resource=project,
        wish=said.device("train"),
        project=project,
        persons=[person.strip() for person in persons.split(",") if person.strip()],
        model_name=model_name,
        options=said,
    )


@verb()
@with_options
def convert(
    project: ProjectFolder,
    options: Given[ConvertOptions],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A film (.mp4, .mov, .mkv, .webm), a folder name for pictures, or with --frames a "
            "single picture (.png, .tif); out.mp4 unless "
            "given, or that of --render-name.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Which film, by id or place; needed when there are several."),
    ] = None,
    cast: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHO=WHOM",
            help="Who becomes whom, once for each: WHO is a number or name that `understudy cast` "
            "shows, WHOM a person of the model or `leave`. WHOM alone is for everybody.",
            show_default=False,
        ),
    ] = None,
    model_name: ModelName = None,
    render_name: Annotated[
        str | None,
        typer.Option(
            help="Name of the render, by default the output's. One that is known keeps its film, "
            "casting, model, output and settings where no others are said.",
            show_default=False,
        ),
    ] = None,
    swap: Annotated[
        bool, typer.Option("--swap", help="Of two persons, the other one's film instead.")
    ] = False,
    all_films: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Every film of the project, one after the other: as it was converted last, or to "
            "-o, in which {film} becomes its name ({film}_swap.mp4 unless given). One that fails "
            "does not stop the others.",
        ),
    ] = False,
    renders: Annotated[
        Path | None,
        typer.Option(
            help="Several renders, one after the other, as a TOML file names them in tables "
            "[[render]], each with its output, source, cast, model, name and settings.",
            show_default=False,
        ),
    ] = None,
    on_the_fly: Annotated[
        bool,
        typer.Option(
            "--on-the-fly",
            help="Extract the film first where that is not done, with the project's last settings "
            "of extraction, and make the masks that are asked for.",
        ),
    ] = False,
) -> JobSpec:
    """Convert a film with a model, or many; needs declared consent of everybody in them.

    Any film of the project's persons will do, also one that the model was not trained on. Report
    and contact sheet lie in PROJECT/renders/NAME.

    Example: understudy convert project --source clip.mp4 --cast 0=bob --cast 1=leave -o out.mp4

    Example: understudy convert project --all -o "{film}_new.mp4"
    """
    said = options.said
    return JobSpec.of(
        "convert",
        resource=project,
        wish=said.device("convert"),
        project=project,
        output=output,
        source=source,
        cast=cast or [],
        model_name=model_name,
        render_name=render_name,
        swap=swap,
        options=said,
        all_films=all_films,
        renders=renders,
        on_the_fly=on_the_fly,
    )
