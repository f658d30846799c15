"""Faceswap's alignments file `.fsa`: a deflated pickle of plain values.

Source: files of Faceswap 2.4. Frames are keyed by image name, or for a film by
`<stem>_<number from 1, 6 digits><ending>`. Older files keep the faces of a frame without a table
around them, call the landmarks `landmarksXY`, hold NumPy arrays, or lack `identity`.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import StoreError, ValueRefused
from understudy.interchange import checks, faceswap
from understudy.interchange.pickles import safe_pickle
from understudy.interchange.values import ForeignSet, Ledger
from understudy.store.atomic import commit_bytes
from understudy.types import Face
from understudy.words import counted

MAX_FILE_BYTES = 2 << 30
_MAX_INFLATED = 4 << 30
_MAX_BUDGET = 16 << 30
_MAX_FRAMES = 2_000_000
_PIECE = 1 << 20


def read_fsa(path: Path, ledger: Ledger) -> ForeignSet:
    """All faces of an `.fsa` file; those that cannot be used are told to the ledger.

    Raises:
        StoreError: missing, damaged, not such a file, too large, or naming code.
    """
    packed = checks.read_bytes(path, MAX_FILE_BYTES)
    try:
        raw = _inflate(packed)
        plain = safe_pickle.loads(raw, budget_bytes=min(_MAX_BUDGET, (64 << 20) + 64 * len(packed)))
        return from_plain(plain, ledger)
    except ValueRefused as error:
        raise StoreError(
            f"{path}: is no Faceswap alignments file that can be read ({error}); "
            "get the file again, or extract the film with `understudy extract`"
        ) from error


def from_plain(plain: Any, ledger: Ledger) -> ForeignSet:
    """Faces from the value in an alignments file of Faceswap, however it was serialised.

    Raises:
        ValueRefused: not such a value.
    """
    table = checks.mapping("file", plain)
    version, data = 1.0, table
    if "__data__" in table:
        data = checks.mapping("__data__", table["__data__"])
        version = checks.mapping("__meta__", table.get("__meta__", {})).get("version", 1.0)
    if isinstance(version, bool) or not isinstance(version, (int, float)):
        raise ValueRefused(f"version: expected a number, got {checks.kind_of(version)}")
    if version > faceswap.VERSION:
        ledger.lose(f"whatever version {version:g} knows beyond {faceswap.VERSION:g}")
    if len(data) > _MAX_FRAMES:
        raise ValueRefused(f"{counted(len(data), 'frame')}; at most {_MAX_FRAMES} are read")
    tool = f"faceswap@{version:g}"
    found = ForeignSet(tool)
    for frame, content in data.items():
        faces = content.get("faces") if isinstance(content, dict) else content
        if not isinstance(faces, (list, tuple)):
            ledger.skip(frame, f"expected a list of faces, got {checks.kind_of(faces)}")
            continue
        found.frames[frame] = []
        for number, face in enumerate(faces):
            try:
                found.add(faceswap.face_from_plain(face, frame, tool, ledger))
            except checks.DAMAGED as error:
                ledger.skip(f"{frame} face {number}", error)
    return found


def write_fsa(path: Path, frames: Iterable[tuple[str, Sequence[Face]]]) -> None:
    """Write an `.fsa` file of Faceswap 2.4 from (frame key, faces); all are held in memory.

    Raises:
        DiskFull, StoreError: it cannot be written.
    """
    data: Mapping[str, Any] = {
        key: {"faces": [faceswap.face_to_plain(f) for f in faces], "video_meta": {}}
        for key, faces in frames
    }
    plain = {"__meta__": {"version": faceswap.VERSION}, "__data__": data}
    commit_bytes(path, zlib.compress(pickle.dumps(plain, protocol=4)))


def _inflate(packed: bytes) -> bytes:
    """Inflate, but not to more than alignments shrink by."""
    limit = min(_MAX_INFLATED, (16 << 20) + 32 * len(packed))
    inflater = zlib.decompressobj()
    pieces, total, rest = [], 0, packed
    try:
        while not inflater.eof:
            piece = inflater.decompress(rest, _PIECE)
            rest = inflater.unconsumed_tail
            total += len(piece)
            if total > limit:
                raise ValueRefused(f"it unpacks to more than {limit} bytes")
            if not piece and not rest and not inflater.eof:
                raise ValueRefused("it is cut short")
            pieces.append(piece)
    except zlib.error as error:
        raise ValueRefused(f"it is not compressed as such files are: {error}") from error
    return b"".join(pieces)
