"""The film or folder of images that an alignments file belongs to, and its row in the file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from understudy.errors import ValueRefused
from understudy.files import parse_json
from understudy.geometry import Space
from understudy.store import codec
from understudy.store.alignments.settings import migrated
from understudy.types import Face
from understudy.types.frame import frame_space


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """The film that an alignments file belongs to, and how its faces were found.

    Attributes:
        name: file or folder name, for people.
        fingerprint: tells the film from another of the same name.
        width, height: of the upright frames, pixels; of `mixed` ones the largest.
        time_base: seconds per unit of pts.
        n_frames: as the container says, or None when it does not.
        settings: how each step was done, as plain data; see `store.alignments.settings`.
        mixed: whether its pictures are of several sizes.
    """

    name: str
    fingerprint: str
    width: int
    height: int
    time_base: Fraction
    n_frames: int | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    mixed: bool = False

    @property
    def frame(self) -> Space:
        """Grid of its frames, or of the largest one."""
        return frame_space(self.width, self.height)

    def frame_of(self, width: Any, height: Any) -> Space:
        """Grid of one frame, whose size is only kept where it may differ.

        Raises:
            ValueRefused: not such a size.
        """
        if width is None or height is None:
            return self.frame
        size = codec.whole("width", width), codec.whole("height", height)
        if not self.mixed or size[0] > self.width or size[1] > self.height:
            raise ValueRefused(f"frame: expected at most {self.frame}, got {size}")
        return frame_space(*size)

    def grid_of(self, faces: Sequence[Face]) -> Space:
        """Grid of the frame in which faces were found; `pack_faces` checks that it is theirs."""
        if not self.mixed or not faces:
            return self.frame
        return self.frame_of(*faces[0].alignment.unit_from_frame.src.size_wh)

    def setting(self, name: str, default: Any) -> Any:
        """One of the extraction's own settings; `default` where it is not known."""
        return self.settings.get("extract", {}).get(name, default)

    def step(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """How a plug-in was set when it made what is in the file; None where nobody knows."""
        known: Mapping[str, Any] | None = self.settings.get(kind, {}).get(name)
        return known


def insert_source(db: sqlite3.Connection, source: SourceRecord) -> None:
    """Insert the one row of `source`."""
    row = (
        1,
        source.name.encode("utf-8", "replace").decode(),  # names on disk need not be Unicode
        source.fingerprint,
        source.width,
        source.height,
        source.time_base.numerator,
        source.time_base.denominator,
        source.n_frames,
        json.dumps(dict(source.settings)),
        0,
        int(source.mixed),
    )
    db.execute("INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def select_source(db: sqlite3.Connection) -> SourceRecord:
    """The one row of `source`.

    Raises:
        ValueRefused, TypeError: not such a row.
    """
    (row,) = db.execute(
        "SELECT name, fingerprint, width, height, time_base_numerator, time_base_denominator, "
        "n_frames, settings_json, mixed FROM source LIMIT 2"
    ).fetchall()
    name, fingerprint, width, height, numerator, denominator, n_frames, settings, mixed = row
    if codec.whole("time base", denominator) < 1 or codec.whole("time base", numerator) < 1:
        raise ValueRefused(f"time base: expected positive numbers, got {numerator}/{denominator}")
    return SourceRecord(
        codec.string("name", name),
        codec.string("fingerprint", fingerprint),
        codec.whole("width", width),
        codec.whole("height", height),
        Fraction(numerator, denominator),
        None if n_frames is None else codec.whole("n_frames", n_frames),
        migrated(dict(codec.mapping("settings", parse_json(settings)))),
        bool(codec.whole("mixed", mixed)),
    )


def update_settings(db: sqlite3.Connection, settings: Mapping[str, Any]) -> None:
    """Replace how each step was done."""
    db.execute("UPDATE source SET settings_json = ?", (json.dumps(dict(settings)),))
