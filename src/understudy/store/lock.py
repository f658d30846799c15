"""One writer at a time, each resource with a lock of its own; readers need none.

The system's file lock is the truth, since the system lets go of it when a process dies however it
dies. The note beside it only tells people who holds it. Both lie beside what they are about, never
in it, so that a folder can be moved aside by who may write it; they go when the lock goes.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import warnings
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

import filelock

from understudy.errors import InUse, StoreError
from understudy.files import open_to_read, parse_json, refuse_way_out, remove_file
from understudy.store.atomic import explain
from understudy.store.processes import process_lives, process_mark, program_name

_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}
_NOTE_BYTES = 4096
_ONCE_MORE_S = 0.2
"""Somebody who lets go removes the lock file; who had it open already must try once more."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        pid: number of the process.
        start: of the process, see `processes.process_mark`.
        host: name of its machine.
        program: such as "understudy train".
        since: when it took the lock, ISO 8601 in local time.
    """

    pid: int
    start: int
    host: str
    program: str
    since: str

    def __str__(self) -> str:
        """For people."""
        there = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{there} ({self.program}, since {self.since[:16]})"


class WriterLock:
    """The right to write a file or a folder; a context manager.

    Held from `acquire` to `release`, or to the death of the process. Not for a second time within
    one process: two writers are two writers, also in two threads.
    """

    def __init__(self, path: Path, what: str, wait_s: float = 0.0) -> None:
        """Nothing is locked yet.

        Args:
            path: a file or folder, which need not be there; the folder it lies in is.
            what: for messages, such as "alignments file".
            wait_s: how long to wait for another writer, seconds.
        """
        self.path, self.what = Path(path), what
        self._wait_s = wait_s
        self._lock: filelock.BaseFileLock | None = None

    def acquire(self) -> WriterLock:
        """Take the lock.

        Raises:
            InUse: somebody holds it; says who, and since when.
            StoreError, DiskFull: the lock file cannot be written.
        """
        place = lock_path(self.path)
        _refuse_links(place)
        try:
            place.parent.stat()  # filelock would make the folder
            self._lock = self._taken(filelock.FileLock, place)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise explain(error, place) from error
            # A file system without locks: a file that is there or not has to do.
            soft = place.with_suffix(".softlock")
            self._lock = self._taken(filelock.SoftFileLock, soft)
        mark = process_mark()
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        holder = Holder(*mark, socket.gethostname(), program_name(), now)
        with suppress(OSError):  # people are told less; the lock holds all the same
            # Written anew, so that a link or a second name that lies there is left as it is.
            remove_file(_note(self.path))
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(_note(self.path), flags, 0o666), "wb") as note:
                note.write(json.dumps(asdict(holder)).encode())
        return self

    def release(self) -> None:
        """Let go; harmless when done twice."""
        if self._lock is not None:
            for own in (_note(self.path), lock_path(self.path)):
                with suppress(OSError):
                    own.unlink()
            self._lock.release()
            self._lock = None

    def __enter__(self) -> WriterLock:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _taken(self, kind: type[filelock.BaseFileLock], place: Path) -> filelock.BaseFileLock:
        wait_s = max(self._wait_s, _ONCE_MORE_S)
        lock = kind(place, timeout=wait_s, thread_local=False, fallback_to_soft=False)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                lock.acquire()
        except filelock.Timeout:
            holder = holder_of(self.path)
            who = "another process" if holder is None else str(holder)
            raise InUse(
                f"{self.path}: {who} is writing this {self.what}; wait for it, or stop it, then "
                f"run again"
            ) from None
        return lock


def _refuse_links(place: Path) -> None:
    """Locks are opened to be written, and must not be somebody's file by another name."""
    refuse_way_out(place)
    for path in (place, place.with_suffix(".softlock")):
        try:
            found = path.lstat()
        except OSError:
            continue
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise StoreError(
                f"{path}: is a link, has a second name, or is no regular file, so it is no lock "
                "of ours; move it away, then run again"
            )


def lock_path(path: Path) -> Path:
    """Where the lock of a file or folder lies: beside it, whatever name it was reached by."""
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.lock")


def holder_of(path: Path) -> Holder | None:
    """Who says it is writing this; None where nobody does, or the process is dead."""
    try:
        with open_to_read(_note(path)) as file:
            plain = parse_json(file.read(_NOTE_BYTES))
        holder = Holder(
            int(plain["pid"]),
            int(plain["start"]),
            str(plain["host"])[:64],
            str(plain["program"])[:64],
            str(plain["since"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    here = holder.host == socket.gethostname()
    return None if here and not process_lives(holder.pid, holder.start) else holder


def _note(path: Path) -> Path:
    return lock_path(path).with_suffix(".holder")
