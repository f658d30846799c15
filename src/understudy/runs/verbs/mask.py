"""`mask`: masks added, made again, written as images, or read from painted ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from understudy.errors import ValueRefused
from understudy.flow import Reporter
from understudy.geometry import Centering
from understudy.nn.device import DeviceName, choose_device
from understudy.plugin import Registry, default_registry
from understudy.runs.settings import Said
from understudy.runs.sharing import refuse_shared
from understudy.stages.faces.masks import Faces, add_masks, mark_all_stale, mask_settings
from understudy.stages.faces.options import MasksOptions
from understudy.stages.faces.source import alignments_of, reader_of
from understudy.stages.faces.views import FilmFaces, PictureFaces, is_faceset
from understudy.stages.repair import pictures
from understudy.stages.repair.masks import ImageOptions, Show, read_images, write_images
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset
from understudy.words import counted

Process = Literal["missing", "all", "output", "import"]


@dataclass(frozen=True, slots=True)
class Masked:
    """What was done.

    Attributes:
        process: which of the four.
        kinds: of masks.
        faces: that got masks, or whose masks were written.
        unknown: painted images that fit no face.
        pictures: face pictures that were brought up to date.
    """

    process: Process
    kinds: tuple[str, ...]
    faces: int
    unknown: tuple[str, ...] = ()
    pictures: int = 0


def mask(
    where: Path,
    kinds: Sequence[str],
    process: Process,
    folder: Path | None,
    media: Path | None,
    faces: Path | None,
    show: Show,
    blur: float,
    threshold: float | None,
    size: int | None,
    centering: Centering | None,
    device: DeviceName,
    options: Said,
    progress: Reporter,
    shared: bool = False,
) -> None:
    """Add, make again, write or read masks.

    Raises:
        ValueRefused: images need a folder and one kind.
        StoreError: masks would change for other projects too, and `shared` does not say so.
    """
    kinds = tuple(dict.fromkeys(kinds or (["custom"] if process == "import" else ["extended"])))
    if process in ("output", "import") and (folder is None or len(kinds) != 1):
        raise ValueRefused(f"--process {process} needs --folder, and one --kind")
    if faces is not None:
        list_faceset(faces)  # not only when the masks are made
    if process in ("all", "import") and not (shared or is_faceset(where)):
        refuse_shared(alignments_of(where), faces)
    registry = default_registry()
    with _opened(where, media, registry, read_only=process == "output") as (source, store):
        size = size or int(_known(store, "size", 256))
        images = ImageOptions(show, blur, threshold, size, centering or _known(store, "centering"))
        unknown: Sequence[str] = ()
        if folder is not None and process == "output":
            n = write_images(source, kinds[0], folder, images, progress)
            _tell(Masked(process, kinds, n), f"{n} mask images in {folder}", progress)
            return
        if folder is not None and process == "import":
            n, unknown = read_images(source, kinds[0], folder, images, progress)
            words = f"{counted(n, 'face')} got a mask {kinds[0]}"
            if unknown:
                words += (
                    f"\n{counted(len(unknown), 'image fits', 'images fit')} no face, such "
                    f"as {unknown[0]}"
                )
        else:
            everything = process == "all"
            given = options.settled(MasksOptions, None, progress).mask
            settings = mask_settings(store, kinds, given, everything, registry)
            if everything and store is not None:
                mark_all_stale(store, kinds)  # so that a run that is stopped can be gone on with
                everything = False
            on = str(choose_device(device).device)
            n = add_masks(source, kinds, everything, registry, progress, on, settings).faces
            words = f"{counted(n, 'face')} got masks: {', '.join(kinds)}"
        n_pictures = 0
        if faces is not None and store is not None:
            film = reader_of(store, media)
            state = pictures.update(faces, store, film, progress, rename=False)
            n_pictures = len(state.behind) + len(state.stale)
            words += f"\n{n_pictures} face pictures brought up to date"
        _tell(Masked(process, kinds, n, tuple(unknown), n_pictures), words, progress)


def _tell(made: Masked, words: str, progress: Reporter) -> None:
    progress.report("masked", made, words)


def _known(store: Alignments | None, name: str, default: Any = "head") -> Any:
    return default if store is None else store.source.setting(name, default)


@contextmanager
def _opened(
    where: Path, media: Path | None, registry: Registry, *, read_only: bool
) -> Iterator[tuple[Faces, Alignments | None]]:
    """The faces of an alignments file, or of a folder of face pictures."""
    if is_faceset(where):
        yield PictureFaces(where, registry), None
        return
    with Alignments.open(alignments_of(where), read_only=read_only) as store:
        yield FilmFaces(store, reader_of(store, media)), store
