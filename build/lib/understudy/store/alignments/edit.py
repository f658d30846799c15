"""Changing single faces of an alignments file in place, inside an open transaction.

An edit touches the rows that differ and no others: moving one landmark of a face with two masks
writes two small pages, so that it is on the disk before the next frame is shown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from understudy.errors import ValueRefused
from understudy.store.alignments.rows import SIDE_INSERTS, PackedFace

_SIDE_SELECTS = {
    "quality": "SELECT name, value FROM quality WHERE face = ? ORDER BY rowid",
    "alignments": "SELECT landmarks, unit_from_frame FROM alignments WHERE face = ?",
    "masks": "SELECT kind, grid, width, height, grid_from_frame, alpha FROM masks "
    "WHERE face = ? ORDER BY rowid",
    "embeddings": "SELECT vector FROM embeddings WHERE face = ?",
    "extras": "SELECT name, vector FROM extras WHERE face = ? ORDER BY rowid",
}
_SIDE_DELETES = {
    "quality": "DELETE FROM quality WHERE face = ?",
    "alignments": "DELETE FROM alignments WHERE face = ?",
    "masks": "DELETE FROM masks WHERE face = ?",
    "embeddings": "DELETE FROM embeddings WHERE face = ?",
    "extras": "DELETE FROM extras WHERE face = ?",
}


def update_face(db: sqlite3.Connection, packed: PackedFace) -> None:
    """Replace all that is known of a face that is there, under its id.

    Raises:
        ValueRefused: no face of this id in this frame.
    """
    face_id, frame, *rest = packed.row
    found = db.execute(
        "SELECT key FROM faces WHERE id = ? AND frame = ?", (face_id, frame)
    ).fetchone()
    if found is None:
        raise ValueRefused(
            f"face {face_id}: there is no such face in frame {frame}; put the whole frame to add it"
        )
    key = found[0]
    steps = (packed.steps_json,)
    db.execute("INSERT OR IGNORE INTO made_by (steps_json) VALUES (?)", steps)
    db.execute(
        "UPDATE faces SET left = ?, top = ?, right = ?, bottom = ?, score = ?, track = ?, "
        "stale_json = ?, made_by = (SELECT key FROM made_by WHERE steps_json = ?) WHERE key = ?",
        (*rest, packed.stale_json, packed.steps_json, key),
    )
    for table, rows in packed.side.items():
        if db.execute(_SIDE_SELECTS[table], (key,)).fetchall() != list(rows):
            db.execute(_SIDE_DELETES[table], (key,))
            db.executemany(SIDE_INSERTS[table], [(key, *values) for values in rows])


def reorder(db: sqlite3.Connection, orders: Mapping[int, Sequence[str]]) -> dict[str, str]:
    """Give the faces of frames new positions, and ids that follow from these.

    Args:
        db: with an open transaction.
        orders: for each frame all of its ids in the new order.

    Returns:
        New ids by old ids, of those that changed.

    Raises:
        ValueRefused: an order is not one of exactly the frame's faces.
    """
    changes: list[tuple[int, str, str, int]] = []
    for frame, order in orders.items():
        have: dict[str, Any] = dict(
            db.execute("SELECT id, key FROM faces WHERE frame = ? ORDER BY position", (frame,))
        )
        if sorted(have) != sorted(order):
            raise ValueRefused(
                f"frame {frame}: expected an order of {', '.join(have) or 'no face'}, "
                f"got {', '.join(order) or 'none'}"
            )
        new = [(have[old], old, f"{frame}_{n}", n) for n, old in enumerate(order)]
        if any(old != fresh for _, old, fresh, _ in new) or list(have) != list(order):
            changes += new
    # Ids are unique at every moment, so each first steps aside.
    db.executemany("UPDATE faces SET id = ? WHERE key = ?", [(f"~{c[0]}", c[0]) for c in changes])
    try:
        db.executemany(
            "UPDATE faces SET id = ?, position = ? WHERE key = ?",
            [(fresh, n, key) for key, _, fresh, n in changes],
        )
    except sqlite3.IntegrityError as error:
        raise ValueRefused("two faces would get one id; re-key all frames at once") from error
    return {old: fresh for _, old, fresh, _ in changes if old != fresh}
