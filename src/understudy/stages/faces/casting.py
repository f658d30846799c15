"""Who becomes whom: which faces of a film are replaced, and by which trained person.

Conversion and evaluation ask the same question of the same film, frame by frame, so that what is
scored is what was converted. Nothing is held but the persons of the tracks, and with the choices
"faceset" and "largest" the ids of the faces that are left.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

from understudy.errors import NoFaces, StoreError, ValueRefused
from understudy.plugin import default_registry
from understudy.stages.faces.foremost import foremost
from understudy.stages.faces.mattes import how_to_have, kinds_of, missing_in
from understudy.store.alignments import Alignments
from understudy.store.alignments.looks import Look
from understudy.store.faceset import read_record
from understudy.types import Face

Which = Literal["faceset", "all", "largest"]
EVERYBODY = "all"


class Part(NamedTuple):
    """A part in a casting.

    Attributes:
        of: the person of the film, its number as text; `EVERYBODY` for faces of no known person.
        to: the trained person who takes it over.
    """

    of: str
    to: str

    def __str__(self) -> str:
        return f"{self.of} -> {self.to}"


@dataclass(frozen=True, slots=True)
class Census:
    """What a casting comes to in a film, counted in one pass.

    Attributes:
        frames: how many frames have a face that is replaced.
        faces: how many faces are replaced.
        parts: of these, how many in each part.
        stale: how many of them have the mask older than their landmarks.
        digest: tells these faces, their masks and their parts from any others.
    """

    frames: int = 0
    faces: int = 0
    parts: Mapping[Part, int] = field(default_factory=dict)
    stale: int = 0
    digest: bytes = b""


class Casting:
    """Says of each face of a film whom it becomes.

    Attributes:
        store: the film's faces.
    """

    def __init__(
        self, store: Alignments, casting: Mapping[str, str | None], which: Which, pictures: Path
    ) -> None:
        """Look at who is there.

        Args:
            store: the film's faces.
            casting: number of a person in the film as text, or `EVERYBODY` for all who are not
                named, to a trained person's id, or to None to leave them as they are.
            which: of the faces that the casting replaces, those whose picture is still in the
                folder, all, or of each entry the person who is largest in each shot.
            pictures: the folder of the film's face pictures.

        Raises:
            ValueRefused: the casting names somebody who is not in the film, or nobody.
            StoreError: the folder cannot be read.
        """
        self._version = store.version
        self.store, self._casting = store, dict(casting)
        tracks = store.tracks()
        self._person = {t.number: t.person for t in tracks}
        there = [str(p) for p in sorted({p for p in self._person.values() if p is not None})]
        unknown = sorted(set(casting) - {EVERYBODY, *there})
        if unknown:
            raise ValueRefused(
                f"casting: {', '.join(unknown)} is not in {store.source.name}; there are: "
                f"{', '.join([*there, EVERYBODY])}"
            )
        if not any(casting.values()):
            raise ValueRefused(f"casting: nobody in {store.source.name} is given to anybody")
        self._pictures = pictures
        self._kept = None
        if which == "faceset":
            self._kept = kept_ids(pictures, store.source.fingerprint)
        elif which == "largest":
            told_apart = {
                t.person for t in tracks if t.person is not None and t.embedding is not None
            }
            looks = store.looks("")  # of no mask
            self._kept = foremost(looks, store.shots(), told_apart, self._entry)

    def part(self, person: int | None) -> Part | None:
        """Which part somebody of the film has; None for who is left alone."""
        name = EVERYBODY if person is None else str(person)
        to = self._casting.get(name, self._casting.get(EVERYBODY))
        return None if to is None else Part(name, to)

    def _entry(self, person: int | None) -> str | None:
        """Under which name the casting has somebody; None for who is left alone."""
        part = self.part(person)
        if part is None:
            return None
        return part.of if part.of in self._casting else EVERYBODY

    def of(self, faces: Sequence[Face]) -> list[tuple[Face, Part]]:
        """The faces of one frame that are replaced, in their order."""
        person = [None if f.track is None else self._person.get(f.track) for f in faces]
        chosen = self._chosen([f.id for f in faces], person)
        return [(faces[i], part) for i, part in chosen]

    def between(self, first: int, last: int) -> dict[int, list[tuple[Face, Part]]]:
        """The faces that are replaced in frames first..last, by frame; for a few at a time."""
        found = self.store.between(first, last)
        return {index: chosen for index, faces in found.items() if (chosen := self.of(faces))}

    def in_frames(self, mask: str) -> Iterator[tuple[int, list[tuple[Look, Part]]]]:
        """Frames with faces that are replaced, without their masks; holds one frame at a time.

        Args:
            mask: what the looks speak of: a kind, or a product, see `mattes`.
        """
        for index, group in groupby(self._looks(mask), key=lambda look: look.frame):
            looks = list(group)
            chosen = self._chosen([k.id for k in looks], [k.person for k in looks])
            if chosen:
                yield index, [(looks[i], part) for i, part in chosen]

    def _looks(self, mask: str) -> Iterator[Look]:
        kinds = kinds_of(mask)
        for row in zip(*(self.store.looks(kind) for kind in kinds or ("",)), strict=True):
            if len(row) == 1:
                yield row[0]._replace(has_mask=row[0].has_mask or not kinds)
                continue
            yield row[0]._replace(
                has_mask=all(look.has_mask for look in row),
                mask_is_stale=any(look.mask_is_stale for look in row),
                digest=b"".join(look.digest for look in row),
            )

    def census(self, mask: str) -> Census:
        """Go through the film once.

        Raises:
            NoFaces: nothing is left to replace.
            ValueRefused: a face lacks the mask.
        """
        digest = hashlib.sha256()
        parts: dict[Part, int] = {}
        frames = stale = 0
        for _, found in self.in_frames(mask):
            frames += 1
            for look, part in found:
                if not look.has_mask:
                    raise ValueRefused(self._no_mask(look, mask))
                parts[part] = parts.get(part, 0) + 1
                stale += look.mask_is_stale
                digest.update(f"{look.frame} {look.id} {part.to} ".encode() + look.digest)
        if not frames:
            raise NoFaces(
                f"no face of {self.store.source.name} is left to replace; put pictures back into "
                f"{self._pictures}, or use --faces all"
            )
        return Census(frames, sum(parts.values()), parts, stale, digest.digest())

    def changed(self, before: Census, mask: str) -> bool:
        """Whether the faces are no longer those that were counted; free while nobody writes."""
        version = self.store.version
        if version == self._version:
            return False
        self._version = version
        return self.census(mask).digest != before.digest

    def _chosen(self, ids: Sequence[str], persons: Sequence[int | None]) -> list[tuple[int, Part]]:
        cast = [(i, part) for i, p in enumerate(persons) if (part := self.part(p)) is not None]
        if self._kept is None:
            return cast
        return [(i, part) for i, part in cast if ids[i] in self._kept]

    def _no_mask(self, look: Look, mask: str) -> str:
        (face,) = (f for f in self.store.faces(look.frame) if f.id == look.id)
        known = ", ".join(face.masks) or "none"
        kind = missing_in(face, mask)[0]
        return (
            f"face {face.id}: there is no mask {kind!r}; there are: {known}. Choose one of these, "
            f"or {how_to_have(kind, self.store.source.name, default_registry())}"
        )


def kept_ids(folder: Path, fingerprint: str) -> frozenset[str]:
    """Ids of the faces of a film that have a picture in a folder.

    Raises:
        StoreError: the folder cannot be listed, or a picture is none of ours.
    """

    def ids() -> Iterable[str]:
        # Not listed and sorted first: only the ids are kept, some hundred bytes a face.
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.name.lower().endswith(".png"):
                        continue
                    record = read_record(Path(entry.path))
                    if record.source_fingerprint == fingerprint:
                        yield record.face.id
        except OSError as error:
            raise StoreError(
                f"{folder}: cannot be listed ({error.strerror}); extract first, or check the name"
            ) from error

    return frozenset(ids())
