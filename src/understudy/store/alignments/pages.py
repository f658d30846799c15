"""Reading whole faces, a few frames at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from understudy.geometry import Space
from understudy.store.alignments import rows
from understudy.types import Face, Timestamp

_FRAMES = 64


def page_end(db: sqlite3.Connection, after: int) -> int | None:
    """The last of the next few frames after this one, or None at the end."""
    last: int | None = db.execute(
        "SELECT max(frame) FROM (SELECT frame FROM frames WHERE frame > ? ORDER BY frame LIMIT ?)",
        (after, _FRAMES),
    ).fetchone()[0]
    return last


def page(
    db: sqlite3.Connection,
    first: int,
    last: int,
    at: Callable[[Any, Any], Timestamp],
    space: Space,
) -> list[tuple[Timestamp, list[Face]]]:
    """Frames first..last with their faces.

    Args:
        db: the open file.
        first: index of a frame.
        last: index of a frame.
        at: makes the time of a frame from its index and pts.
        space: the frames' grid.

    Raises:
        ValueRefused, TypeError: not such rows.
    """
    span = (first, last)
    side = {table: _grouped(db.execute(q, span)) for table, q in rows.SIDE_QUERIES.items()}
    frames: dict[int, tuple[Timestamp, list[Face]]] = {
        frame: (at(frame, pts), [])
        for frame, pts in db.execute(
            "SELECT frame, pts FROM frames WHERE frame BETWEEN ? AND ? ORDER BY frame", span
        )
    }
    faces = db.execute(
        "SELECT f.key, id, frame, left, top, right, bottom, score, track, "
        "stale_json, steps_json "
        "FROM faces f JOIN made_by m ON m.key = f.made_by "
        "WHERE frame BETWEEN ? AND ? ORDER BY frame, position",
        span,
    )
    for key, face_id, frame, *row in faces:
        time, found = frames[frame]
        of_this = {table: values.get(key, []) for table, values in side.items()}
        found.append(rows.unpack_face(face_id, time, row, of_this, space))
    return list(frames.values())


def _grouped(cursor: Iterable[tuple[Any, ...]]) -> dict[int, list[Any]]:
    by_face: dict[int, list[Any]] = {}
    for key, *values in cursor:
        by_face.setdefault(key, []).append(values)
    return by_face
