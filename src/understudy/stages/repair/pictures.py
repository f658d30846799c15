"""Bringing face pictures back in line with the alignments that they were cut from.

A picture carries its own record, so it tells when it is behind: its landmarks are no longer the
face's, then it is cut again; or only painted masks, track or number changed, then the record alone
is written again and the pixels stay bit for bit. Derived masks and identity lie in the alignments
only. Pictures are recognised by their landmarks first and
their id second, so a run that was killed between two files is finished by the next one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from understudy.errors import StoreError
from understudy.events import WarningCode
from understudy.files import make_folder, remove_file, rename
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.geometry import Centering
from understudy.imaging.resample import crop_image
from understudy.media import FilmReader
from understudy.stages.faces.source import visited
from understudy.store import codec
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.store.faceset import (
    face_file_name,
    kept_in_picture,
    list_faceset,
    read_record,
    with_record,
    write_face_png,
)
from understudy.types import Face
from understudy.words import counted

_ASIDE = "renaming-"


@dataclass(frozen=True, slots=True)
class Picture:
    """A face picture, without its masks and pixels."""

    path: Path
    face_id: str
    frame: int
    landmarks: bytes
    parts: Mapping[str, str]
    size: int
    centering: Centering
    coverage: float


@dataclass(slots=True)
class State:
    """How a folder's pictures stand to the alignments.

    Attributes:
        current: pictures that say what the alignments say, each with the id of its face there; a
            face itself has masks, and a film too many of them to be held.
        behind: pictures whose landmarks are the face's but whose record is older.
        stale: pictures cut around landmarks that have changed.
        orphans: pictures whose face is not in the alignments any more.
        twins: second pictures of one face, as a killed renaming leaves them.
        foreign: how many pictures are of other films.
    """

    current: list[tuple[Picture, str]] = field(default_factory=list)
    behind: list[tuple[Picture, str]] = field(default_factory=list)
    stale: list[tuple[Picture, str]] = field(default_factory=list)
    orphans: list[Picture] = field(default_factory=list)
    twins: list[Picture] = field(default_factory=list)
    foreign: int = 0

    def by_face(self) -> dict[str, Picture]:
        """The picture of each face that has one, by the face's id in the alignments."""
        return {id_: picture for picture, id_ in self.current + self.behind + self.stale}

    def remarks(self) -> dict[WarningCode, str]:
        """What is to be known, for people; nothing where all is well."""
        said: dict[WarningCode, str] = {}
        if self.stale:
            said["stale-pictures"] = (
                f"{counted(len(self.stale), 'picture was', 'pictures were')} cut before the "
                "landmarks changed, such as "
                f"{self.stale[0][0].path.name}"
            )
        if self.behind:
            said["older-pictures"] = (
                f"{counted(len(self.behind), 'picture has', 'pictures have')} older masks, tracks "
                "or numbers"
            )
        if self.orphans:
            said["orphan-pictures"] = (
                f"{counted(len(self.orphans), 'picture shows', 'pictures show')} faces that are "
                f"not in the alignments any more, such as {self.orphans[0].path.name}"
            )
        return said


def pictures_of(folder: Path, fingerprint: str) -> tuple[list[Picture], int]:
    """A folder's pictures of one source, and how many are of others.

    Raises:
        StoreError: the folder or a picture cannot be read.
    """
    found, foreign = [], 0
    for path in list_faceset(folder):
        record = read_record(path)
        if record.source_fingerprint != fingerprint:
            foreign += 1
            continue
        found.append(
            Picture(
                path,
                record.face.id,
                record.face.at.index,
                record.face.alignment.landmarks.tobytes(),
                _parts(record.face),
                record.crop_from_frame.dst.width,
                record.centering,
                record.coverage,
            )
        )
    return found, foreign


def state_of(folder: Path, store: Alignments) -> State:
    """Compare a folder of pictures with the alignments."""
    pictures, foreign = pictures_of(folder, store.source.fingerprint)
    state = State(foreign=foreign)
    by_frame: dict[int, list[Picture]] = {}
    for picture in pictures:
        by_frame.setdefault(picture.frame, []).append(picture)
    for index, here in sorted(by_frame.items()):
        _sort(here, store.faces(index), state)
    return state


def update(
    folder: Path,
    store: Alignments,
    film: FilmReader | None,
    progress: Progress,
    rename: bool = True,
) -> State:
    """Bring pictures in line: cut stale ones again, write older records again, rename.

    Args:
        folder: the pictures.
        store: the alignments.
        film: read as its faces were found; None leaves stale pictures as they are, to be named.
        progress: told what is done.
        rename: give pictures the names that their faces' numbers ask for.

    Returns:
        How the folder stood before.
    """
    state = state_of(folder, store)
    for picture, id_ in state.behind:
        (face,) = (f for f in store.faces(picture.frame) if f.id == id_)
        record = read_record(picture.path)
        record = replace(record, face=merged(record.face, face))
        commit_bytes(picture.path, with_record(picture.path, record), durable=False)
    if film is not None and state.stale:
        _cut_again(state.stale, store, film, progress)
    if rename:
        for twin in state.twins:
            remove_file(twin.path)
        _rename(folder, store.source.name, state)
    return state


def merged(picture: Face, face: Face) -> Face:
    """What a picture keeps of the alignments' face, with the masks that only the picture has.

    Where the landmarks have changed since, these are stale.
    """
    kept = kept_in_picture(face)
    own = {k: m for k, m in picture.masks.items() if k not in face.masks}
    if not own:
        return kept
    moved = not np.array_equal(picture.alignment.landmarks, face.alignment.landmarks)
    stale = {f"mask:{k}" for k in own if moved or f"mask:{k}" in picture.stale}
    makers = face.made_by.get("mask", "").split()
    makers += [m for m in picture.made_by.get("mask", "").split() if m.partition("@")[0] in own]
    return replace(
        kept,
        masks={**kept.masks, **own},
        made_by={**face.made_by, "mask": " ".join(makers)},
        stale=kept.stale | stale,
    )


def move_aside(pictures: Iterable[Picture]) -> int:
    """Move pictures into the folder `removed` beside them; returns how many."""
    n = 0
    for picture in pictures:
        place = picture.path.parent / "removed"
        make_folder(place)
        target, number = place / picture.path.name, 1
        while target.exists():  # an earlier one may be of another face
            number += 1
            target = place / f"{picture.path.stem}-{number}.png"
        rename(picture.path, target)
        n += 1
    return n


def _sort(pictures: list[Picture], faces: Sequence[Face], state: State) -> None:
    by_points = {f.alignment.landmarks.tobytes(): f for f in faces}
    taken: set[str] = set()
    rest = []
    # The one with its proper name first, so that a copy left by a kill is known as the second.
    for picture in sorted(pictures, key=lambda p: p.path.name.startswith(_ASIDE)):
        face = by_points.get(picture.landmarks)
        if face is None:
            rest.append(picture)
        elif face.id in taken:
            state.twins.append(picture)
        else:
            taken.add(face.id)
            same = _parts(face).items() <= picture.parts.items()
            (state.current if same else state.behind).append((picture, face.id))
    by_id = {f.id: f for f in faces if f.id not in taken}
    for picture in rest:
        face = by_id.pop(picture.face_id, None)
        if face is None:
            state.orphans.append(picture)
        else:
            state.stale.append((picture, face.id))


def _cut_again(
    stale: list[tuple[Picture, str]], store: Alignments, film: FilmReader, progress: Progress
) -> None:
    by_frame: dict[int, list[tuple[Picture, str]]] = {}
    for picture, id_ in stale:
        by_frame.setdefault(picture.frame, []).append((picture, id_))
    name = f"cutting pictures of {film.name} again"
    for frame, faces in visited(store, film, by_frame, name, progress):
        by_id = {face.id: face for face in faces}
        for picture, id_ in by_frame[frame.at.index]:
            face = by_id[id_]
            crop = face.alignment.crop(picture.size, picture.coverage, picture.centering)
            old = read_record(picture.path)
            record = replace(old, face=merged(old.face, face), crop_from_frame=crop)
            write_face_png(picture.path, crop_image(frame.pixels, crop), record, durable=False)
        stop_if_cancelled(progress, "pictures cut so far are kept; run it again to go on")


def _rename(folder: Path, source_name: str, state: State) -> None:
    """Names may be exchanged, so each picture steps aside before it takes its own.

    Raises:
        StoreError: a file that is none of these pictures has such a name; nothing was renamed.
    """
    finals: dict[Path, Path] = {}
    for picture, id_ in state.current + state.behind + state.stale:
        frame, _, number = id_.partition("_")
        if number.isdecimal():
            final = folder / face_file_name(source_name, int(frame), int(number))
            if final != picture.path:
                finals[picture.path] = final
    in_the_way = {f for f in finals.values() if f.exists()}.difference(finals)
    orphans = [p for p in state.orphans if p.path in in_the_way]
    strange = sorted(in_the_way.difference(p.path for p in orphans))
    if strange:
        raise StoreError(
            f"{strange[0]}: has the name of another face's picture but is not of this film; move "
            f"it away and run again"
        )
    move_aside(orphans)
    steps = {path: final.with_name(f"{_ASIDE}{final.name}") for path, final in finals.items()}
    for path, step in steps.items():
        rename(path, step)
    for path, step in steps.items():
        rename(step, finals[path])


def _parts(face: Face) -> dict[str, str]:
    """A digest of each painted mask, and of the rest that a picture keeps."""
    face = kept_in_picture(face)
    plain = codec.face_to_plain(face)
    masks = plain.pop("masks")
    plain["made_by"].pop("mask", None)
    plain["stale"] = [part for part in plain["stale"] if not part.startswith("mask:")]
    parts = {f"mask:{k}": [m, f"mask:{k}" in face.stale] for k, m in masks.items()}
    return {
        name: hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()
        for name, part in {"rest": plain, **parts}.items()
    }
