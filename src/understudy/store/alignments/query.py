"""Asking an alignments file which faces it holds, without reading landmarks or masks.

A query is answered from narrow rows and indices, so that 100,000 faces are filtered while somebody
moves a slider. Every condition is a constant; what people ask for is only ever bound to it.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from understudy.files import parse_json
from understudy.store import codec

ANY = "*"
"""For `Query.stale`: whatever it is that is stale."""

Bounds = tuple[float | None, float | None]
"""Lowest and highest value allowed, both included; None leaves an end open."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which faces are wanted; conditions that are not set let every face pass.

    Attributes:
        frames: first and last frame.
        faces_in_frame: how many faces the face's frame has.
        score: of the detector.
        size_px: side of the detection box.
        average_distance: of the aligned landmarks to the mean face, in the unit square.
        sharpness: see `imaging.focus`.
        track: number of the track.
        person: whom the face's track shows.
        tracked: True for faces with a track, False for those without.
        mask: a kind of mask that the face has.
        without_mask: a kind that it lacks.
        stale: "embedding", "mask:<kind>" or "extra:<name>" that is stale, or `ANY`.
    """

    frames: tuple[int | None, int | None] | None = None
    faces_in_frame: tuple[int | None, int | None] | None = None
    score: Bounds | None = None
    size_px: Bounds | None = None
    average_distance: Bounds | None = None
    sharpness: Bounds | None = None
    track: int | None = None
    person: int | None = None
    tracked: bool | None = None
    mask: str | None = None
    without_mask: str | None = None
    stale: str | None = None


class FaceRow(NamedTuple):
    """What is known of a face without reading its landmarks.

    Attributes:
        id: of the face.
        frame: index of its frame.
        score: the detector's confidence.
        track: number of its track, or None.
        stale: whether anything made from its landmarks is stale.
    """

    id: str
    frame: int
    score: float
    track: int | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What an alignments file holds, counted.

    Attributes:
        frames, frames_with_faces, faces: looked at, and found.
        faces_per_frame: how many frames have how many faces; 0 included.
        tracks, persons, shots: how many.
        untracked: faces without a track.
        made_by: how many faces have which plug-ins behind them, the steps as "step name@version".
        masks, extras: how many faces have which.
        embeddings: how many faces have one.
        stale: how many faces have which part stale.
        quality: lowest, median and highest value of each named number, over all faces.
        first_frame, last_frame: of the frames looked at; None in an empty file.
        file_bytes: size of the file.
    """

    frames: int
    frames_with_faces: int
    faces: int
    faces_per_frame: Mapping[int, int]
    tracks: int
    persons: int
    shots: int
    untracked: int
    made_by: Mapping[str, int]
    masks: Mapping[str, int]
    extras: Mapping[str, int]
    embeddings: int
    stale: Mapping[str, int]
    quality: Mapping[str, tuple[float, float, float]]
    first_frame: int | None
    last_frame: int | None
    file_bytes: int


# A huge number stands for an open end, so that each condition is one constant.
_OPEN = 1e308
_OPEN_INT = 2**62

_QUALITY = """f.key IN (
    SELECT face FROM quality WHERE name = '{name}' AND value BETWEEN :{name}_low AND :{name}_high
)"""
_QUALITY_OF_EACH = """EXISTS (
    SELECT 1 FROM quality q WHERE q.face = f.key AND q.name = '{name}'
    AND q.value BETWEEN :{name}_low AND :{name}_high
)"""
_CONDITIONS = {
    "frames": "f.frame BETWEEN :frames_low AND :frames_high",
    "faces_in_frame": """f.frame IN (
        SELECT frame FROM faces GROUP BY frame
        HAVING count(*) BETWEEN :faces_in_frame_low AND :faces_in_frame_high
    )""",
    "score": "f.score BETWEEN :score_low AND :score_high",
    "size_px": _QUALITY.format(name="size_px"),
    "average_distance": _QUALITY.format(name="average_distance"),
    "sharpness": _QUALITY.format(name="sharpness"),
    "track": "f.track = :track",
    "person": "f.track IN (SELECT track FROM tracks WHERE person = :person)",
    "mask": "f.key IN (SELECT face FROM masks WHERE kind = :mask)",
    "without_mask": "f.key NOT IN (SELECT face FROM masks WHERE kind = :without_mask)",
}
# Where another condition leaves few faces, asking each of them is quicker than listing all faces
# that have the value or the mask.
_OF_EACH = {
    "size_px": _QUALITY_OF_EACH.format(name="size_px"),
    "average_distance": _QUALITY_OF_EACH.format(name="average_distance"),
    "sharpness": _QUALITY_OF_EACH.format(name="sharpness"),
    "mask": "EXISTS (SELECT 1 FROM masks m WHERE m.face = f.key AND m.kind = :mask)",
    "without_mask": "NOT EXISTS (SELECT 1 FROM masks m WHERE m.face = f.key "
    "AND m.kind = :without_mask)",
}
_NARROW = ("frames", "track", "person", "stale")
_TRACKED = {True: "f.track IS NOT NULL", False: "f.track IS NULL"}
_STALE_ANY = "f.stale_json <> '[]'"
# Names are compared as JSON text, quotes included: "mask:a" is not "mask:ab".
_STALE_ONE = "f.stale_json <> '[]' AND instr(f.stale_json, :stale) > 0"
_SELECT = "SELECT f.id, f.frame, f.score, f.track, f.stale_json <> '[]' FROM faces f"
# Not count(*): over a whole table that is one step to SQLite, which no budget of steps can end.
_COUNT = "SELECT total(1) FROM faces f"
_ORDER = "ORDER BY f.frame, f.position LIMIT :limit OFFSET :offset"


def select(db: sqlite3.Connection, query: Query, limit: int | None, offset: int) -> list[FaceRow]:
    """Rows of the faces that a query wants, in order of frame and position."""
    where, values = _where(query)
    values |= {"limit": -1 if limit is None else limit, "offset": offset}
    found = db.execute(" ".join((_SELECT, where, _ORDER)), values)
    return [FaceRow(i, frame, score, track, bool(s)) for i, frame, score, track, s in found]


def count(db: sqlite3.Connection, query: Query) -> int:
    """How many faces a query wants."""
    where, values = _where(query)
    return int(db.execute(" ".join((_COUNT, where)), values).fetchone()[0])


def summary(db: sqlite3.Connection, file_bytes: int) -> Summary:
    """Count what there is."""

    def counts(sql: str) -> dict[Any, int]:
        return dict(db.execute(sql).fetchall())

    def number(sql: str) -> int:
        return int(db.execute(sql).fetchone()[0])

    per_frame = counts(
        "SELECT n, count(*) FROM (SELECT count(f.key) AS n FROM frames r "
        "LEFT JOIN faces f ON f.frame = r.frame GROUP BY r.frame) GROUP BY n ORDER BY n"
    )
    first, last = db.execute("SELECT min(frame), max(frame) FROM frames").fetchone()
    n_frames = sum(per_frame.values())
    return Summary(
        frames=n_frames,
        frames_with_faces=n_frames - per_frame.get(0, 0),
        faces=sum(n * frames for n, frames in per_frame.items()),
        faces_per_frame=per_frame,
        tracks=number(
            "SELECT count(*) FROM (SELECT track FROM tracks UNION "
            "SELECT track FROM faces WHERE track IS NOT NULL)"
        ),
        persons=number("SELECT count(DISTINCT person) FROM tracks"),
        shots=number("SELECT total(1) FROM shots"),
        untracked=number("SELECT total(1) FROM faces WHERE track IS NULL"),
        made_by=_made_by(db),
        masks=counts("SELECT kind, count(*) FROM masks GROUP BY kind ORDER BY kind"),
        extras=counts("SELECT name, count(*) FROM extras GROUP BY name ORDER BY name"),
        embeddings=number("SELECT total(1) FROM embeddings"),
        stale=_stale(db),
        quality=_quality(db),
        first_frame=first,
        last_frame=last,
        file_bytes=file_bytes,
    )


def marks(db: sqlite3.Connection, kinds: Sequence[str]) -> dict[str, int]:
    """See `Alignments.marks`; told from packed rows, 100,000 faces are compared in seconds."""
    found: dict[str, int] = {}
    for face_id, stale, points in db.execute(
        "SELECT f.id, f.stale_json, a.landmarks FROM faces f "
        "JOIN alignments a ON a.face = f.key ORDER BY f.key"
    ):
        found[face_id] = zlib.crc32(points, zlib.crc32(stale.encode()))
    for face_id, name, vector in db.execute(
        "SELECT f.id, e.name, e.vector FROM faces f "
        "JOIN extras e ON e.face = f.key ORDER BY f.key, e.name"
    ):
        found[face_id] = zlib.crc32(vector, zlib.crc32(name.encode(), found[face_id]))
    for kind in kinds:
        for face_id, grid, alpha in db.execute(
            "SELECT f.id, m.grid_from_frame, m.alpha FROM masks m "
            "JOIN faces f ON f.key = m.face WHERE m.kind = ?",
            (kind,),
        ):
            found[face_id] = zlib.crc32(
                alpha, zlib.crc32(grid, zlib.crc32(kind.encode(), found[face_id]))
            )
    return found


def _where(query: Query) -> tuple[str, dict[str, Any]]:
    """The conditions that are set, and what is bound to them."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    narrow = any(getattr(query, name) is not None for name in _NARROW)
    for name, condition in _CONDITIONS.items():
        wanted = getattr(query, name)
        if wanted is None:
            continue
        conditions.append(_OF_EACH.get(name, condition) if narrow else condition)
        if isinstance(wanted, tuple):
            low, high = wanted
            end: float = _OPEN_INT if name in ("frames", "faces_in_frame") else _OPEN
            values[f"{name}_low"] = -end if low is None else low
            values[f"{name}_high"] = end if high is None else high
        else:
            values[name] = wanted
    if query.tracked is not None:
        conditions.append(_TRACKED[query.tracked])
    if query.stale is not None:
        conditions.append(_STALE_ANY if query.stale == ANY else _STALE_ONE)
        values["stale"] = json.dumps(query.stale)
    return f"WHERE {' AND '.join(conditions)}" if conditions else "", values


def _made_by(db: sqlite3.Connection) -> dict[str, int]:
    found: Counter[str] = Counter()
    for steps_json, n in db.execute(
        "SELECT steps_json, count(*) FROM faces f JOIN made_by m ON m.key = f.made_by "
        "GROUP BY m.key"
    ):
        for step, name in codec.mapping("made_by", parse_json(steps_json)):
            found[f"{step} {codec.string(step, name)}"] += n
    return dict(found)


def _stale(db: sqlite3.Connection) -> dict[str, int]:
    found: Counter[str] = Counter()
    for stale_json, n in db.execute(
        "SELECT stale_json, count(*) FROM faces WHERE stale_json <> '[]' GROUP BY stale_json"
    ):
        for part in codec.sequence(parse_json(stale_json)):
            found[codec.string("stale", part)] += n
    return dict(sorted(found.items()))


def _quality(db: sqlite3.Connection) -> dict[str, tuple[float, float, float]]:
    found = {}
    ranges = db.execute(
        "SELECT name, min(value), max(value), count(*) FROM quality GROUP BY name ORDER BY name"
    ).fetchall()
    for name, low, high, n in ranges:
        (median,) = db.execute(
            "SELECT value FROM quality WHERE name = ? ORDER BY value LIMIT 1 OFFSET ?",
            (name, n // 2),
        ).fetchone()
        found[name] = (low, median, high)
    return found
