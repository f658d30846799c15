"""What repair works on: an alignments file, the film it belongs to, and a copy before a change."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.errors import MediaError, StoreError
from understudy.files import same_file
from understudy.flow import Progress, ahead
from understudy.media import AssumeColour, FilmReader, MediaInfo, ReadReport, probe
from understudy.stages.faces.colour.table import SETTING, kept_cube
from understudy.stages.faces.pictures import alignments_of_pictures
from understudy.store.alignments import Alignments, alignments_path
from understudy.types import Face, Frame

if TYPE_CHECKING:
    from understudy.media.stills import Depth

SUFFIX = ".alignments"


def alignments_of(path: Path, faces: Path | None = None) -> Path:
    """The alignments file that is meant: itself, or the one of a film or folder of images.

    A file of an older format is brought up to date first; a copy of it is kept.

    Args:
        path: the file, or the film or folder that it lies beside.
        faces: folder of the film's face pictures, which knows the file that they were cut from:
            another one than beside the film where a project has its own.

    Raises:
        StoreError: there is none.
    """
    path = Path(path)
    if path.suffix == SUFFIX and not path.is_dir():
        Alignments.bring_up(path)
        return path
    if not path.exists():
        raise StoreError(
            f"{path}: is not there, so there is no alignments file of it; check the name"
        )
    beside = alignments_path(path)
    kept = None if faces is None else alignments_of_pictures(faces)
    if kept is not None and not same_file(kept, beside) and _are_of(kept, path):
        beside = kept
    elif not beside.is_file():
        raise StoreError(
            f"{path}: there is no alignments file {beside.name} beside it; extract first, or give "
            "the alignments file itself: a project keeps it in sources/ID of its folder where the "
            "film's folder may not be written"
        )
    Alignments.bring_up(beside)
    return beside


def _are_of(alignments: Path, media: Path) -> bool:
    """Whether a file is of this film, whatever lies beside it."""
    with Alignments.open(alignments, read_only=True) as store:
        return store.source.fingerprint == probe(media).fingerprint


def reader_of(store: Alignments, media: Path | None = None, depth: Depth = "native") -> FilmReader:
    """The film that an alignments file belongs to, read in the colour its faces were found in.

    Args:
        store: the open file.
        media: where the film is; None looks beside the alignments file.
        depth: "native" is what face pictures are kept in; "8" is less work for who needs no more.

    Raises:
        MediaError: it is not there or cannot be read.
        StoreError: it is another film.
    """
    place = media or store.path.with_name(store.source.name)
    if not place.exists():
        raise MediaError(f"{place}: the film of {store.path.name} is not there; give --media")
    info = probe(place)
    if info.fingerprint != store.source.fingerprint:
        raise StoreError(
            f"{place} is not the film that {store.path.name} was made from ({store.source.name}), "
            f"or it changed since; give --media"
        )
    return FilmReader(as_found(store, info), depth, assumed_colour(store))


def whose(known: str, asked: str) -> str:
    """Of which film an alignments file is that does not fit the one asked for."""
    if known == asked:
        return f"was made from {known} as it was before: the film changed since, or was replaced"
    if Path(known).stem == Path(asked).stem:
        return f"belongs to {known}; {asked} is another film, though named alike but for its ending"
    return f"belongs to another film ({known}), not to {asked}"


def as_found(store: Alignments, info: MediaInfo) -> MediaInfo:
    """The film in the pixels that its faces were found in: square ones, or the film's own.

    Earlier versions, other tools and boxes from a file know the film's own pixels.
    """
    squared = info.squared()
    known = store.source.width, store.source.height
    return squared if known == (squared.width, squared.height) else info


def assumed_colour(store: Alignments) -> AssumeColour:
    """How the extraction took the film's colours; whoever comes later must take them alike."""
    if digest := store.source.setting(SETTING, ""):
        return kept_cube(store.path, digest)
    return "rec709" if store.source.setting("assume_colour", "") == "rec709" else "tags"


def visited(
    store: Alignments, film: FilmReader, indices: Collection[int], name: str, progress: Progress
) -> Iterator[tuple[Frame, list[Face]]]:
    """The wanted frames in order, each with its faces; the film is read from the first one on."""
    wanted = set(indices)
    if not wanted:
        return
    last = max(wanted)
    start = store.timestamp(min(wanted))
    with progress.task(name, len(wanted), "frames") as bar:
        for frame in ahead(film.frames(start)):
            index = frame.at.index
            if index in wanted:
                yield frame, store.faces(index)
                bar.advance(1)
            if index >= last:
                return


def keep_copy(store: Alignments, progress: Progress) -> Path:
    """Copy the file beside itself as `.bak`, `.bak-2` and so on, before it is changed."""
    path = store.path.with_name(f"{store.path.name}.bak")
    number = 1
    while path.exists():
        number += 1
        path = store.path.with_name(f"{store.path.name}.bak-{number}")
    store.copy_to(path)
    progress.say(f"kept the alignments as they were in {path.name}")
    return path


def frame_words(indices: Collection[int]) -> str:
    """Frame numbers in as few words as it takes: "3-7, 12"."""
    runs: list[list[int]] = []
    for index in sorted(indices):
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)


def warn_of_damage(info: MediaInfo, read: ReadReport, progress: Progress) -> None:
    """Say so where a film that was read to its end lacks frames."""
    if read.complete and not read.ends_early:
        return
    progress.warn(
        f"{info.path.name}: {read!s}",
        code="film-damaged",
        film=info.path.name,
        decoded=read.decoded,
        expected=read.expected,
        refused=read.errors,
    )
