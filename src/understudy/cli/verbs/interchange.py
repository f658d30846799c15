"""`understudy import | export`: faces from other tools, and for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON for programs.")]


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A Faceswap .fsa, a .json of the book, Faceswap or Understudy, a DeepFaceLab "
            "faceset.pak, or a folder of face pictures of Faceswap or DeepFaceLab.",
        ),
    ],
    media: Annotated[
        Path | None,
        typer.Option(help="The film or folder of images that the faces are in."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The alignments file to make, or without --media the folder for face images; "
            "beside the media or the pictures unless given.",
        ),
    ] = None,
    first_frame: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=1_000_000_000,
            help="Number of the film's first frame in the other tool's names; 1, or 0 where a name "
            "says 0, unless given.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take over faces of another tool: alignments for a film, or a folder of face images.

    Files from strangers are safe to import: nothing in them is ever run.
    """
    from understudy.cli.show import session
    from understudy.interchange.carry import import_ as run

    with session() as terminal:
        report = run(file, media, output, terminal, first_frame)
    if as_json:
        typer.echo(json.dumps(report.to_plain(), indent=2))
        return
    typer.echo(f"{report.output}: {report.faces} faces in {report.frames} frames, {report.tool}")
    if report.n_skipped:
        typer.echo(f"left out: {report.n_skipped}")
        _list(report.skipped, report.n_skipped)
    if report.lost:
        typer.echo("not taken over:")
        _list(report.lost, len(report.lost))


def export(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="An alignments file, or the film it lies beside."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    layout: Annotated[
        Literal["fsa", "json", "faceswap-json", "book", "coco"] | None,
        typer.Option(
            help="fsa: Faceswap alignments. json: everything, documented. faceswap-json: what "
            "Faceswap imports. book: face_alignments.json. coco: COCO key points. By the ending "
            "(.fsa, .json) unless given."
        ),
    ] = None,
    media: Annotated[
        Path | None,
        typer.Option(help="The folder of images, where it does not lie beside the alignments."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the faces of a film for another tool; `understudy export` does the same.

    Example: understudy alignments export clip.mp4 -o clip_alignments.fsa
    """
    from understudy.interchange.carry.export import export as run
    from understudy.store.alignments import alignments_path

    alignments = file if file.suffix == ".alignments" else alignments_path(file)
    report = run(alignments, output, layout, media)
    if as_json:
        typer.echo(json.dumps(report.to_plain(), indent=2))
        return
    typer.echo(f"{report.output}: {report.faces} faces in {report.frames} frames, {report.layout}")
    if report.lost:
        typer.echo("not written:")
        _list(report.lost, len(report.lost))


def _list(lines: Sequence[str], total: int) -> None:
    for line in lines:
        typer.echo(f"  {line}")
    if total > len(lines):
        typer.echo(f"  and {total - len(lines)} more")
