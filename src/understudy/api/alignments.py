"""`Alignments`: the faces found in a film, chosen by what is known of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Self

from understudy.api.film import Film
from understudy.api.settings import plain_value
from understudy.errors import StoreError, ValueRefused
from understudy.store.alignments import Alignments as Store
from understudy.store.alignments import alignments_path
from understudy.store.alignments.query import ANY, FaceRow, Query, Summary
from understudy.types import Face, Track

_SUFFIX = ".alignments"
_AT_ONCE = 16
_NOBODY = Query(frames=(0, -1))
"""No face lies between frame 0 and the frame before it."""
_ONE_AT_A_TIME = ("mask", "without_mask", "stale")
"""Of these a face may have several, but a query names one."""


class Alignments:
    """The faces of a film as they were found, or those of them that were asked for.

    The file is opened for each question and closed again, so nothing is to be closed, and another
    process may write it meanwhile. A file of an older format is brought up to date when it is
    opened here.

    Args:
        path: an alignments file, or the film that it lies beside.
        faces: folder of the film's face pictures; None takes the folder `NAME.faces` beside the
            alignments, where `extract` puts them.

    Raises:
        StoreError: there is none, or it is damaged or foreign.

    Example:
        >>> found = Alignments("ann.mp4")
        >>> len(found), found.persons, len(found.tracks)
        (16, (0,), 1)
        >>> some = found.where(person=0, frames=(4, 9)).where(min_size_px=20)
        >>> len(some), [face.id for face in some][:2]
        (6, ['4_0', '5_0'])
        >>> face = next(iter(some))
        >>> face.alignment.landmarks.shape, sorted(face.masks)
        ((68, 2), ['components', 'extended'])
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | Film,
        faces: str | os.PathLike[str] | None = None,
    ) -> None:
        place = path.path if isinstance(path, Film) else Path(path)
        self._path = place if place.suffix == _SUFFIX else alignments_path(place)
        if not self._path.is_file():
            raise StoreError(
                f"{self._path}: there is no such alignments file; extract the film first: "
                f"understudy.extract({place.name!r})"
            )
        self._faces = self._path.with_suffix(".faces") if faces is None else Path(faces)
        self._query = Query()
        Store.bring_up(self._path)
        with self._opened() as store:
            self._source = store.source

    @property
    def path(self) -> Path:
        """The alignments file."""
        return self._path

    @property
    def faces(self) -> Path:
        """Folder of the face pictures."""
        return self._faces

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of the film's frames in pixels."""
        return self._source.width, self._source.height

    @property
    def finished(self) -> bool:
        """Whether every frame was looked at."""
        with self._opened() as store:
            return store.finished

    @property
    def query(self) -> Query:
        """What was asked for so far."""
        return self._query

    @property
    def persons(self) -> tuple[int, ...]:
        """Numbers of the persons among these faces, the one seen longest in the film first."""
        return tuple(sorted({t.person for t in self.tracks if t.person is not None}))

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Tracks that these faces belong to, by number."""
        with self._opened() as store:
            tracks = store.tracks()
            if self._query == Query():
                return tuple(tracks)
            here = {row.track for row in store.select(self._query)}
            return tuple(track for track in tracks if track.number in here)

    @property
    def rows(self) -> list[FaceRow]:
        """What is known of these faces without reading landmarks or masks; quick also for many."""
        with self._opened() as store:
            return store.select(self._query)

    def summary(self) -> Summary:
        """What the whole file holds, counted."""
        with self._opened() as store:
            return store.summary()

    def where(
        self,
        *,
        person: int | None = None,
        track: int | None = None,
        frames: tuple[int | None, int | None] | None = None,
        faces_in_frame: tuple[int | None, int | None] | int | None = None,
        min_size_px: float | None = None,
        max_size_px: float | None = None,
        min_score: float | None = None,
        max_score: float | None = None,
        min_average_distance: float | None = None,
        max_average_distance: float | None = None,
        tracked: bool | None = None,
        mask: str | None = None,
        without_mask: str | None = None,
        stale: bool | str | None = None,
    ) -> Self:
        """Those of these faces for which all of this holds; what is not said lets all pass.

        Args:
            person: number of the person that the face's track shows.
            track: number of the track.
            frames: first and last frame, both included; None leaves an end open.
            faces_in_frame: how many faces the frame has: a number, or least and most.
            min_size_px: shortest side of the face's box in frame pixels.
            max_size_px: longest.
            min_score: of the detector.
            max_score: of the detector.
            min_average_distance: of the landmarks to the mean face, in the unit square.
            max_average_distance: the same; 0.1 is strict, above 0.2 are failures.
            tracked: whether it has a track.
            mask: a kind of mask that it has.
            without_mask: a kind that it lacks.
            stale: True for those of which anything is stale, or "embedding", "mask:KIND" or
                "extra:NAME".

        Returns:
            A new selection; this one stays as it is.

        Raises:
            ValueRefused: a range that is no pair, `stale=False`, or a second kind of mask.
        """
        if stale is False:
            raise ValueRefused("stale: expected True or what is stale, such as 'mask:extended'")
        n = faces_in_frame
        asked = Query(
            frames=_pair("frames", frames),
            faces_in_frame=(n, n) if isinstance(n, int) else _pair("faces_in_frame", n),
            score=_bounds(min_score, max_score),
            size_px=_bounds(min_size_px, max_size_px),
            average_distance=_bounds(min_average_distance, max_average_distance),
            track=track,
            person=person,
            tracked=tracked,
            mask=mask,
            without_mask=without_mask,
            stale=ANY if stale is True else stale,
        )
        asked = Query(**{f.name: _plain(getattr(asked, f.name)) for f in fields(Query)})
        found = type(self).__new__(type(self))
        found.__dict__.update(self.__dict__)
        found._query = _both(self._query, asked)
        return found

    def __len__(self) -> int:
        with self._opened() as store:
            return store.count(self._query)

    def __iter__(self) -> Iterator[Face]:
        """The faces in order of frame and position, with landmarks and masks; holds a few."""
        with self._opened() as store:
            by_frame = [(n, [r.id for r in rows]) for n, rows in groupby(self.rows, _frame)]
            for start in range(0, len(by_frame), _AT_ONCE):
                some = dict(by_frame[start : start + _AT_ONCE])
                for number, ids in some.items():
                    wanted = set(ids)
                    yield from (face for face in store.faces(number) if face.id in wanted)

    def save(self, faces: Face | Iterable[Face]) -> int:
        """Put changed faces in the place of those with their ids; all of them or none.

        Args:
            faces: one or several, such as `face.realigned(...)` gives.

        Returns:
            How many they were.

        Raises:
            InUse: somebody else is writing the file; says who.
            ValueRefused: no such face in its frame, or a number that is not finite.
            DiskFull, StoreError: it could not be written; what was there stays.

        Example:
            >>> from understudy.types import Alignment
            >>> found = Alignments("ann.mp4")
            >>> face = next(iter(found))
            >>> moved = Alignment(face.alignment.landmarks + 1, face.alignment.unit_from_frame)
            >>> found.save(face.realigned(moved, "hand"))
            1
            >>> len(found.where(stale="mask:extended"))
            1
        """
        changed = [faces] if isinstance(faces, Face) else faces
        with Store.open(self._path) as store:
            return store.put_faces(changed)

    def __repr__(self) -> str:
        set_ = [
            f"{f.name}={getattr(self._query, f.name)!r}"
            for f in fields(Query)
            if getattr(self._query, f.name) is not None
        ]
        chosen = f", {', '.join(set_)}" if set_ else ""
        return f"Alignments({str(self._path)!r}{chosen})"

    def _opened(self) -> Store:
        return Store.open(self._path, read_only=True)


def _frame(row: FaceRow) -> int:
    return row.frame


def _pair(name: str, range_: Any) -> Any:
    if range_ is not None and (not isinstance(range_, (tuple, list)) or len(range_) != 2):
        raise ValueRefused(f"{name}: expected first and last, such as (10, 200), got {range_!r}")
    return None if range_ is None else tuple(range_)


def _plain(value: Any) -> Any:
    """Without NumPy's numbers, which the database does not know."""
    return tuple(map(plain_value, value)) if isinstance(value, tuple) else plain_value(value)


def _bounds(low: float | None, high: float | None) -> tuple[float | None, float | None] | None:
    return None if low is None and high is None else (low, high)


def _both(one: Query, other: Query) -> Query:
    """Faces that both queries want."""
    values: dict[str, Any] = {}
    for field in fields(Query):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if a is None or b is None or a == b:
            values[field.name] = b if a is None else a
        elif isinstance(a, tuple):
            values[field.name] = (_most(a[0], b[0]), _least(a[1], b[1]))
        elif ANY in (a, b):
            values[field.name] = b if a == ANY else a
        elif field.name in _ONE_AT_A_TIME:
            raise ValueRefused(
                f"{field.name}: one at a time can be asked for, not {a!r} and {b!r}; go through "
                "the faces and look at them"
            )
        else:
            return _NOBODY  # no face shows two persons or lies on two tracks
    return replace(other, **values)


def _most(a: float | None, b: float | None) -> float | None:
    return max((v for v in (a, b) if v is not None), default=None)


def _least(a: float | None, b: float | None) -> float | None:
    return min((v for v in (a, b) if v is not None), default=None)
