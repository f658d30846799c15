"""The alignments file: every face of one film, in one SQLite file beside it.

Every frame that was looked at has a row, also when it holds no face, so an interrupted extraction
goes on where it stopped. Rows are narrow; landmarks, masks and embeddings lie in side tables.
Floats come back bit for bit, masks with 8 bits (see `store.codec`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from understudy.errors import ValueRefused
from understudy.store import codec
from understudy.store.alignments import edit, looks, pages, query, record, rows
from understudy.store.alignments.looks import Look, Vector
from understudy.store.alignments.place import alignments_names, alignments_path
from understudy.store.alignments.query import FaceRow, Query, Summary
from understudy.store.alignments.record import SourceRecord
from understudy.store.alignments.rows import SCHEMA
from understudy.store.atomic import commit_path, sweep_parts
from understudy.store.lock import WriterLock
from understudy.store.sqlite import database
from understudy.types import Face, Timestamp, Track

__all__ = [
    "Alignments",
    "SourceRecord",
    "alignments_names",
    "alignments_path",
    "writer_lock",
]


def writer_lock(path: Path) -> WriterLock:
    """The right to write an alignments file, for who does more than one thing with it."""
    return WriterLock(path, "alignments file")


class Alignments:
    """An open alignments file; a context manager. Made with `Alignments.open`."""

    def __init__(
        self, db: sqlite3.Connection, path: Path, read_only: bool, lock: WriterLock | None = None
    ) -> None:
        self.path = path
        self._db = db
        self._lock = lock
        self._read_only = read_only
        with self._reading():
            self.source = record.select_source(db)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: SourceRecord | None = None,
        read_only: bool = False,
        locked: bool = False,
    ) -> Alignments:
        """Open an alignments file; to be written it is locked, to be read it is not.

        Args:
            path: the file.
            create: make it for this source when it is not there; a file that is there is opened
                as it is, compare `.source`.
            read_only: change nothing, and never create.
            locked: the caller holds `writer_lock` of it, or nobody else knows of the file.

        Raises:
            InUse: somebody else is writing it; says who.
            StoreError: missing, foreign, damaged, or newer.
            DiskFull: no room to create it.
        """
        path = Path(path)
        if create is None and not path.is_file():
            locked = True  # there is nothing to lock; `connect` says what is wrong
        lock = None if read_only or locked else writer_lock(path).acquire()
        try:
            if create is not None and not read_only and not path.exists():
                sweep_parts(path.parent)
                database.create(path, SCHEMA, lambda db: record.insert_source(db, create))
            db = database.connect(path, SCHEMA, read_only=read_only)
            try:
                return cls(db, path, read_only, lock)
            except BaseException:
                db.close()
                raise
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    @staticmethod
    def bring_up(path: Path) -> None:
        """Bring a file of an older format up to date, so that it can be opened read-only.

        Raises:
            StoreError, DiskFull: it is of an older format and cannot be written; see `open`.
        """
        if database.is_old(path, SCHEMA):
            Alignments.open(path).close()

    def __enter__(self) -> Alignments:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close; a writer leaves one plain file behind."""
        database.close(self._db, read_only=self._read_only)
        if self._lock is not None:
            self._lock.release()

    def put(
        self,
        frames: Sequence[tuple[Timestamp, Sequence[Face]]],
        *,
        carry: bytes | None = None,
        shots: Sequence[int] = (),
        tracks: Sequence[Track] = (),
    ) -> None:
        """Add or replace frames with all their faces; all of them or none.

        Args:
            frames: times and faces.
            carry: what an interrupted extraction needs to go on after these frames; replaces the
                one before.
            shots: first frames of shots that begin here.
            tracks: tracks that are new or have changed.

        Raises:
            ValueRefused: a face of another frame, grid or time base, an id in use, or a number
                that is not finite; nothing was written.
            DiskFull, StoreError: it could not be written; what was there stays.
        """
        packed = []
        for at, faces in frames:
            if at.time_base != self.source.time_base:
                raise ValueRefused(
                    f"frame {at.index}: expected the time base {self.source.time_base}, "
                    f"got {at.time_base}"
                )
            pts = codec.whole("pts", at.pts)
            grid = self.source.grid_of(faces)
            size = grid.size_wh if self.source.mixed else (None, None)
            packed.append(((at.index, pts, *size), rows.pack_faces(faces, at, grid)))
        with self._writing():
            for row, faces_packed in packed:
                self._db.execute("DELETE FROM frames WHERE frame = ?", (row[0],))
                self._db.execute("INSERT INTO frames VALUES (?, ?, ?, ?)", row)
                for position, face in enumerate(faces_packed):
                    rows.insert_face(self._db, position, face)
            rows.insert_shots(self._db, shots)
            rows.replace_tracks(self._db, tracks)
            if carry is not None:
                self._db.execute("INSERT OR REPLACE INTO carry VALUES (1, ?)", (carry,))

    def put_face(self, face: Face) -> None:
        """Replace one face in place, as an editor does; see `put_faces`."""
        self.put_faces([face])

    def put_faces(self, faces: Iterable[Face]) -> int:
        """Replace faces in place, found by their ids; all of them or none.

        Args:
            faces: each of a frame that is there; may be made while they are taken, also from what
                this file holds.

        Returns:
            How many they were.

        Raises:
            ValueRefused: no such face in its frame, another grid or time base, or a number that is
                not finite; nothing was written.
            DiskFull, StoreError: it could not be written; what was there stays.
        """
        done = 0
        with self._writing():
            for face in faces:
                query_ = "SELECT frame, pts, width, height FROM frames WHERE frame = ?"
                row = self._db.execute(query_, (face.at.index,)).fetchone()
                if row is None:
                    raise ValueRefused(f"face {face.id}: frame {face.at.index} has no row")
                at, grid = self._at(*row[:2]), self.source.frame_of(*row[2:])
                edit.update_face(self._db, rows.pack_face(face, at, grid))
                pages.check_masks_of(self._db, face.at.index)
                done += 1
        return done

    def reorder(self, orders: Mapping[int, Sequence[str]]) -> dict[str, str]:
        """Order the faces of frames anew; ids become "<frame>_<position>" again.

        Args:
            orders: for each frame all of its ids in the new order.

        Returns:
            New ids by old ids, of those that changed.

        Raises:
            ValueRefused: an order is not one of exactly the frame's faces; nothing was written.
        """
        with self._writing():
            return edit.reorder(self._db, orders)

    def copy_to(self, path: Path) -> None:
        """A copy of the whole file as it is now, complete or absent.

        Raises:
            DiskFull, StoreError: it could not be written.
        """
        with (
            database.explained(path, SCHEMA),
            commit_path(path) as part,
            closing(sqlite3.connect(part)) as target,
        ):
            self._db.backup(target)

    def select(self, wanted: Query, limit: int | None = None, offset: int = 0) -> list[FaceRow]:
        """Faces that a query wants, in order of frame and position, without their blobs."""
        with self._reading():
            return query.select(self._db, wanted, limit, offset)

    def count(self, wanted: Query) -> int:
        """How many faces a query wants."""
        with self._reading():
            return query.count(self._db, wanted)

    def summary(self) -> Summary:
        """What the file holds, counted."""
        with self._reading():
            return query.summary(self._db, self.path.stat().st_size)

    def finish(self, tracks: Sequence[Track] = ()) -> None:
        """Say that every frame was looked at, with the last word on these tracks."""
        with self._writing():
            rows.replace_tracks(self._db, tracks)
            self._db.execute("DELETE FROM carry")
            self._db.execute("UPDATE source SET finished = 1")

    def keep_step(self, kind: str, name: str, values: Mapping[str, Any]) -> None:
        """Remember how a plug-in is set that makes a part of faces that are here already.

        Args:
            kind: of the plug-in.
            name: of the plug-in.
            values: its options, plain data.
        """
        step = {**self.source.settings.get(kind, {}), name: dict(values)}
        settings = {**self.source.settings, kind: step}
        with self._writing():
            record.update_settings(self._db, settings)
        self.source = replace(self.source, settings=settings)

    @property
    def carry(self) -> bytes | None:
        """What an interrupted extraction left for the one that goes on, or None."""
        with self._reading():
            row = self._db.execute("SELECT state FROM carry").fetchone()
            return None if row is None else bytes(row[0])

    def shots(self) -> list[int]:
        """First frames of all shots, in order."""
        with self._reading():
            found = self._db.execute("SELECT first_frame FROM shots ORDER BY first_frame")
            return [codec.whole("shot", first) for (first,) in found]

    def tracks(self) -> list[Track]:
        """All tracks, by number."""
        with self._reading():
            return rows.select_tracks(self._db)

    @property
    def finished(self) -> bool:
        """Whether every frame was looked at."""
        with self._reading():
            return self._db.execute("SELECT finished FROM source").fetchone()[0] == 1

    def track_spans(self) -> dict[int, tuple[int, int]]:
        """First and last frame with a face of each track, by its number."""
        with self._reading():
            found = self._db.execute(
                "SELECT track, min(frame), max(frame) FROM faces WHERE track IS NOT NULL "
                "GROUP BY track"
            )
            return {codec.whole("track", t): (first, last) for t, first, last in found}

    def remove_faces(self, ids: Iterable[str]) -> int:
        """Forget these faces; their frames stay looked at. Returns how many there were."""
        with self._writing():
            removed = self._db.executemany(
                "DELETE FROM faces WHERE id = ?", [(face_id,) for face_id in ids]
            )
            return max(0, removed.rowcount)

    def seen(self) -> set[int]:
        """Indices of all frames that were looked at."""
        return set(self.timestamps())

    def timestamps(self) -> dict[int, Timestamp]:
        """Exact times of all frames that were looked at, by index, in order."""
        with self._reading():
            found = self._db.execute("SELECT frame, pts FROM frames ORDER BY frame")
            return {frame: self._at(frame, pts) for frame, pts in found}

    @property
    def version(self) -> int:
        """A number that changes whenever somebody else has written to the file."""
        with self._reading():
            return codec.whole("version", self._db.execute("PRAGMA data_version").fetchone()[0])

    def timestamp(self, frame_index: int) -> Timestamp | None:
        """Exact time of one frame, or None where it was not looked at."""
        with self._reading():
            row = self._db.execute(
                "SELECT frame, pts FROM frames WHERE frame = ?", (frame_index,)
            ).fetchone()
            return None if row is None else self._at(*row)

    def last_timestamp(self) -> Timestamp | None:
        """The last frame that was looked at, or None before the first."""
        with self._reading():
            row = self._db.execute(
                "SELECT frame, pts FROM frames ORDER BY frame DESC LIMIT 1"
            ).fetchone()
            return None if row is None else self._at(*row)

    def counts(self) -> tuple[int, int, int]:
        """(frames looked at, frames with faces, faces)."""
        with self._reading():
            row = self._db.execute(
                "SELECT (SELECT total(1) FROM frames), count(DISTINCT frame), total(1) FROM faces"
            ).fetchone()
            return int(row[0]), int(row[1]), int(row[2])

    def faces(self, frame_index: int) -> list[Face]:
        """The faces of one frame; none also when it was not looked at."""
        return [face for _, faces in self._page(frame_index, frame_index) for face in faces]

    def between(self, first: int, last: int) -> dict[int, list[Face]]:
        """The faces of frames first..last, by frame index; for a few frames at a time."""
        return {at.index: faces for at, faces in self._page(first, last)}

    def looks(self, mask: str) -> Iterator[Look]:
        """What is known of all faces without their masks, in order; holds a few at a time.

        Args:
            mask: the kind that `Look.has_mask`, `.mask_is_stale` and `.digest` speak of.
        """
        with self._reading():
            yield from looks.looks(self._db, mask)

    def vectors(self) -> Iterator[Vector]:
        """The identity vectors of all faces that have one, in order; holds a few at a time."""
        with self._reading():
            yield from looks.vectors(self._db)

    def marks(self, kinds: Sequence[str]) -> dict[str, int]:
        """A number for each face that changes with its landmarks, extras and these masks."""
        with self._reading():
            return query.marks(self._db, kinds)

    def by_frame(self) -> Iterator[tuple[Timestamp, list[Face]]]:
        """All frames in order with their faces; holds a few frames at a time in memory."""
        after = -1
        while True:
            with self._reading():
                last = pages.page_end(self._db, after)
            if last is None:
                return
            yield from self._page(after + 1, last)
            after = last

    def _page(self, first: int, last: int) -> list[tuple[Timestamp, list[Face]]]:
        """Frames first..last with their faces."""
        with self._reading():
            return pages.page(self._db, first, last, self._at, self.source.frame_of)

    def _at(self, frame: Any, pts: Any) -> Timestamp:
        return Timestamp(
            codec.whole("frame", frame), codec.whole("pts", pts), self.source.time_base
        )

    def _reading(self) -> AbstractContextManager[None]:
        return database.reading(self.path, SCHEMA)

    def _writing(self) -> AbstractContextManager[None]:
        return database.writing(self._db, self.path, SCHEMA)
