"""Cut faces on disk, so that a faceset larger than the memory is decoded once and trained on.

One file holds the faces, all of one size, a second one line for each: which picture it was cut
from and what else it depends on. Faces are appended and synced before their lines, so whatever
interrupts the writing leaves a beginning that is right, and the next run goes on from there.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy.files import (
    make_folder,
    open_to_append,
    open_to_read,
    parse_json,
    read_file,
    remove_folder,
)
from understudy.store.atomic import explain

FOLDER = "cache"
_FACES, _LINES = "faces.bin", "faces.jsonl"
_MAX_LINES_BYTES = 1 << 30


class Stamp(NamedTuple):
    """Tells a picture from another one, or from itself before it was written again."""

    path: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """A picture's stamp now."""
        found = path.stat()
        return cls(os.fspath(path.absolute()), found.st_size, found.st_mtime_ns)


class Line(NamedTuple):
    """What is known of a face that was cut.

    Attributes:
        stamp: of its picture.
        film, face: fingerprint of the film and the face's id.
        mark: of what its alignments kept (see `Finder.marks`), 0 where these were not asked.
        stale: whether its mask is older than its landmarks.
    """

    stamp: Stamp
    film: str
    face: str
    mark: int
    stale: bool


class CropCache:
    """Faces cut in one way; others' folders beside it are removed."""

    def __init__(self, folder: Path, key: str, dtype: np.dtype[Any]) -> None:
        """Open what is there, as far as it is whole.

        Args:
            folder: of all caches of a model.
            key: of this way of cutting.
            dtype: of a face.
        """
        self._folder, self._dtype = folder / key, dtype
        for other in folder.iterdir() if folder.is_dir() else ():
            if other.name != key:
                remove_folder(other)
        make_folder(self._folder)
        self.lines = self._read_lines()
        self._map: mmap.mmap | None = None
        self._faces: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.lines)

    def clear(self) -> None:
        """Begin anew, because most of what is there is of pictures that are gone."""
        self.lines = []
        self._cut_to(0, b"")

    def append(self, faces: Sequence[NDArray[Any]], lines: Sequence[Line]) -> None:
        """Add faces.

        Raises:
            DiskFull, StoreError: they could not be written; those before stay.
        """
        try:
            with open_to_append(self._folder / _FACES) as file:
                file.write(b"".join(face.tobytes() for face in faces))
                file.flush()
                os.fsync(file.fileno())
            with open_to_append(self._folder / _LINES) as file:
                file.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
        except OSError as error:
            raise explain(error, self._folder) from error
        self.lines += lines
        self._map = self._faces = None

    def rows(self, numbers: Iterable[int]) -> NDArray[Any]:
        """(n,) faces of these numbers, copied out of the file."""
        if self._faces is None:
            with open_to_read(self._folder / _FACES) as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._faces = np.frombuffer(self._map, self._dtype, len(self.lines))
        found: NDArray[Any] = self._faces[np.fromiter(numbers, np.int64)]
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            # what was read stays in the system's cache, but is not this process's any more
            self._map.madvise(mmap.MADV_DONTNEED)
        return found

    def room(self, limit_bytes: float) -> int:
        """How many faces there may be in all: within the limit, and in half of the free disk."""
        each = self._dtype.itemsize
        free = shutil.disk_usage(self._folder).free
        return int(min(limit_bytes, free / 2 + len(self) * each) // each)

    def _read_lines(self) -> list[Line]:
        """Lines up to the first that is torn or whose face is missing; the rest is cut off."""
        lines, kept = [], []
        try:
            size = (self._folder / _FACES).stat().st_size
            raw = read_file(self._folder / _LINES, _MAX_LINES_BYTES)
        except FileNotFoundError:
            size, raw = 0, b""
        except OSError as error:
            raise explain(error, self._folder) from error
        for text in raw.splitlines(keepends=True)[: size // self._dtype.itemsize]:
            try:
                stamp, film, face, mark, stale = parse_json(text)
                line = Line(Stamp(*stamp), film, face, mark, stale)
            except (ValueError, TypeError):
                break
            if not text.endswith(b"\n"):
                break
            lines.append(line)
            kept.append(text)
        self._cut_to(len(lines), b"".join(kept))
        return lines

    def _cut_to(self, count: int, lines: bytes) -> None:
        self._map = self._faces = None
        try:
            for name, size in ((_LINES, len(lines)), (_FACES, count * self._dtype.itemsize)):
                with open_to_append(self._folder / name) as file:
                    file.truncate(size)
        except OSError as error:
            raise explain(error, self._folder) from error
