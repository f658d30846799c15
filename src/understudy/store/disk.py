"""Which disk a path lies on and how much room it has: people can only make room where it lacks.

A project, an output and the user's own folder often lie on three disks, and the name of a file
that could not be written does not say which of them is full.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from understudy.errors import DiskFull

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(error: OSError) -> bool:
    """Whether a write failed for want of room: the disk's, a quota's, or a limit's."""
    return error.errno in _FULL


def need_free(folder: Path, n_bytes: int) -> None:
    """Refuse to begin what will not fit.

    Args:
        folder: where it is to be written; it need not exist yet.
        n_bytes: how much is needed.

    Raises:
        DiskFull: says how much is needed, how much is free, and on which disk.
    """
    free = free_bytes(folder)
    if free < n_bytes:
        raise DiskFull(
            f"{folder}: {_size(n_bytes)} are needed, {_size(free)} are free on the disk at "
            f"{mount_of(folder)}; free some space there, or choose another disk, and run again; "
            "what was done before is kept"
        )


def free_bytes(folder: Path) -> int:
    """How much room the disk of a folder has, which need not exist yet."""
    return shutil.disk_usage(_there(folder)).free


def mount_of(path: Path) -> Path:
    """Where the disk that holds a file or folder, which need not exist yet, is mounted."""
    there = Path(os.path.realpath(_there(path)))
    while there != there.parent and not os.path.ismount(there):
        there = there.parent
    return there


def room_at(path: Path) -> str:
    """The disk that holds a file, and its room, for messages about one that is full."""
    words = "on its disk"
    with suppress(OSError):
        words = f"on the disk at {mount_of(path)}, with {_size(free_bytes(path))} free"
    return words


def _there(folder: Path) -> Path:
    """The nearest folder that exists."""
    there = Path(folder).absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    return there


def _size(n_bytes: int) -> str:
    if n_bytes >= 1 << 30:
        return f"{n_bytes / (1 << 30):.1f} GiB"
    return f"{n_bytes / (1 << 20):.1f} MiB"
