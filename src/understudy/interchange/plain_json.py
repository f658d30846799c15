"""Our own alignments as JSON: everything an alignments file holds, for programs in any language.

`{"format": "understudy-alignments", "version": 1, "source": {...}, "finished": bool,
"shots": [...], "tracks": [...], "frames": [{"index", "pts", "faces": [...]}]}`;
docs/guides/interchange.md says what each field means. Pixels follow our own convention. Floats
come back bit for bit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import StoreError, ValueRefused
from understudy.geometry import Space
from understudy.interchange import checks
from understudy.interchange.values import Ledger
from understudy.store import codec
from understudy.store.alignments import Alignments, SourceRecord
from understudy.store.alignments.settings import migrated
from understudy.types import Face, Timestamp, Track

FORMAT = "understudy-alignments"
VERSION = 1
_MAX_FRAME_PX = 65535


@dataclass(frozen=True, slots=True)
class PlainAlignments:
    """All that the file holds; faces that could not be read are left out."""

    source: SourceRecord
    finished: bool
    frames: list[tuple[Timestamp, list[Face]]]
    shots: list[int]
    tracks: list[Track]


def pieces(store: Alignments) -> Iterator[str]:
    """The file in pieces, a frame a line, so that no film is held as a whole."""
    source = store.source
    head = {
        "format": FORMAT,
        "version": VERSION,
        "source": {
            "name": source.name,
            "fingerprint": source.fingerprint,
            "size_wh": [source.width, source.height],
            "time_base": [source.time_base.numerator, source.time_base.denominator],
            "n_frames": source.n_frames,
            "settings": dict(source.settings),
            "mixed": source.mixed,
        },
        "finished": store.finished,
        "shots": store.shots(),
        "tracks": [_track_to_plain(track) for track in store.tracks()],
    }
    yield json.dumps(head, allow_nan=False)[:-1] + ', "frames": ['
    between = "\n"
    for at, faces in store.by_frame():
        frame = {
            "index": at.index,
            "pts": at.pts,
            "size_wh": list(source.grid_of(faces).size_wh),
            "faces": [codec.face_to_plain(face) for face in faces],
        }
        yield between + json.dumps(frame, allow_nan=False)
        between = ",\n"
    yield "\n]}\n"


def is_plain(plain: Any) -> bool:
    """Whether a value is such a file's."""
    return isinstance(plain, dict) and plain.get("format") == FORMAT


def from_plain(path: Path, plain: dict[str, Any], ledger: Ledger) -> PlainAlignments:
    """Everything in the file; a damaged face is left out and told to the ledger.

    Raises:
        StoreError: damaged where all depends on it, or of a newer version.
    """
    try:
        if checks.whole("version", plain["version"], 1, codec.MAX_INT) > VERSION:
            raise ValueRefused(f"version {plain['version']}; this Understudy reads {VERSION}")
        source = _source(checks.mapping("source", plain["source"]))
        frames = []
        for frame in checks.sequence("frames", plain["frames"]):
            index = checks.whole("index", frame["index"], 0, codec.MAX_INT)
            at = Timestamp(index, codec.whole("pts", frame["pts"]), source.time_base)
            grid = source.frame
            if source.mixed:
                grid = source.frame_of(*checks.sequence("size_wh", frame["size_wh"]))
            frames.append((at, list(_faces(frame["faces"], at, grid, ledger))))
        return PlainAlignments(
            source=source,
            finished=plain["finished"] is True,
            frames=frames,
            shots=[codec.whole("shot", s) for s in checks.sequence("shots", plain["shots"])],
            tracks=[_track(t) for t in checks.sequence("tracks", plain["tracks"])],
        )
    except checks.DAMAGED as error:
        raise StoreError(
            f"{path}: cannot be read as Understudy's alignments ({error}); export it again"
        ) from error


def _faces(listed: Any, at: Timestamp, grid: Space, ledger: Ledger) -> Iterator[Face]:
    for number, plain in enumerate(checks.sequence("faces", listed)):
        try:
            face = codec.face_from_plain(checks.mapping("face", plain), grid)
            if face.at != at:
                raise ValueRefused("a face of another frame")
            yield face
        except checks.DAMAGED as error:
            ledger.skip(f"frame {at.index} face {number}", error)


def _source(plain: dict[str, Any]) -> SourceRecord:
    width, height = checks.sequence("size_wh", plain["size_wh"])
    numerator, denominator = checks.sequence("time_base", plain["time_base"])
    n_frames = plain["n_frames"]
    return SourceRecord(
        name=codec.string("name", plain["name"]),
        fingerprint=codec.string("fingerprint", plain["fingerprint"]),
        width=checks.whole("width", width, 1, _MAX_FRAME_PX),
        height=checks.whole("height", height, 1, _MAX_FRAME_PX),
        time_base=Fraction(
            checks.whole("time_base", numerator, 1, codec.MAX_INT),
            checks.whole("time_base", denominator, 1, codec.MAX_INT),
        ),
        n_frames=None if n_frames is None else checks.whole("n_frames", n_frames, 0, codec.MAX_INT),
        settings=migrated(checks.mapping("settings", plain["settings"])),
        mixed=plain.get("mixed", False) is True,
    )


def _track_to_plain(track: Track) -> dict[str, Any]:
    return {
        "number": track.number,
        "shot": track.shot,
        "person": track.person,
        "embedding": None if track.embedding is None else track.embedding.tolist(),
        "weight": track.weight,
    }


def _track(plain: Any) -> Track:
    person, vector = plain["person"], plain["embedding"]
    return Track(
        codec.whole("number", plain["number"]),
        codec.whole("shot", plain["shot"]),
        None if person is None else codec.whole("person", person),
        None if vector is None else checks.numbers("embedding", vector, (None,)).astype(np.float32),
        codec.finite("weight", plain["weight"]),
    )
