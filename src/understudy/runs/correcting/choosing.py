"""Choosing which face pictures of a film are learnt from: leaving some out, and taking them back.

What is left out lies in the folder `removed` beside the others, where whoever prunes a faceset by
hand finds it too. The alignments keep the face, since it is still there to be replaced. Each face
is one renaming, so a process that dies has done some of them whole, and the rest not at all.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import InUse, ValueRefused
from understudy.files import make_folder, rename
from understudy.store.alignments import Alignments, writer_lock
from understudy.store.faceset import face_file_name
from understudy.store.project import Project, Source

REMOVED = "removed"
_ID = re.compile(r"(\d{1,9})_(\d{1,6})")
_FILE = re.compile(r".+_(\d{6,9})_(\d{1,6})(-\d{1,9})?\.png", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pictures:
    """The face pictures of a film as they lie.

    Attributes:
        folder: of those that are learnt from.
        source_name: that their names begin with.
        kept: names of those that are learnt from.
        left_out: names of those that are not, each to its file.
        version: changes with the alignments and with what is left out; who edits says which one
            was seen.
    """

    folder: Path
    source_name: str
    kept: frozenset[str]
    left_out: dict[str, Path]
    version: str

    def name(self, id_: str) -> str:
        """What the picture of a face is called.

        Raises:
            ValueRefused: it is no face's id.
        """
        match = _ID.fullmatch(id_)
        if match is None:
            raise ValueRefused(f"{id_!r:.40}: expected a face's id, such as 12_0")
        return face_file_name(self.source_name, int(match[1]), int(match[2]))

    def place(self, id_: str) -> Path | None:
        """Where the picture of a face lies, left out or not; None where it has none."""
        name = self.name(id_)
        return self.folder / name if name in self.kept else self.left_out.get(name)


def pictures_of(project: Project, source: Source) -> Pictures:
    """How the pictures of a film lie.

    Raises:
        StoreError: it has no alignments that can be read.
    """
    path, folder = project.alignments(source.id), project.faces(source.id)
    with Alignments.open(path, read_only=True) as store:
        name = store.source.name
    left_out: dict[str, Path] = {}
    # Of several with one name, the one with the highest number was left out last.
    for number, file in sorted((_number(file), file) for file in _names(folder / REMOVED)):
        plain = file.removesuffix(f"-{number}.png") + ".png" if number else file
        left_out[plain] = folder / REMOVED / file
    kept = frozenset(_names(folder))
    for file in kept & set(left_out):
        del left_out[file]
    marks = [f"{_stat(path)} {_stat(path.with_name(path.name + '-wal'))}", *sorted(left_out)]
    version = hashlib.sha256("\n".join(marks).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Pictures(folder, name, kept, left_out, version)


def places_of(project: Project, source: Source, ids: Sequence[str]) -> list[Path | None]:
    """Where the pictures of a few faces lie, left out or not, without listing all of them.

    Raises:
        StoreError: there are no alignments that can be read.
        ValueRefused: one is no face's id.
    """
    folder = project.faces(source.id)
    with Alignments.open(project.alignments(source.id), read_only=True) as store:
        some = Pictures(folder, store.source.name, frozenset(), {}, "")

    def place(name: str) -> Path | None:
        if (folder / name).is_file():
            return folder / name
        stem = re.escape(name.removesuffix(".png"))
        out = [n for n in _names(folder / REMOVED) if re.fullmatch(rf"{stem}(-\d+)?\.png", n)]
        return folder / REMOVED / max(out, key=_number) if out else None

    return [place(some.name(id_)) for id_ in ids]


def id_of(name: str) -> str:
    """The id of the face whose picture has this name, one of `Pictures.kept` or `left_out`."""
    match = _FILE.fullmatch(name)
    assert match is not None  # noqa: S101 - said above
    return f"{int(match[1])}_{int(match[2])}"


def leave_out(project: Project, source: Source, ids: Sequence[str], seen: str) -> Pictures:
    """Leave the pictures of faces out of what is learnt from.

    Args:
        project: has them.
        source: the film.
        ids: of the faces; those that are left out already stay so.
        seen: version that was looked at.

    Returns:
        How they lie now.

    Raises:
        InUse: something else was changed meanwhile, or the film is being extracted; nothing was
            done.
        ValueRefused: an id is of no face with a picture; nothing was done.
    """

    def move(pictures: Pictures, name: str) -> None:
        if name in pictures.kept:
            make_folder(pictures.folder / REMOVED)
            rename(pictures.folder / name, _free(pictures.folder / REMOVED / name))

    return _edited(project, source, ids, seen, move)


def take_back(project: Project, source: Source, ids: Sequence[str], seen: str) -> Pictures:
    """Learn from pictures again that were left out; arguments and errors as `leave_out`."""

    def move(pictures: Pictures, name: str) -> None:
        if name in pictures.left_out:
            rename(pictures.left_out[name], pictures.folder / name)

    return _edited(project, source, ids, seen, move)


def _edited(
    project: Project,
    source: Source,
    ids: Sequence[str],
    seen: str,
    move: Callable[[Pictures, str], None],
) -> Pictures:
    with writer_lock(project.alignments(source.id)):
        pictures = pictures_of(project, source)
        if seen != pictures.version:
            raise InUse(
                f"{source.id}: was changed by somebody else meanwhile; nothing was done: look at "
                "it as it is now, and do it again"
            )
        missing = [id_ for id_ in ids if pictures.place(id_) is None]
        if missing:
            raise ValueRefused(f"{', '.join(missing[:5])}: there is no picture of such a face")
        for id_ in dict.fromkeys(ids):
            move(pictures, pictures.name(id_))
        return pictures_of(project, source)


def _names(folder: Path) -> list[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        return [e.name for e in entries if _FILE.fullmatch(e.name) and not e.name.startswith(".")]
    return []


def _number(file: str) -> int:
    match = _FILE.fullmatch(file)
    return int(match[3][1:]) if match is not None and match[3] else 0


def _free(target: Path) -> Path:
    place, number = target, 1
    while place.exists():
        number += 1
        place = target.with_name(f"{target.stem}-{number}.png")
    return place


def _stat(path: Path) -> str:
    with suppress(OSError):
        found = path.stat()
        if not found.st_size:  # a log that is empty comes and goes with those who only read
            return "none"
        return f"{found.st_size} {found.st_mtime_ns}"
    return "none"
