"""What was declared, converted and refused in a project, as a hash chain.

An output is three lines at most: "converting" before it is signed, whose hash is the head that the
output names, then "converted" once it has its name, or "failed". A run that was killed in between
leaves "converting" alone, which is true: it began, and what became of it nobody wrote down.

Each line names the hash of the line before, and the head goes into every output's disclosure, so
that rewriting the history after a release can be noticed. Where it ended is kept beside the key of
the installation that wrote it, so that a cut end is noticed too (`ends`). It is a record among
honest people, not a lock: who owns the folder can begin a new one.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from understudy.errors import StoreError, ValueRefused
from understudy.files import parse_json, read_file
from understudy.provenance.ends import end_missing, keep_end, known_end, strayed
from understudy.store.atomic import commit_bytes
from understudy.store.lock import WriterLock

Event = Literal[
    "declared",
    "shows",
    "revoked",
    "forgotten",
    "converting",
    "converted",
    "failed",
    "refused",
    "continued",
]
GENESIS = "0" * 64
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    Attributes:
        number: from 1.
        at: ISO 8601 in UTC.
        event: what happened.
        facts: plain data about it.
        previous: hash of the line before, `GENESIS` for the first.
        hash: of everything above.
    """

    number: int
    at: str
    event: str
    facts: dict[str, Any]
    previous: str
    hash: str


_TURN_S = 20.0
_FIRST_YEAR, _LAST_YEAR = 1970, 9999


class AuditLog:
    """The log of one project, on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def head(self) -> str:
        """Hash of the last line.

        Raises:
            StoreError: the chain is broken.
        """
        entries = self.entries()
        return entries[-1].hash if entries else GENESIS

    def today(self) -> date:
        """The day by the clock, or that of the latest line where the clock is set back.

        A consent that has ended does not come back with a clock that goes backwards, nor with lines
        that were cut off.

        Raises:
            StoreError: the chain is broken.
        """
        entries = self.entries()
        now = datetime.now(UTC)
        known = known_end(entries[0].hash) if entries else None
        said = [e.at for e in entries] + ([known.at] if known is not None else [])
        last = max(map(_time, said), default=now)
        return max(last, now).astimezone().date()

    def check(self) -> None:
        """Refuse now what would refuse a line later: a chain that is broken, a log out of reach.

        Raises:
            StoreError: as `append`.
        """
        with WriterLock(self.path, "audit log", wait_s=_TURN_S):
            self.entries()
            if not os.access(self.path.parent, os.W_OK):
                raise StoreError(f"{self.path}: its folder may not be written; change its rights")

    def append(self, event: Event, **facts: Any) -> str:
        """Add a line, on disk when this returns; the new head.

        Raises:
            StoreError: the chain is broken, or cannot be written.
            DiskFull: no room; the log is as it was.
        """
        with WriterLock(self.path, "audit log", wait_s=_TURN_S):
            return self._append(event, facts)

    def _append(self, event: Event, facts: dict[str, Any]) -> str:
        entries = self.entries()
        new: list[tuple[Event, dict[str, Any]]] = [(event, facts)]
        if entries and (known := strayed(self.path, [e.hash for e in entries])):
            new.insert(0, ("continued", {"lines": len(entries), "known_elsewhere": known}))
        # Rewritten whole: a log has few lines, and so never ends in half a one.
        data = read_file(self.path, _MAX_BYTES) if entries else b""
        for what, told in new:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            previous = entries[-1].hash if entries else GENESIS
            body = (len(entries) + 1, at, what, told, previous)
            entries.append(Entry(*body, _hash(list(body))))
            data += json.dumps(asdict(entries[-1])).encode("ascii") + b"\n"
        commit_bytes(self.path, data)
        latest = max(_time(e.at) for e in entries).isoformat(timespec="seconds")
        keep_end(self.path, [e.hash for e in entries], latest)
        return entries[-1].hash

    def entries(self) -> list[Entry]:
        """All lines, each checked against the one before.

        Raises:
            StoreError: names the first line that was changed, removed or added by another hand, or
                says how many are missing at the end.
        """
        try:
            lines = read_file(self.path, _MAX_BYTES).splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(
                f"{self.path}: cannot be read ({error.strerror}); check its permissions"
            ) from error
        entries: list[Entry] = []
        for number, line in enumerate(lines, 1):
            previous = entries[-1].hash if entries else GENESIS
            try:
                entries.append(_entry(number, line, previous))
            except (ValueError, TypeError, RecursionError) as error:
                raise StoreError(
                    f"{self.path}: line {number} is not what was written ({error}); put an "
                    "untouched copy back, or move it away to begin a new log"
                ) from error
        if missing := end_missing(self.path, [e.hash for e in entries]):
            raise StoreError(
                f"{self.path}: {missing}; put an untouched copy back, or move it away to begin a "
                "new log"
            )
        return entries


_KEYS = ("number", "at", "event", "facts", "previous", "hash")


def _entry(number: int, line: bytes, previous: str) -> Entry:
    plain = parse_json(line)
    if not isinstance(plain, dict) or tuple(plain) != _KEYS:
        raise ValueRefused(f"expected the keys {', '.join(_KEYS)}")
    # A hash that fits proves no hand: whoever makes a line can make its hash too.
    types = (int, str, str, dict, str, str)
    for (key, value), expected in zip(plain.items(), types, strict=True):
        if type(value) is not expected:
            raise ValueRefused(f"{key}: expected {expected.__name__}, got {value!r:.40}")
    *body, digest = plain.values()
    if plain["number"] != number or plain["previous"] != previous:
        raise ValueRefused("it does not follow the line before")
    if digest != _hash(body):
        raise ValueRefused("its hash does not fit")
    return Entry(**plain)


def _time(at: str) -> datetime:
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    if not _FIRST_YEAR <= time.year < _LAST_YEAR:  # at its ends the calendar has no other zones
        return datetime.fromtimestamp(0, UTC)
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _hash(body: list[Any]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
