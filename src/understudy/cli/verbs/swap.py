"""`understudy swap`: the whole job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from understudy.cli.flags import Given, with_options
from understudy.cli.project import opened
from understudy.cli.work import verb
from understudy.errors import ValueRefused
from understudy.files import remove_folder
from understudy.runs.spec import JobSpec
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions


@verb()
@with_options
def swap(
    a: Annotated[Path, typer.Argument(metavar="A", help="The footage whose face is replaced.")],
    b: Annotated[
        list[Path],
        typer.Argument(
            metavar="B...", help="Show the person whose face goes in; the more, the better."
        ),
    ],
    extracting: Given[ExtractOptions],
    training: Given[TrainOptions],
    converting: Given[ConvertOptions],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A film (.mp4, .mov, .mkv, .webm), or a folder name for pictures.",
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
    person_a: Annotated[str, typer.Option(help="What the person in A is called here.")] = "a",
    person_b: Annotated[str, typer.Option(help="What the person in B is called here.")] = "b",
    instant: Annotated[
        bool,
        typer.Option(
            "--instant",
            help="No training: what the model knows in closed form, after seconds. Run again "
            "without it to train on. The same as --minutes 0.",
        ),
    ] = False,
    swap: Annotated[
        bool, typer.Option("--swap", help="The other direction: A's face into the first B.")
    ] = False,
) -> JobSpec:
    """Put the face of the person in B into the footage A: extract, train, convert, look.

    Everything lies in a project folder that can be inspected. Run the same command again to go on
    after an interruption, or to train longer. For several persons, or several films to convert, see
    `understudy add`, `cast`, `train` and `convert`.
    """
    from understudy.cli.consent.declaring import ensure_declared
    from understudy.runs.swap import look_first

    planned = training.said
    if instant:
        both = [name for name in ("minutes", "iterations") if f"train.{name}" in planned.flags]
        if both:
            raise ValueRefused(f"--instant: trains nothing, so --{both[0]} cannot be said as well")
        planned = replace(planned, flags={**planned.flags, "train.minutes": 0.0})
    folder = project or output.with_suffix(".understudy")
    said = (extracting.said, planned, converting.said)
    films = {person_a: [a], person_b: b} if person_a != person_b else {person_a: [a, *b]}
    look_first(folder, films, output, said, swap)
    fresh = not folder.exists()
    try:
        with opened(folder, create=True) as (store, _):
            persons = [store.add_person(name).id for name in (person_a, person_b)]
            ensure_declared(store, consent, persons)
    except BaseException:
        if fresh:  # nothing was answered: no empty project is left behind
            remove_folder(folder)
        raise
    return JobSpec.of(
        "swap",
        resource=folder,
        wish=training.said.device("train"),
        a=a,
        b=b,
        output=output,
        project=folder,
        person_a=persons[0],
        person_b=persons[1],
        swap=swap,
        extracting=extracting.said,
        training=planned,
        converting=converting.said,
    )
