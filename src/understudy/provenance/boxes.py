"""What C2PA's hash of a film leaves out, told by our own disclosure instead.

An MP4 or QuickTime file is a row of boxes. The hash covers all of each but some kinds at the top:
the first, `ftyp`, which says what players may open the file, and boxes of free space. So these are
listed with their sizes and digests under the same signature, and whoever changes one, puts one in
or takes one out, has a film that its list does not fit.

Source: ISO/IEC 14496-12, 4.2; C2PA specification 2.2, 9.2.3 (exclusions of `c2pa.hash.bmff`).
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from understudy.errors import ValueRefused
from understudy.files import open_to_read
from understudy.words import counted

FILMS = ("video/mp4", "video/quicktime")
BOXES = "boxes"
"""Key of a film's disclosure."""
MISMATCH = "understudy.boxes.mismatch"
_LEFT_OUT = (b"ftyp", b"free", b"skip", b"mfra")
_MOST = 4096
_CHUNK = 1 << 20
_IS = {
    "ftyp": "what says which players may open it",
    "mfra": "an index of its parts",
    "free": "free space",
    "skip": "free space",
}


def boxes_of(path: Path) -> list[list[Any]]:
    """Each box that C2PA's hash leaves out, but for the credential itself: kind, bytes, SHA-256.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no row of boxes, or of too many.
    """
    with open_to_read(path) as file:
        return [
            [kind.decode("ascii"), size, _digest(file, at, size)]
            for kind, at, size in _row(file)
            if kind in _LEFT_OUT
        ]


def boxes_differ(path: Path, disclosure: Mapping[str, Any] | None) -> str:
    """What differs from the boxes that a disclosure tells of, for people; "" if nothing does.

    Films that were signed before boxes were listed are taken as they are.

    Raises:
        OSError: it cannot be read.
    """
    if disclosure is None or BOXES not in disclosure:
        return ""
    try:
        told = [(str(kind), int(size), str(digest)) for kind, size, digest in disclosure[BOXES]]
        here = [(kind, size, digest) for kind, size, digest in boxes_of(path)]
    except (ValueError, TypeError, OverflowError) as error:
        return f"its boxes do not fit its credential ({error})"
    if told == here:
        return ""
    gone, new = Counter(told) - Counter(here), Counter(here) - Counter(told)
    kinds = [kind for kind, _, _ in (*gone, *new)]
    if not kinds:
        return "its boxes were put into another order"
    # A credential may be anybody's, and say of kinds what it likes.
    kind = kinds[0] if kinds[0] in _IS else "free"
    how = "was changed" if gone and new else "was taken out" if gone else "was put in"
    return f"its box {kind!r}, {_IS[kind]}, {how}"


def _row(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and bytes of the boxes at the top."""
    end, at = file.seek(0, os.SEEK_END), 0
    for _ in range(_MOST):
        if at == end:
            return
        file.seek(at)
        head = file.read(16)
        size, kind, least = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1:
            size, least = int.from_bytes(head[8:16]), 16
        elif size == 0:  # up to the end of the file
            size = end - at
        if size < least or at + size > end:
            raise ValueRefused(f"a box at byte {at} is cut short")
        yield kind, at, size
        at += size
    raise ValueRefused(f"it holds more than {counted(_MOST, 'box', 'boxes')}")


def _digest(file: BinaryIO, at: int, size: int) -> str:
    file.seek(at)
    digest = hashlib.sha256()
    while size:
        part = file.read(min(size, _CHUNK))
        if not part:
            raise ValueRefused("it was cut while it was read")
        digest.update(part)
        size -= len(part)
    return digest.hexdigest()
