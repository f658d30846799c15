"""Export: an alignments file as other tools read it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from understudy.errors import StoreError, ValueRefused
from understudy.files import refuse_sources
from understudy.interchange import book, coco, plain_json
from understudy.interchange.carry.names import image_key, video_key
from understudy.interchange.faceswap import IDENTITY
from understudy.interchange.faceswap.fsa import write_fsa
from understudy.interchange.json_file import faceswap_json, table_json
from understudy.media import MediaInfo, probe
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit
from understudy.types import Face
from understudy.version import VERSION

Layout = Literal["fsa", "json", "faceswap-json", "book", "coco"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote.

    Attributes:
        output: the file.
        layout: what it is.
        frames: that were looked at.
        faces: written.
        lost: what the layout has no place for.
    """

    output: Path
    layout: Layout
    frames: int
    faces: int
    lost: Sequence[str]

    def to_plain(self) -> dict[str, Any]:
        """The report as data that JSON holds."""
        return {**asdict(self), "output": str(self.output)}


def export(
    alignments: Path,
    output: Path,
    layout: Layout | None = None,
    media: Path | None = None,
    *,
    overwrite: bool = False,
) -> ExportReport:
    """Write an alignments file for another tool.

    Args:
        alignments: the file.
        output: what to write; a name without an ending gets the layout's, by which the other tool
            knows its files.
        layout: None goes by the ending: `.fsa` for Faceswap's, `.json` for our own JSON.
        media: the folder of images that the faces are in, needed for the images' names; None looks
            beside the alignments.
        overwrite: replace a file that is there.

    Raises:
        StoreError: the alignments cannot be read, the images are not theirs, or the output is
            there.
        ValueRefused: an ending that names no layout, or the output is the alignments or the film.
        DiskFull: no room.
    """
    chosen = layout or _by_ending(output)
    if not output.suffix:
        output = output.with_name(
            f"{output.name}.fsa" if chosen == "fsa" else f"{output.name}.json"
        )
    with Alignments.open(alignments, read_only=True) as store:
        refuse_sources(output, [alignments, media or store.path.with_name(store.source.name)])
        if os.path.lexists(output) and not overwrite:
            raise StoreError(
                f"{output} is there already; choose another -o, or say --overwrite to replace it"
            )
        frames, _, faces = store.counts()
        lost = [*_LOST[chosen], *_lost_here(chosen, store)]
        if chosen == "json":
            _write(output, plain_json.pieces(store))
        else:
            _WRITERS[chosen](output, store, _keys(store, media, chosen))
    return ExportReport(output, chosen, frames, faces, lost)


_LOST: dict[Layout, tuple[str, ...]] = {
    "json": (),
    "fsa": (
        "scores, quality, tracks, embeddings and what is stale",
        "fractions of a pixel of the boxes",
    ),
    "faceswap-json": ("everything but boxes, in whole pixels, and landmarks",),
    "book": ("everything but landmarks; crops are those of the book's five points",),
    "coco": ("everything but boxes, scores and landmarks",),
}


def _lost_here(layout: Layout, store: Alignments) -> Iterator[str]:
    if layout != "fsa":
        return
    names: dict[str, None] = {}
    for _, faces in store.by_frame():
        names.update(dict.fromkeys(n for f in faces for n in f.extras))
    others = [name for name in names if not name.startswith(IDENTITY)]
    if others:
        yield f"extras: {', '.join(others)}"


def _fsa(output: Path, store: Alignments, key: Callable[[int], str]) -> None:
    write_fsa(output, ((key(at.index), faces) for at, faces in store.by_frame()))


def _faceswap_json(output: Path, store: Alignments, key: Callable[[int], str]) -> None:
    _write(output, faceswap_json(_keyed(store, key)))


def _book(output: Path, store: Alignments, key: Callable[[int], str]) -> None:
    _write(output, table_json(book.to_plain(_keyed(store, key))))


def _coco(output: Path, store: Alignments, key: Callable[[int], str]) -> None:
    source = store.source
    frames = ((key(at.index), at.index, faces) for at, faces in store.by_frame())
    about = f"faces of {source.name}, by Understudy {VERSION}"
    _write(output, coco.pieces(frames, (source.width, source.height), about))


_WRITERS: dict[str, Callable[[Path, Alignments, Callable[[int], str]], None]] = {
    "fsa": _fsa,
    "faceswap-json": _faceswap_json,
    "book": _book,
    "coco": _coco,
}


def _keyed(store: Alignments, key: Callable[[int], str]) -> Iterator[tuple[str, Sequence[Face]]]:
    for at, faces in store.by_frame():
        yield key(at.index), faces


def _keys(store: Alignments, media: Path | None, layout: Layout) -> Callable[[int], str]:
    """What the other tool calls a frame."""
    source = store.source
    beside = media or store.path.with_name(source.name)
    if media is not None or beside.is_dir():
        info = probe(beside)
        _check_same(info, store)
        if info.kind == "images":
            return lambda index: image_key(info, index)
    elif not Path(source.name).suffix:
        raise StoreError(
            f"{store.path}: its folder of images {source.name} is not beside it, so the names "
            "of the images are not known; name the folder with --media"
        )
    ending = None if layout == "fsa" else ".png"
    return lambda index: video_key(source.name, index, ending)


def _check_same(info: MediaInfo, store: Alignments) -> None:
    if info.fingerprint != store.source.fingerprint:
        raise StoreError(
            f"{store.path} belongs to {store.source.name}, not to {info.path} as it is now"
        )


def _write(output: Path, pieces: Iterable[str]) -> None:
    def fill(file: BinaryIO) -> None:
        for piece in pieces:
            file.write(piece.encode())

    commit(output, fill)


def _by_ending(output: Path) -> Layout:
    layouts: dict[str, Layout] = {".fsa": "fsa", ".json": "json"}
    layout = layouts.get(output.suffix.lower())
    if layout is None:
        raise ValueRefused(
            f"{output.name}: expected an ending .fsa or .json, or --layout with one of "
            f"{', '.join(LAYOUTS)}"
        )
    return layout
