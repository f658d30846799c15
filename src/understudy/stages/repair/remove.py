"""Removing faces: by list, because their pictures were deleted, by track or by person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import StoreError, ValueRefused
from understudy.files import read_file
from understudy.flow import Progress
from understudy.stages.faces.pictures import cut_until
from understudy.stages.faces.source import keep_copy
from understudy.stages.repair.pictures import move_aside, state_of
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.words import counted

_MAX_LIST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Doomed:
    """Which faces are to go; those that any of these names.

    Attributes:
        ids: by id.
        track: all faces of a track.
        person: all faces of the tracks of a person.
        deleted_from: all faces whose picture is no longer in this folder.
    """

    ids: Sequence[str] = ()
    track: int | None = None
    person: int | None = None
    deleted_from: Path | None = None


def remove(
    path: Path,
    doomed: Doomed,
    progress: Progress,
    faces: Path | None = None,
    dry_run: bool = False,
    backup: bool = True,
) -> list[str]:
    """Remove faces from an alignments file; their frames stay looked at.

    Args:
        path: the alignments file.
        doomed: which.
        progress: told what is done.
        faces: folder whose pictures of these faces are moved into its `removed`.
        dry_run: change nothing.
        backup: keep a copy of the file first.

    Returns:
        The ids that were removed, or would be.

    Raises:
        ValueRefused: nothing was named, or an id, track or person is not there.
        StoreError: the folder holds no picture of this film.
    """
    with Alignments.open(path, read_only=dry_run) as store:
        ids = _ids(store, doomed)
        if dry_run or not ids:
            return ids
        picture_of = {} if faces is None else state_of(faces, store).by_face()
        if backup:
            keep_copy(store, progress)
        store.remove_faces(ids)
        if faces is not None:
            n = move_aside(picture_of[i] for i in ids if i in picture_of)
            progress.say(f"moved {counted(n, 'picture')} into {faces / 'removed'}")
        return ids


def read_ids(path: Path) -> list[str]:
    """Ids from a text file, one a line; empty lines and what follows a # are skipped.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        lines = read_file(path, _MAX_LIST_BYTES).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read as a list of ids ({error})") from error
    return [word for line in lines if (word := line.partition("#")[0].strip())]


def _ids(store: Alignments, doomed: Doomed) -> list[str]:
    known = [row.id for row in store.select(Query())]
    chosen: set[str] = set(doomed.ids)
    unknown = sorted(chosen.difference(known))
    if unknown:
        raise ValueRefused(
            f"{store.path.name} has no face {', '.join(unknown[:5])}; ids look like 12_0: frame "
            "and number, see the names of face pictures"
        )
    _check_numbers(store, doomed)
    if doomed.track is not None:
        chosen |= {row.id for row in store.select(Query(track=doomed.track))}
    if doomed.person is not None:
        chosen |= {row.id for row in store.select(Query(person=doomed.person))}
    if doomed.deleted_from is not None:
        chosen |= _deleted(store, doomed.deleted_from)
    elif doomed == Doomed():
        raise ValueRefused("say which faces: by id, --list, --track, --person or --deleted")
    return [face_id for face_id in known if face_id in chosen]


def _check_numbers(store: Alignments, doomed: Doomed) -> None:
    """Refuse numbers that the film never had; those whose faces are gone are no mistake."""
    tracks = store.tracks()
    persons = {track.person for track in tracks} - {None}
    for what, number, known in (
        ("track", doomed.track, {track.number for track in tracks}),
        ("person", doomed.person, persons),
    ):
        if number is not None and number not in known:
            there = ", ".join(map(str, sorted(n for n in known if n is not None)))
            raise ValueRefused(
                f"{store.path.name} has no {what} {number}; there are: {there or 'none'}"
            )


def _deleted(store: Alignments, folder: Path) -> set[str]:
    """Faces that had a picture in the folder and have none now."""
    # By landmarks, not by the ids in the pictures: a re-keying may have died before it got there.
    picture_of = state_of(folder, store).by_face()
    if not picture_of:
        raise StoreError(
            f"{folder}: holds no picture of {store.source.name}, so every face would be removed; "
            "check the folder"
        )
    until = cut_until(folder, store.source.fingerprint)
    last = None if until is None else until - 1
    cut = {row.id for row in store.select(Query(frames=(None, last)))}
    return cut.difference(picture_of)
