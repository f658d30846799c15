"""All faces of a film in columns: what somebody sees who looks at fifty thousand of them.

Landmarks are read for two numbers only, how far a face is turned and tilted, and let go at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import N_LANDMARKS
from understudy.store import codec
from understudy.store.alignments.rows import SCHEMA
from understudy.store.sqlite import database

_NOSE, _LEFT_EYE, _RIGHT_EYE = 30, slice(36, 42), slice(42, 48)
"""Of the 68 points: the tip of the nose, and the eyes as they lie in the picture."""

_ROWS = """
    SELECT f.id, f.frame, f.track, t.person, f.left, f.top, f.right, f.bottom, f.score,
        f.stale_json <> '[]', s.value, d.value, p.value, a.landmarks
    FROM faces f
    JOIN alignments a ON a.face = f.key
    LEFT JOIN tracks t ON t.track = f.track
    LEFT JOIN quality s ON s.face = f.key AND s.name = 'size_px'
    LEFT JOIN quality d ON d.face = f.key AND d.name = 'average_distance'
    LEFT JOIN quality p ON p.face = f.key AND p.name = 'sharpness'
    ORDER BY f.frame, f.position LIMIT ? OFFSET ?"""


@dataclass(frozen=True, slots=True)
class Columns:
    """Faces in order of frame and position, one entry of each list for each.

    Attributes:
        total: how many the film has, with those that were not asked for.
        ids, frames, tracks, persons: as in `Face` and `Track`; None where nobody knows.
        boxes_xyxy: in whole pixels of the frame.
        scores: of the detector.
        stale: whether something made from its landmarks is out of date.
        sizes_px: side of the face, or None.
        distances: of the aligned landmarks to the mean face, in the unit square, or None.
        sharpness: see `imaging.focus`, or None where it was not measured.
        turns: how far the nose lies beside the middle of the eyes, in distances of the eyes, to
            the right of the picture; beyond .5 a face is in profile.
        tilts_deg: of the line through the eyes, clockwise.
    """

    total: int
    ids: list[str] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    tracks: list[int | None] = field(default_factory=list)
    persons: list[int | None] = field(default_factory=list)
    boxes_xyxy: list[list[int]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    stale: list[bool] = field(default_factory=list)
    sizes_px: list[float | None] = field(default_factory=list)
    distances: list[float | None] = field(default_factory=list)
    sharpness: list[float | None] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    tilts_deg: list[float] = field(default_factory=list)


def columns(path: Path, limit: int | None = None, offset: int = 0) -> Columns:
    """Faces of an alignments file.

    Args:
        path: the file.
        limit: how many at most; None for all.
        offset: how many to pass over.

    Raises:
        StoreError: it is no alignments file that can be read.
    """
    with (
        closing(database.connect(path, SCHEMA, read_only=True)) as db,
        database.reading(path, SCHEMA),
    ):
        total = int(db.execute("SELECT total(1) FROM faces").fetchone()[0])
        rows = db.execute(_ROWS, (-1 if limit is None else limit, offset)).fetchall()
        turns, tilts = _pose([row[-1] for row in rows])
        return Columns(
            total,
            ids=[codec.string("id", row[0]) for row in rows],
            frames=[row[1] for row in rows],
            tracks=[row[2] for row in rows],
            persons=[row[3] for row in rows],
            boxes_xyxy=[[round(v) for v in row[4:8]] for row in rows],
            scores=[round(row[8], 3) for row in rows],
            stale=[bool(row[9]) for row in rows],
            sizes_px=[_rounded(row[10], 1) for row in rows],
            distances=[_rounded(row[11], 4) for row in rows],
            sharpness=[_rounded(row[12], 4) for row in rows],
            turns=turns,
            tilts_deg=tilts,
        )


def _pose(blobs: Sequence[bytes]) -> tuple[list[float], list[float]]:
    if not blobs:
        return [], []
    points: NDArray[Any] = codec.floats_from(b"".join(blobs), "<f8", (len(blobs), N_LANDMARKS, 2))
    left, right = points[:, _LEFT_EYE].mean(1), points[:, _RIGHT_EYE].mean(1)
    across = right - left
    apart = np.maximum(np.linalg.norm(across, axis=1), 1e-6)
    beside = ((points[:, _NOSE] - (left + right) / 2) * across).sum(1) / apart**2
    tilts = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    return beside.round(3).tolist(), tilts.round(1).tolist()


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
