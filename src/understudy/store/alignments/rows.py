"""A face as rows of the alignments file, and back; and the tables that hold them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.errors import ValueRefused
from understudy.files import parse_json
from understudy.geometry import N_LANDMARKS, UNIT, Space, Warp
from understudy.store import codec
from understudy.store.sqlite.database import Migration, Schema
from understudy.types import Alignment, Face, Mask, Timestamp, Track

SCHEMA = Schema(
    what="alignments file",
    application_id=0x554E4453,  # "UNDS"
    remedy="extract the film again to make a new one",
    brings_up="understudy alignments info {path}",
    foreign="move it away if you do not need it there, then extract the film again",
    migrations=(
        Migration(
            "faces of one source",
            """
            CREATE TABLE source (
                only INTEGER PRIMARY KEY CHECK (only = 1),
                name TEXT NOT NULL, fingerprint TEXT NOT NULL,
                width INTEGER NOT NULL, height INTEGER NOT NULL,
                time_base_numerator INTEGER NOT NULL, time_base_denominator INTEGER NOT NULL,
                n_frames INTEGER, settings_json TEXT NOT NULL,
                finished INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            CREATE TABLE frames (frame INTEGER PRIMARY KEY, pts INTEGER NOT NULL) STRICT;
            CREATE TABLE made_by (key INTEGER PRIMARY KEY, steps_json TEXT NOT NULL UNIQUE) STRICT;
            CREATE TABLE faces (
                key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
                frame INTEGER NOT NULL REFERENCES frames ON DELETE CASCADE,
                position INTEGER NOT NULL,
                left REAL NOT NULL, top REAL NOT NULL, right REAL NOT NULL, bottom REAL NOT NULL,
                score REAL NOT NULL, track INTEGER,
                made_by INTEGER NOT NULL REFERENCES made_by
            ) STRICT;
            CREATE INDEX faces_by_frame ON faces (frame, position);
            CREATE TABLE quality (
                face INTEGER NOT NULL REFERENCES faces ON DELETE CASCADE,
                name TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (face, name)
            ) STRICT;
            CREATE TABLE alignments (
                face INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE,
                landmarks BLOB NOT NULL, unit_from_frame BLOB NOT NULL
            ) STRICT;
            CREATE TABLE masks (
                face INTEGER NOT NULL REFERENCES faces ON DELETE CASCADE,
                kind TEXT NOT NULL, grid TEXT NOT NULL,
                width INTEGER NOT NULL, height INTEGER NOT NULL,
                grid_from_frame BLOB NOT NULL, alpha BLOB NOT NULL, PRIMARY KEY (face, kind)
            ) STRICT;
            CREATE TABLE embeddings (
                face INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE, vector BLOB NOT NULL
            ) STRICT;
            """,
        ),
        Migration(
            "tracks, persons, extras and what is stale",
            """
            ALTER TABLE faces ADD COLUMN stale_json TEXT NOT NULL DEFAULT '[]';
            CREATE INDEX faces_by_track ON faces (track, frame) WHERE track IS NOT NULL;
            CREATE INDEX quality_by_value ON quality (name, value, face);
            CREATE TABLE extras (
                face INTEGER NOT NULL REFERENCES faces ON DELETE CASCADE,
                name TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (face, name)
            ) STRICT;
            CREATE TABLE tracks (
                track INTEGER PRIMARY KEY, shot INTEGER NOT NULL, person INTEGER,
                vector BLOB, weight REAL NOT NULL DEFAULT 0
            ) STRICT;
            CREATE TABLE shots (
                shot INTEGER PRIMARY KEY, first_frame INTEGER NOT NULL UNIQUE
            ) STRICT;
            CREATE TABLE carry (
                only INTEGER PRIMARY KEY CHECK (only = 1), state BLOB NOT NULL
            ) STRICT;
            """,
        ),
        Migration(
            "indices for filters",
            """
            CREATE INDEX masks_by_kind ON masks (kind, face);
            CREATE INDEX faces_by_score ON faces (score);
            CREATE INDEX faces_stale ON faces (frame, position) WHERE stale_json <> '[]';
            """,
        ),
        Migration(
            "pictures of several sizes",
            """
            ALTER TABLE source ADD COLUMN mixed INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE frames ADD COLUMN width INTEGER;
            ALTER TABLE frames ADD COLUMN height INTEGER;
            """,
        ),
        Migration(
            "projects that use it",
            "CREATE TABLE users (project TEXT PRIMARY KEY, noted_at TEXT NOT NULL) STRICT",
            later=True,
        ),
    ),
)

# Complete statements, so that no SQL is ever put together from parts.
SIDE_QUERIES = {
    "quality": """
        SELECT s.face, name, value FROM faces f JOIN quality s ON s.face = f.key
        WHERE f.frame BETWEEN ? AND ? ORDER BY s.rowid""",
    "alignments": """
        SELECT s.face, landmarks, unit_from_frame FROM faces f JOIN alignments s ON s.face = f.key
        WHERE f.frame BETWEEN ? AND ?""",
    "masks": """
        SELECT s.face, kind, grid, width, height, grid_from_frame, alpha
        FROM faces f JOIN masks s ON s.face = f.key
        WHERE f.frame BETWEEN ? AND ? ORDER BY s.rowid""",
    "embeddings": """
        SELECT s.face, vector FROM faces f JOIN embeddings s ON s.face = f.key
        WHERE f.frame BETWEEN ? AND ?""",
    "extras": """
        SELECT s.face, name, vector FROM faces f JOIN extras s ON s.face = f.key
        WHERE f.frame BETWEEN ? AND ? ORDER BY s.rowid""",
}
SIDE_INSERTS = {
    "quality": "INSERT INTO quality VALUES (?, ?, ?)",
    "alignments": "INSERT INTO alignments VALUES (?, ?, ?)",
    "masks": "INSERT INTO masks VALUES (?, ?, ?, ?, ?, ?, ?)",
    "embeddings": "INSERT INTO embeddings VALUES (?, ?)",
    "extras": "INSERT INTO extras VALUES (?, ?, ?)",
}


@dataclass(frozen=True, slots=True)
class PackedFace:
    """A face as rows, made and checked before its transaction begins."""

    row: tuple[Any, ...]
    stale_json: str
    steps_json: str
    masks_px: int
    side: Mapping[str, Sequence[tuple[Any, ...]]]


def pack_faces(faces: Sequence[Face], at: Timestamp, frame: Space) -> list[PackedFace]:
    """The rows of all faces of one frame.

    Raises:
        ValueRefused: as `pack_face`, or their masks are together more than is read back.
    """
    packed = [pack_face(face, at, frame) for face in faces]
    n_px = sum(face.masks_px for face in packed)
    codec.check_masks_px(f"frame {at.index}", n_px, codec.MAX_FRAME_MASKS_PX)
    return packed


def pack_face(face: Face, at: Timestamp, frame: Space) -> PackedFace:
    """The rows of a face.

    Raises:
        ValueRefused: a face of another frame or grid, or a number that is not finite.
    """
    alignment = face.alignment
    grids = [alignment.unit_from_frame.src, *(m.grid_from_frame.src for m in face.masks.values())]
    if face.at != at:
        raise ValueRefused(f"face {face.id}: expected {at}, got {face.at}")
    if any(grid != frame for grid in grids):
        raise ValueRefused(f"face {face.id}: expected warps from {frame}, got {grids}")
    codec.check_masks_px(f"face {face.id}", codec.masks_px(face.masks))
    box = [codec.finite("box_xyxy", v) for v in face.box_xyxy.tolist()]
    track = None if face.track is None else codec.whole("track", face.track)
    embedding = face.embedding
    return PackedFace(
        row=(face.id, at.index, *box, codec.finite("score", face.score), track),
        stale_json=json.dumps(sorted(face.stale)),
        steps_json=json.dumps(dict(face.made_by)),
        masks_px=codec.masks_px(face.masks),
        side={
            "quality": [(k, codec.finite(k, v)) for k, v in face.quality.items()],
            "alignments": [
                (
                    codec.floats_bytes(alignment.landmarks, "<f8"),
                    codec.floats_bytes(alignment.unit_from_frame.matrix, "<f8"),
                )
            ],
            "masks": [_pack_mask(key, mask) for key, mask in face.masks.items()],
            "embeddings": [] if embedding is None else [(codec.floats_bytes(embedding, "<f4"),)],
            "extras": [(k, codec.floats_bytes(v, "<f4")) for k, v in face.extras.items()],
        },
    )


def insert_face(db: sqlite3.Connection, position: int, packed: PackedFace) -> None:
    """Insert the rows of a face into an open transaction.

    Raises:
        ValueRefused: the id is in use.
    """
    steps = (packed.steps_json,)
    db.execute("INSERT OR IGNORE INTO made_by (steps_json) VALUES (?)", steps)
    made_by = db.execute("SELECT key FROM made_by WHERE steps_json = ?", steps).fetchone()[0]
    face_id, frame, *rest = packed.row
    row = (None, face_id, frame, position, *rest, made_by, packed.stale_json)
    try:
        key = db.execute(
            "INSERT INTO faces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
        ).lastrowid
    except sqlite3.IntegrityError as error:
        raise ValueRefused(f"face {face_id}: its id is in use already") from error
    for table, rows in packed.side.items():
        db.executemany(SIDE_INSERTS[table], [(key, *values) for values in rows])


def unpack_face(
    face_id: Any, at: Timestamp, row: Sequence[Any], side: Mapping[str, Sequence[Any]], frame: Space
) -> Face:
    """The face behind its rows.

    Raises:
        ValueRefused, TypeError: not such rows.
    """
    *box, score, track, stale_json, steps_json = row
    ((landmarks, unit_from_frame),) = side["alignments"]
    codec.check_masks_px(f"face {face_id!r:.60}", masks_px(side["masks"]))
    embedding = None
    for (vector,) in side["embeddings"]:
        embedding = codec.floats_from(vector, "<f4", (len(vector) // 4,))
    made_by = codec.mapping("made_by", parse_json(steps_json))
    return Face(
        id=codec.string("id", face_id),
        at=at,
        box_xyxy=codec.numbers("box_xyxy", box, (4,)),
        score=codec.finite("score", score),
        alignment=Alignment(
            codec.floats_from(landmarks, "<f8", (N_LANDMARKS, 2)),
            Warp(codec.floats_from(unit_from_frame, "<f8", (3, 3)), frame, UNIT),
        ),
        masks={values[0]: _unpack_mask(frame, *values) for values in side["masks"]},
        embedding=embedding,
        quality={codec.string("quality", k): codec.finite(k, v) for k, v in side["quality"]},
        track=None if track is None else codec.whole("track", track),
        made_by={k: codec.string(k, v) for k, v in made_by},
        extras={
            codec.string("extra", name): codec.floats_from(vector, "<f4", (len(vector) // 4,))
            for name, vector in side["extras"]
        },
        stale=frozenset(codec.string("stale", s) for s in codec.sequence(parse_json(stale_json))),
    )


def masks_px(masks: Sequence[Sequence[Any]]) -> int:
    """Pixels of masks as their rows say.

    Raises:
        ValueRefused: not such rows.
    """
    return sum(
        codec.whole("width", width) * codec.whole("height", height)
        for _kind, _grid, width, height, *_ in masks
    )


def insert_shots(db: sqlite3.Connection, first_frames: Sequence[int]) -> None:
    """Remember where shots begin; one that is known already stays."""
    db.executemany(
        "INSERT OR IGNORE INTO shots (first_frame) VALUES (?)", [(f,) for f in first_frames]
    )


def replace_tracks(db: sqlite3.Connection, tracks: Sequence[Track]) -> None:
    """Insert tracks, each in place of an earlier one of its number."""
    db.executemany(
        "INSERT OR REPLACE INTO tracks VALUES (?, ?, ?, ?, ?)",
        [
            (
                codec.whole("track", t.number),
                codec.whole("shot", t.shot),
                t.person,
                None if t.embedding is None else codec.floats_bytes(t.embedding, "<f4"),
                codec.finite("weight", t.weight),
            )
            for t in tracks
        ],
    )


def select_tracks(db: sqlite3.Connection) -> list[Track]:
    """All tracks, by number.

    Raises:
        ValueRefused, TypeError: not such rows.
    """
    found = db.execute("SELECT track, shot, person, vector, weight FROM tracks ORDER BY track")
    return [
        Track(
            codec.whole("track", number),
            codec.whole("shot", shot),
            None if person is None else codec.whole("person", person),
            None if vector is None else codec.floats_from(vector, "<f4", (len(vector) // 4,)),
            codec.finite("weight", weight),
        )
        for number, shot, person, vector, weight in found
    ]


def _pack_mask(key: str, mask: Mask) -> tuple[Any, ...]:
    grid = mask.grid_from_frame.dst
    matrix = codec.floats_bytes(mask.grid_from_frame.matrix, "<f8")
    return (key, grid.name, grid.width, grid.height, matrix, codec.pack_mask(key, mask))


def _unpack_mask(
    frame: Space, kind: Any, grid: Any, width: Any, height: Any, matrix: Any, alpha: Any
) -> Mask:
    space = Space(
        codec.string("grid", grid), codec.whole("width", width), codec.whole("height", height)
    )
    warp = Warp(codec.floats_from(matrix, "<f8", (3, 3)), frame, space)
    return codec.unpack_mask(codec.string("kind", kind), alpha, warp)
