"""One process at a time in a folder.

The system's file lock is the truth, since the system releases it when a process dies however it
dies; the file's text only tells people who holds it. Where a file system has no locks, the text
has to do: the lock of a process that no longer lives is taken over.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from understudy.errors import StoreError
from understudy.store.atomic import process_lives, process_mark

_HELD = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}


class FolderLock:
    """Held from construction to `release`, or to the death of the process."""

    NAME = ".lock"

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            StoreError: another process, or this one, holds it; names the pid.
            OSError: the lock file cannot be written.
        """
        self._path = folder / self.NAME
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._take(folder)
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, b"%d %d\n" % process_mark())
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Let go; harmless when done twice."""
        if self._descriptor >= 0:
            # The file stays: removing it would let two processes lock two files of one name.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1

    def _take(self, folder: Path) -> None:
        try:
            _lock(self._descriptor)
        except OSError as error:
            holder = self._holder()
            if error.errno in _HELD or (holder is not None and process_lives(*holder)):
                who = "another process" if holder is None else f"process {holder[0]}"
                raise StoreError(
                    f"{folder}: {who} is working on it; wait for it, or stop it, then run again"
                ) from error

    def _holder(self) -> tuple[int, int] | None:
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            pid, start = os.read(self._descriptor, 64).split()
            return int(pid), int(start)
        except ValueError:
            return None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # Far behind the text, which others must be able to read.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
