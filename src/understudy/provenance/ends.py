"""How long each audit log was when this installation last wrote it, kept beside its key.

A hash chain tells what was changed in it, not what was cut off at its end. So the number of lines
and the last hash are kept out of the project, one small file a log, by the place where it lies and
its first line: a project that was moved or begun anew starts without.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from understudy.errors import UnderstudyError
from understudy.files import make_folder, read_json
from understudy.store.atomic import commit_bytes
from understudy.store.home import home

_MAX_BYTES = 4096


def keep_end(log: Path, hashes: Sequence[str]) -> None:
    """Write down how a log ends now; a home that cannot be written is no reason to lose a line.

    Args:
        log: where it lies.
        hashes: of all its lines.
    """
    path = _path(log)
    plain = {"log": os.path.realpath(log), "first": hashes[0], "lines": len(hashes)}
    data = json.dumps({**plain, "head": hashes[-1]}).encode("ascii")
    with suppress(OSError, UnderstudyError):
        make_folder(path.parent, mode=0o700)
        commit_bytes(path, data, mode=0o600, durable=False)


def end_missing(log: Path, hashes: Sequence[str]) -> str:
    """What is missing at a log's end, for people; "" where nothing is known to be.

    Args:
        log: where it lies.
        hashes: of all its lines.
    """
    try:
        plain = read_json(_path(log), _MAX_BYTES, 16)
        first, lines, head = str(plain["first"]), int(plain["lines"]), str(plain["head"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return ""
    if not hashes or hashes[0] != first or lines < 1:
        return ""
    if len(hashes) < lines:
        return f"has {len(hashes)} of the {lines} lines that were written: its end was cut off"
    if hashes[lines - 1] != head:
        return f"ends otherwise than it was written, from line {lines} or before"
    return ""


def _path(log: Path) -> Path:
    place = os.fsencode(os.path.realpath(log))
    return home() / "logs" / f"{hashlib.sha256(place).hexdigest()[:32]}.json"
