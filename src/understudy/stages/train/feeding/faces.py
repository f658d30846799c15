"""Training material: a person's faces from any number of folders, as many as there may be.

Each picture is decoded once, cut small and kept in a cache on disk (see `cache`), of which an
iteration reads only the faces that it takes. Where the cache may not grow further, the rest are
cut from their pictures each time they come, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ConsentMissing, NoFaces, StoreError
from understudy.flow import Progress, mapped
from understudy.flow.progress import stop_if_cancelled
from understudy.nn.device import cpu_count
from understudy.shell import quoted
from understudy.stages.faces.found import Finder
from understudy.stages.train.feeding.cache import FOLDER, CropCache, Line, Stamp
from understudy.stages.train.feeding.crops import SIGNALS, Cutting, cut
from understudy.stages.train.moments.read import Moments, read_moments
from understudy.stages.train.options import TrainOptions
from understudy.store.faceset import FaceFolder, read_face_png, read_record
from understudy.types import Face
from understudy.words import counted

_AT_ONCE = 128
"""Faces between two writes to the cache."""


class FaceSource(Protocol):
    """One person's faces. Threads may share it."""

    cutting: Cutting

    def __len__(self) -> int: ...

    def rows(self, numbers: Sequence[int]) -> NDArray[Any]:
        """(n,) of `cutting.dtype`: the faces of these numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceArrays:
    """One person's faces in memory, for few or made-up ones.

    Attributes:
        cutting: how they were cut.
        faces: (n,) of `cutting.dtype`.
    """

    cutting: Cutting
    faces: NDArray[Any]

    def __len__(self) -> int:
        return len(self.faces)

    def rows(self, numbers: Sequence[int]) -> NDArray[Any]:
        """See `FaceSource`."""
        found: NDArray[Any] = self.faces[np.asarray(numbers, np.int64)]
        return found


class PreparedFaces:
    """One person's faces, most of them in a cache on disk."""

    def __init__(
        self, paths: Sequence[Path], numbers: Mapping[Path, int], cache: CropCache, cutter: _Cutter
    ) -> None:
        self.cutting = cutter.cutting
        self._paths, self._numbers = paths, numbers
        self._cache, self._cutter = cache, cutter

    def __len__(self) -> int:
        return len(self._paths)

    def rows(self, numbers: Sequence[int]) -> NDArray[Any]:
        """See `FaceSource`."""
        paths = [self._paths[i] for i in numbers]
        found = np.zeros(len(paths), self.cutting.dtype)
        cached = [i for i, path in enumerate(paths) if path in self._numbers]
        if cached:
            found[cached] = self._cache.rows(self._numbers[paths[i]] for i in cached)
        for i, path in enumerate(paths):
            if path not in self._numbers:
                found[i] = self._cutter.face(path)[0]
        return found


class Preparer:
    """Prepares the faces of all persons of a model.

    The finder must stay open as long as faces are read.
    """

    def __init__(
        self,
        facesets: Mapping[str, Sequence[FaceFolder]],
        model: Path,
        cutting: Cutting,
        options: TrainOptions,
        finder: Finder,
        progress: Progress,
    ) -> None:
        """Look for all pictures, and for what is left of an earlier cache.

        Args:
            facesets: by person.
            model: the model folder; the cache lies in it.
            cutting: how faces are cut.
            options: threads, and how large the cache may grow.
            finder: of masks.
            progress: told what is done.

        Raises:
            NoFaces: a person has no picture.
            StoreError: a folder cannot be listed.
        """
        self._cutter = _Cutter(cutting, finder)
        self._options, self._progress = options, progress
        self._facesets = facesets
        self._films = {person: pictures_of(person, folders) for person, folders in facesets.items()}
        self._paths = {person: list(films) for person, films in self._films.items()}
        self._cache = CropCache(model / FOLDER, cutting.key, cutting.dtype)
        total = sum(map(len, self._paths.values()))
        if len(self._cache) > 2 * total + _AT_ONCE:
            self._cache.clear()
        self._limit = self._cache.room(options.cache_gb * 1e9)
        self._marks = finder.marks(cutting.kinds)
        self._known = {line.stamp: (i, line) for i, line in enumerate(self._cache.lines)}

    def faces(self, person: str) -> PreparedFaces:
        """Cut all faces of a person that are not in the cache yet, as far as it may grow.

        Raises:
            StoreError: a picture without our record or without the mask; says which.
            DiskFull: no room for the cache, although there was when it began.
            Cancelled: the person asked to stop; what was cut is kept.
        """
        paths, progress = self._paths[person], self._progress
        numbers: dict[Path, int] = {}
        stale = 0
        for path in paths:
            number, line = self._known.get(Stamp.of(path), (-1, None))
            if line is not None and self._marks.get((line.film, line.face), 0) == line.mark:
                numbers[path] = number
                stale += line.stale
        todo = [path for path in paths if path not in numbers]
        todo = todo[: max(0, self._limit - len(self._cache))]
        name = f"reading faces of {person}"
        with progress.task(name, len(paths), "faces", len(paths) - len(todo)) as bar:
            for made in _groups(mapped(self._made, todo, self._workers)):
                first = len(self._cache)
                self._cache.append([face for _, face, _ in made], [line for _, _, line in made])
                numbers.update((path, first + i) for i, (path, _, _) in enumerate(made))
                stale += sum(line.stale for _, _, line in made)
                bar.advance(len(made))
                stop_if_cancelled(progress, "nothing was trained in this run")
        if len(numbers) < len(paths):
            progress.say(
                f"{len(paths) - len(numbers)} faces of {person} are cut from their pictures each "
                f"time they come: the cache may hold {self._limit} in all (see --cache-gb)"
            )
        self._warn_of_stale(person, stale)
        return PreparedFaces(paths, numbers, self._cache, self._cutter)

    def moments(self, person: str) -> Moments:
        """What a person's faces do, in the order of `faces`.

        Raises:
            StoreError: a picture without our record; says which.
            ConsentMissing: a picture was cut from another film than its folder is of.
        """
        found = read_moments(self._paths[person], self._cutter.finder, self._workers)
        _refuse_strangers(person, self._films[person], [film for film, _ in found.keys])
        return found

    @property
    def _workers(self) -> int:
        return self._options.threads or cpu_count()

    def _made(self, path: Path) -> tuple[Path, NDArray[Any], Line]:
        stamp = Stamp.of(path)  # before it is read: a change meanwhile must be seen next time
        face, film, face_id, stale = self._cutter.face(path)
        return path, face, Line(stamp, film, face_id, self._marks.get((film, face_id), 0), stale)

    def _warn_of_stale(self, person: str, count: int) -> None:
        if not count:
            return
        mask, folder = self._cutter.cutting.mask, self._facesets[person][0].path
        self._progress.warn(
            f"the mask {mask!r} of {counted(count, 'picture')} of {person} is older than their "
            "landmarks; make it again with: understudy alignments redo FILM, or understudy mask "
            f"{quoted(folder)} --kind {quoted(mask)}",
            code="stale-masks",
            mask=str(mask),
            faces=count,
            folder=str(folder),
        )


class _Cutter:
    """Reads a picture, finds what belongs to it, and cuts it."""

    def __init__(self, cutting: Cutting, finder: Finder) -> None:
        self.cutting, self.finder = cutting, finder

    def face(self, path: Path) -> tuple[NDArray[Any], str, str, bool]:
        """The face, its film's fingerprint, its id, and whether its mask is stale."""
        pixels, record = read_face_png(path)
        row = self.finder.face(record)
        found = {k: self.finder.mask(record, row, k, path) for k in self.cutting.kinds}
        extras = {**record.face.extras, **(row.extras if row is not None else {})}
        if "blendshapes" in self.cutting.signals:
            values = extras.get("blendshapes")
            if values is None or values.shape != SIGNALS["blendshapes"]:
                raise StoreError(
                    f"{path}: nothing is known of its blendshapes, which this model needs; extract "
                    "its film again: understudy extract PROJECT FILM --aligner mediapipe-478 --new"
                )
        old = row is not None and "extra:mesh" in row.stale
        if "mesh" in self.cutting.signals and ("mesh" not in extras or old):
            raise StoreError(f"{path}: {_no_mesh(row)}, or choose another with --model")
        masks = {kind: one.mask for kind, one in found.items()}
        stale = self.cutting.mask is not None and found[self.cutting.mask].stale
        known = replace(record, face=replace(record.face, extras=extras))
        face = cut(pixels, known, masks, self.cutting)
        return face, record.source_fingerprint, record.face.id, stale


def _no_mesh(row: Face | None) -> str:
    """Why a picture has no mesh of its landmarks, and what makes one."""
    if row is None:
        return (
            "meshes lie in its film's alignments, and these are not at hand, or have other "
            "landmarks; put them beside the film, or cut the picture again: understudy alignments "
            "redo FILM --signals --faces FOLDER"
        )
    old = "extra:mesh" in row.stale
    what = "its mesh is older than its landmarks" if old else "nothing is known of its mesh"
    return (
        f"{what}, which this model needs; make it with: understudy alignments redo FILM --signals"
    )


def pictures_of(person: str, faceset: Sequence[FaceFolder]) -> dict[Path, str]:
    """All face pictures of a person, and the film that each must be cut from.

    Raises:
        NoFaces: there is none.
        StoreError: a folder cannot be listed.
    """
    films = {path: folder.film for folder in faceset for path in folder.pictures()}
    if not films:
        where = ", ".join(str(folder.path) for folder in faceset) or "no folder"
        raise NoFaces(
            f"{where}: holds no face picture of {person}; extract {person} again, or put pictures "
            "back"
        )
    return films


def _refuse_strangers(person: str, films: Mapping[Path, str], found: Sequence[str]) -> None:
    """Consent was declared for the person that a film shows, not for whom its folder is given."""
    strange = [
        path
        for (path, film), other in zip(films.items(), found, strict=True)
        if film and other != film
    ]
    if strange:
        record = read_record(strange[0])
        raise ConsentMissing(
            f"{strange[0]}: was cut from another film ({record.source_name}) than the others of "
            f"its folder ({len(strange)} such), and nobody declared that it shows {person}; remove "
            f"it, or, if it is {person}, say so: understudy add PROJECT FILM --person {person}, or "
            "a folder of such pictures in place of the film"
        )


def _groups(made: Iterable[Any]) -> Iterator[list[Any]]:
    group: list[Any] = []
    for one in made:
        group.append(one)
        if len(group) == _AT_ONCE:
            yield group
            group = []
    if group:
        yield group
