"""`understudy mask`: add masks to faces that are there, write them as images, read painted ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from understudy.cli.flags import Given, with_options
from understudy.stages.faces.options import MasksOptions

if TYPE_CHECKING:
    from understudy.stages.faces.masks import Faces
    from understudy.store.alignments import Alignments


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
    *,
    options: Given[MasksOptions],
) -> None:
    """Add, make again, write or read masks, for an alignments file or a folder of face pictures.

    Painted images are found by the names of the face pictures, and become the kind `custom`
    unless --kind names another.

    Example: understudy mask clip.mp4 --kind extended --faces project/sources/clip/faces

    Example: understudy mask project/sources/clip/faces --process import --folder painted
    """
    from understudy.cli.show import session
    from understudy.errors import ValueRefused
    from understudy.nn.device import choose_device
    from understudy.plugin import default_registry
    from understudy.stages.faces.masks import add_masks, mark_all_stale, mask_settings
    from understudy.stages.faces.source import reader_of
    from understudy.stages.repair import pictures
    from understudy.stages.repair.masks import ImageOptions, read_images, write_images

    kinds = list(dict.fromkeys(kind or (["custom"] if process == "import" else ["extended"])))
    if process in ("output", "import") and (folder is None or len(kinds) != 1):
        raise ValueRefused(f"--process {process} needs --folder, and one --kind")
    registry = default_registry()
    output_only = process == "output"
    with session() as terminal, _opened(where, media, output_only) as (source, store):
        images = ImageOptions(
            show,
            blur,
            threshold,
            size or int(_known(store, "size", 256)),
            centering or _known(store, "centering", "head"),
        )
        if process == "output" and folder is not None:
            n = write_images(source, kinds[0], folder, images, terminal)
            typer.echo(f"{n} mask images in {folder}")
            return
        if process == "import" and folder is not None:
            n, left = read_images(source, kinds[0], folder, images, terminal)
            typer.echo(f"{n} faces got a mask {kinds[0]}")
            if left:
                typer.echo(f"{len(left)} images fit no face, such as {left[0]}")
        else:
            everything = process == "all"
            given = options.settled(None, terminal).mask
            settings = mask_settings(store, kinds, given, everything, registry)
            if everything and store is not None:
                mark_all_stale(store, kinds)
                everything = False
            chosen = choose_device(device)
            told = add_masks(
                source, kinds, everything, registry, terminal, str(chosen.device), settings
            )
            typer.echo(f"{told.faces} faces got masks: {', '.join(told.kinds)}")
        if faces is not None and store is not None:
            film = reader_of(store, media)
            state = pictures.update(faces, store, film, terminal, rename=False)
            n = len(state.behind) + len(state.stale)
            typer.echo(f"{n} face pictures brought up to date")


def _known(store: Alignments | None, name: str, default: Any) -> Any:
    return default if store is None else store.source.setting(name, default)


@contextmanager
def _opened(
    where: Path, media: Path | None, read_only: bool
) -> Iterator[tuple[Faces, Alignments | None]]:
    """The faces of an alignments file, or of a folder of face pictures."""
    from understudy.plugin import default_registry
    from understudy.stages.faces.source import alignments_of, reader_of
    from understudy.stages.faces.views import FilmFaces, PictureFaces, is_faceset
    from understudy.store.alignments import Alignments

    if is_faceset(where):
        yield PictureFaces(where, default_registry()), None
        return
    with Alignments.open(alignments_of(where), read_only=read_only) as store:
        yield FilmFaces(store, reader_of(store, media)), store
