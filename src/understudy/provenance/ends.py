"""How long each audit log was when this installation last wrote it, kept beside its key.

A hash chain tells what was changed in it, not what was cut off at its end. So the number of lines
and the last hash are kept out of the project, in two small files a log.

One is by the place where it lies: what is shorter there was cut. The other is by the log's first
line alone, which goes along with a project that is moved or copied: one that is shorter than what
this installation wrote elsewhere may be cut, or an honest copy of another day, and nobody can tell
which. So it is taken, it goes on with a line that says so, and the day does not go back.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import UnderstudyError
from understudy.files import make_folder, read_json
from understudy.store.atomic import commit_bytes
from understudy.store.home import home

_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class End:
    """How a log ended when it was last written.

    Attributes:
        first: hash of its first line.
        lines: how many it had.
        head: hash of its last line.
        at: the latest time in it, ISO 8601, or "".
    """

    first: str
    lines: int
    head: str
    at: str

    def within(self, hashes: Sequence[str]) -> bool:
        """Whether a log with these hashes holds all that was written."""
        return len(hashes) >= self.lines and hashes[self.lines - 1] == self.head


def keep_end(log: Path, hashes: Sequence[str], at: str) -> None:
    """Write down how a log ends now; a home that cannot be written is no reason to lose a line.

    Args:
        log: where it lies.
        hashes: of all its lines.
        at: the latest time in it.
    """
    end = {"first": hashes[0], "lines": len(hashes), "head": hashes[-1], "at": at}
    with suppress(OSError, UnderstudyError):
        _keep(_by_place(log), {"log": os.path.realpath(log), **end})
        known = known_end(hashes[0])
        if known is not None and known.lines > len(hashes):  # a copy, which goes on for itself
            end |= {"lines": known.lines, "head": known.head, "at": max(known.at, at)}
        _keep(_by_first(hashes[0]), end)


def end_missing(log: Path, hashes: Sequence[str]) -> str:
    """What is missing at the end of a log where it was written, for people; "" for nothing.

    Args:
        log: where it lies.
        hashes: of all its lines.
    """
    end = _read(_by_place(log))
    if end is None or not hashes or hashes[0] != end.first or end.within(hashes):
        return ""
    if len(hashes) < end.lines:
        return f"has {len(hashes)} of the {end.lines} lines that were written: its end was cut off"
    return f"ends otherwise than it was written, from line {end.lines} or before"


def strayed(log: Path, hashes: Sequence[str]) -> int:
    """How many lines were written elsewhere of a log that is not known here, and lacks some.

    Args:
        log: where it lies.
        hashes: of all its lines.

    Returns:
        That number; 0 where nothing is known to be missing.
    """
    here, known = _read(_by_place(log)), known_end(hashes[0])
    if known is None or known.within(hashes) or (here is not None and here.first == hashes[0]):
        return 0
    return known.lines


def known_end(first: str) -> End | None:
    """The furthest that this installation wrote a log, wherever it lay.

    Args:
        first: hash of its first line.
    """
    end = _read(_by_first(first))
    return end if end is not None and end.first == first else None


def _read(path: Path) -> End | None:
    try:
        plain = read_json(path, _MAX_BYTES, 16)
        lines = int(plain["lines"])
        end = End(str(plain["first"]), lines, str(plain["head"]), str(plain.get("at", "")))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return end if lines > 0 else None


def _keep(path: Path, plain: dict[str, object]) -> None:
    make_folder(path.parent, mode=0o700)
    commit_bytes(path, json.dumps(plain).encode("ascii"), mode=0o600, durable=False)


def _by_place(log: Path) -> Path:
    place = os.fsencode(os.path.realpath(log))
    return home() / "logs" / f"{hashlib.sha256(place).hexdigest()[:32]}.json"


def _by_first(first: str) -> Path:
    return home() / "chains" / f"{hashlib.sha256(first.encode()).hexdigest()[:32]}.json"
