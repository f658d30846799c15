"""Reading whole faces, a few frames at a time."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from understudy.geometry import Space
from understudy.store import codec
from understudy.store.alignments import rows
from understudy.types import Face, Timestamp

_FRAMES = 64
_MASKS_PX = 128 << 20
"""Of a page: 512 MiB once they are floats. A single frame may have more."""


def page_end(db: sqlite3.Connection, after: int) -> int | None:
    """The last of the next few frames after this one, or None at the end.

    Few enough that their masks fit in memory together.
    """
    last: int | None = None
    n_px = 0.0
    for frame, of_frame in db.execute(
        "SELECT r.frame, total(m.width * m.height) FROM "
        "(SELECT frame FROM frames WHERE frame > ? ORDER BY frame LIMIT ?) r "
        "LEFT JOIN faces f ON f.frame = r.frame LEFT JOIN masks m ON m.face = f.key "
        "GROUP BY r.frame ORDER BY r.frame",
        (after, _FRAMES),
    ):
        n_px += of_frame
        if last is not None and n_px > _MASKS_PX:
            return last
        last = frame
    return last


def check_masks_of(db: sqlite3.Connection, frame: int) -> None:
    """Refuse a frame whose masks are more than `page` would read back.

    Raises:
        ValueRefused: they are.
    """
    (n_px,) = db.execute(
        "SELECT total(m.width * m.height) FROM faces f JOIN masks m ON m.face = f.key "
        "WHERE f.frame = ?",
        (frame,),
    ).fetchone()
    codec.check_masks_px(f"frame {frame}", int(n_px), codec.MAX_FRAME_MASKS_PX)


def page(
    db: sqlite3.Connection,
    first: int,
    last: int,
    at: Callable[[Any, Any], Timestamp],
    space: Callable[[Any, Any], Space],
) -> list[tuple[Timestamp, list[Face]]]:
    """Frames first..last with their faces.

    Args:
        db: the open file.
        first: index of a frame.
        last: index of a frame.
        at: makes the time of a frame from its index and pts.
        space: the grid of a frame from its width and height, which may be None.

    Raises:
        ValueRefused, TypeError: not such rows.
    """
    span = (first, last)
    side = {table: _grouped(db.execute(q, span)) for table, q in rows.SIDE_QUERIES.items()}
    frames: dict[int, tuple[Timestamp, list[Face]]] = {}
    grids: dict[int, Space] = {}
    for frame, pts, width, height in db.execute(
        "SELECT frame, pts, width, height FROM frames WHERE frame BETWEEN ? AND ? ORDER BY frame",
        span,
    ):
        frames[frame] = at(frame, pts), []
        grids[frame] = space(width, height)
    faces = db.execute(
        "SELECT f.key, id, frame, left, top, right, bottom, score, track, "
        "stale_json, steps_json "
        "FROM faces f JOIN made_by m ON m.key = f.made_by "
        "WHERE frame BETWEEN ? AND ? ORDER BY frame, position",
        span,
    )
    n_px: Counter[int] = Counter()
    for key, face_id, frame, *row in faces:
        time, found = frames[frame]
        n_px[frame] += rows.masks_px(side["masks"].get(key, []))
        codec.check_masks_px(f"frame {frame}", n_px[frame], codec.MAX_FRAME_MASKS_PX)
        of_this = {table: values.get(key, []) for table, values in side.items()}
        found.append(rows.unpack_face(face_id, time, row, of_this, grids[frame]))
    return list(frames.values())


def _grouped(cursor: Iterable[tuple[Any, ...]]) -> dict[int, list[Any]]:
    by_face: dict[int, list[Any]] = {}
    for key, *values in cursor:
        by_face.setdefault(key, []).append(values)
    return by_face
