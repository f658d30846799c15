"""`understudy import | export`: faces from other tools, and for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from understudy.cli.work import verb
from understudy.runs.spec import JobSpec


@verb()
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
) -> JobSpec:
    """Take over faces of another tool: alignments for a film, or a folder of face images.

    Files from strangers are safe to import: nothing in them is ever run.
    """
    return JobSpec.of(
        "import",
        resource=media or output or file,
        wish="cpu",
        file=file,
        media=media,
        output=output,
        first_frame=first_frame,
    )


@verb()
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
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
) -> JobSpec:
    """Write the faces of a film for another tool.

    Example: understudy export clip.mp4 -o clip_alignments.fsa
    """
    return JobSpec.of(
        "export",
        resource=output,
        wish="cpu",
        file=file,
        output=output,
        layout=layout,
        media=media,
        overwrite=overwrite,
    )
