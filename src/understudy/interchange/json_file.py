"""JSON of other tools: bounded reading, telling the kinds apart, and Faceswap's own JSON.

Faceswap imports and exports `{frame: [{"detected": [l, t, r, b], "landmarks_2d": [[x, y], ...]}]}`
beside its alignments; it can also keep the alignments themselves as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import StoreError, ValueRefused
from understudy.interchange import book, checks, plain_json, values
from understudy.interchange.faceswap import fsa
from understudy.interchange.plain_json import PlainAlignments
from understudy.interchange.values import ForeignFace, ForeignSet, Ledger
from understudy.types import Face

MAX_FILE_BYTES = 1 << 30
# 200,000 faces of 70 lists and 140 numbers each; a list takes 64 bytes of memory.
_MAX_CONTAINERS = 16_000_000
_MAX_ITEMS = 64_000_000
FACESWAP = "faceswap-json@1"


def read_json(path: Path, ledger: Ledger) -> ForeignSet | PlainAlignments:
    """Faces from the book's `face_alignments.json`, JSON of Faceswap, or our own export.

    Raises:
        StoreError: missing, damaged, too large, or of none of these kinds.
    """
    plain = _load(path)
    if plain_json.is_plain(plain):
        return plain_json.from_plain(path, plain, ledger)
    try:
        return _from_plain(path, plain, ledger)
    except checks.DAMAGED as error:
        raise StoreError(
            f"{path}: is JSON, but no alignments that Understudy knows ({error}); it reads "
            "Understudy's own export, the book's face_alignments.json and Faceswap's JSON"
        ) from error


def _load(path: Path) -> Any:
    raw = checks.read_bytes(path, MAX_FILE_BYTES)
    if raw.count(b"[") + raw.count(b"{") > _MAX_CONTAINERS or raw.count(b",") > _MAX_ITEMS:
        raise StoreError(f"{path}: holds more than any alignments file does")
    try:
        return json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: is no whole JSON file ({error}); get it again") from error


def _from_plain(path: Path, plain: Any, ledger: Ledger) -> ForeignSet:
    table = checks.mapping("file", plain)
    if "__data__" in table:
        return fsa.from_plain(table, ledger)
    if any(book.is_frame(content) for content in table.values()):
        return book.from_plain(path.parent, table, ledger)
    if not any(_is_frame(content) for content in table.values()):
        raise ValueRefused("no frame with faces in it")
    found = ForeignSet(FACESWAP)
    for frame, content in table.items():
        if not isinstance(content, list):
            ledger.skip(frame, f"expected a list of faces, got {checks.kind_of(content)}")
            continue
        found.frames[frame] = []
        for number, face in enumerate(content):
            try:
                found.add(_face(frame, checks.mapping("face", face)))
            except checks.DAMAGED as error:
                ledger.skip(f"{frame} face {number}", error)
    return found


def faceswap_json(frames: Iterable[tuple[str, Sequence[Face]]]) -> Iterator[str]:
    """The pieces of a JSON file that Faceswap imports, from (frame key, faces)."""
    yield from table_json((key, [_to_plain(face) for face in faces]) for key, faces in frames)


def table_json(items: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """The pieces of one JSON table, an item a line, so that no film is held as a whole."""
    first = "{\n"
    for key, value in items:
        yield f"{first}{json.dumps(key)}: {json.dumps(value, allow_nan=False)}"
        first = ",\n"
    yield "{}\n" if first == "{\n" else "\n}\n"


def _face(frame: str, plain: dict[str, Any]) -> ForeignFace:
    if plain.get("landmarks_2d") is None:
        raise ValueRefused("a box without landmarks; extract with a detector that reads boxes")
    landmarks = values.landmarks_68(plain["landmarks_2d"])
    box = values.box_around(landmarks)
    if plain.get("detected") is not None:
        box = values.moved(checks.numbers("detected", plain["detected"], (4,)))
    made_by = {"detect": FACESWAP, "align": FACESWAP}
    return ForeignFace(frame, landmarks, box, made_by)


def _to_plain(face: Face) -> dict[str, Any]:
    box = np.rint(values.moved(face.box_xyxy, -values.HALF)).astype(int)
    landmarks = values.moved(face.alignment.landmarks, -values.HALF)
    return {"detected": box.tolist(), "landmarks_2d": landmarks.tolist()}


def _is_frame(content: Any) -> bool:
    return isinstance(content, list) and any(
        isinstance(face, dict) and ("landmarks_2d" in face or "detected" in face)
        for face in content
    )


def _refuse(name: str) -> float:
    raise ValueRefused(f"expected finite numbers, got {name}")
