"""Going through all faces of a film without holding them: what is known of each, masks left out.

A face with its masks takes some 140 KB in memory, a film has 150,000 of them. Who must choose among
all faces, or tell whether any has changed, reads these narrow rows; masks come later, a few frames
at a time (`Alignments.between`).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy.files import parse_json
from understudy.store import codec

_FRAMES = 512

_PAGE = """
    SELECT f.id, f.frame, t.person, f.left, f.top, f.right, f.bottom, q.value, f.track,
        f.stale_json, m.steps_json, a.landmarks, a.unit_from_frame,
        k.width, k.height, k.grid_from_frame, k.alpha, x.vector
    FROM faces f
    JOIN made_by m ON m.key = f.made_by
    JOIN alignments a ON a.face = f.key
    LEFT JOIN tracks t ON t.track = f.track
    LEFT JOIN quality q ON q.face = f.key AND q.name = 'size_px'
    LEFT JOIN masks k ON k.face = f.key AND k.kind = ?
    LEFT JOIN extras x ON x.face = f.key AND x.name = 'mesh'
    WHERE f.frame BETWEEN ? AND ? ORDER BY f.frame, f.position"""
_VECTORS = """
    SELECT f.id, f.frame, t.person, f.left, f.top, f.right, f.bottom, q.value,
        m.steps_json, e.vector
    FROM faces f
    JOIN embeddings e ON e.face = f.key
    JOIN made_by m ON m.key = f.made_by
    LEFT JOIN tracks t ON t.track = f.track
    LEFT JOIN quality q ON q.face = f.key AND q.name = 'size_px'
    WHERE f.frame BETWEEN ? AND ? ORDER BY f.frame, f.position"""


class Look(NamedTuple):
    """What is known of a face without its masks.

    Attributes:
        id: of the face.
        frame: index of its frame.
        person: whom its track shows, or None.
        size_px: side of the face, or of its box where nobody measured it.
        track: number of its track, or None.
        box_xyxy: of the face, in pixels of the frame.
        has_mask: whether it has a mask of the kind asked for.
        mask_is_stale: whether that is older than the landmarks.
        digest: of landmarks, fit, mesh, that mask as it is stored, and who made them; two faces
            with one digest come out of a conversion alike.
    """

    id: str
    frame: int
    person: int | None
    size_px: float
    track: int | None
    box_xyxy: tuple[float, float, float, float]
    has_mask: bool
    mask_is_stale: bool
    digest: bytes


class Vector(NamedTuple):
    """The identity of a face.

    Attributes:
        id: of the face.
        frame: index of its frame.
        person: whom its track shows, or None.
        size_px: side of the face.
        made_by: the network, as "plug-in@version", or "" where that is not known.
        values: (d,) float32.
    """

    id: str
    frame: int
    person: int | None
    size_px: float
    made_by: str
    values: NDArray[np.float32]


def looks(db: sqlite3.Connection, mask: str) -> Iterator[Look]:
    """All faces in order of frame and position.

    Raises:
        ValueRefused: not such rows.
    """
    for first, last in _pages(db):
        for row in db.execute(_PAGE, (mask, first, last)):
            *_, stale_json, steps_json, landmarks, fit, width, height, grid, alpha, mesh = row
            print_ = hashlib.blake2b(steps_json.encode(), digest_size=16)
            for part in (
                landmarks,
                fit,
                f"{width} {height}".encode(),
                grid or b"",
                alpha or b"",
                mesh or b"",
            ):
                print_.update(b"%d " % len(part) + part)
            stale = f"mask:{mask}" in codec.sequence(parse_json(stale_json))
            track = None if row[8] is None else codec.whole("track", row[8])
            left, top, right, bottom = (codec.finite("box_xyxy", value) for value in row[3:7])
            yield Look(
                *_who(row),
                track,
                (left, top, right, bottom),
                alpha is not None,
                stale,
                print_.digest(),
            )


def vectors(db: sqlite3.Connection) -> Iterator[Vector]:
    """The identity of all faces that have one, in order of frame and position.

    Raises:
        ValueRefused: not such rows.
    """
    for first, last in _pages(db):
        for row in db.execute(_VECTORS, (first, last)):
            steps = dict(codec.mapping("made_by", parse_json(row[-2])))
            made_by = codec.string("embed", steps.get("embed", ""))
            blob = row[-1]
            yield Vector(*_who(row), made_by, codec.floats_from(blob, "<f4", (len(blob) // 4,)))


def _who(row: tuple[Any, ...]) -> tuple[str, int, int | None, float]:
    face_id, frame, person, left, top, right, bottom, size = row[:8]
    size = _box_side(left, top, right, bottom) if size is None else codec.finite("size_px", size)
    person = None if person is None else codec.whole("person", person)
    return codec.string("id", face_id), codec.whole("frame", frame), person, size


def _box_side(left: float, top: float, right: float, bottom: float) -> float:
    return float(max(0.0, (right - left) * (bottom - top)) ** 0.5)


def _pages(db: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    """First and last frame of a few hundred frames with faces at a time."""
    after = -1
    while True:
        (last,) = db.execute(
            "SELECT max(frame) FROM (SELECT DISTINCT frame FROM faces WHERE frame > ? "
            "ORDER BY frame LIMIT ?)",
            (after, _FRAMES),
        ).fetchone()
        if last is None:
            return
        yield after + 1, last
        after = last
