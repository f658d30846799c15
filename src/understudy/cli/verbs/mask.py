"""`understudy mask`: add masks to faces that are there, write them as images, read painted ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from understudy.cli.flags import Given, with_options
from understudy.cli.work import verb
from understudy.runs.spec import JobSpec
from understudy.stages.faces.options import MasksOptions


@verb()
@with_options
def mask(
    where: Annotated[
        Path,
        typer.Argument(
            metavar="WHERE", help="An alignments file, its film, or a folder of face pictures."
        ),
    ],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Which masks, such as extended; several times for several."),
    ] = None,
    process: Annotated[
        Literal["missing", "all", "output", "import"],
        typer.Option(
            help="missing: make those that lack or are stale; all: make every one again; output: "
            "write images; import: read painted images."
        ),
    ] = "missing",
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where images are written to or read from.")
    ] = None,
    media: Annotated[
        Path | None, typer.Option(help="The film, where it is not beside the alignments.")
    ] = None,
    faces: Annotated[
        Path | None,
        typer.Option(help="Face pictures that get what the alignments get; training reads them."),
    ] = None,
    show: Annotated[
        Literal["mask", "masked", "overlay"],
        typer.Option(help="output: the mask, the face inside it, or the face with it tinted."),
    ] = "mask",
    blur: Annotated[
        float, typer.Option(min=0.0, max=0.3, help="output, import: soften by this share.")
    ] = 0.0,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="output, import: 1 from here on.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=32, max=2048, help="Pixels a side of images of a film; as its pictures."),
    ] = None,
    centering: Annotated[
        Literal["legacy", "face", "head"] | None,
        typer.Option(help="What images of a film cover; as its pictures."),
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where networks run.")
    ] = "auto",
    shared: Annotated[
        bool,
        typer.Option("--shared", help="all, import: do it although several projects use the file."),
    ] = False,
    *,
    options: Given[MasksOptions],
) -> JobSpec:
    """Add, make again, write or read masks, for an alignments file or a folder of face pictures.

    Painted images are found by the names of the face pictures, and become the kind `custom`
    unless --kind names another.

    Example: understudy mask clip.mp4 --kind extended --faces project/sources/clip/faces

    Example: understudy mask project/sources/clip/faces --process import --folder painted
    """
    from understudy.store.alignments import alignments_path

    beside = alignments_path(where)
    return JobSpec.of(
        "mask",
        resource=beside if beside.is_file() else where,
        wish=device,
        where=where,
        kinds=kind or [],
        process=process,
        folder=folder,
        media=media,
        faces=faces,
        show=show,
        blur=blur,
        threshold=threshold,
        size=size,
        centering=centering,
        device=device,
        shared=shared,
        options=options.said,
    )
