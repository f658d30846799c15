"""Marks by which a process is known again: temporaries and locks of the dead are taken over.

A number alone is not enough, since systems give numbers of dead processes to new ones; a mark holds
the start as well, which no two processes of one number share.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

import psutil


def process_mark() -> tuple[int, int]:
    """(pid, start) of this process; see `process_lives`."""
    pid = os.getpid()
    return pid, _own_start(pid)


def process_lives(pid: int, start: int) -> bool:
    """Whether the process of this mark still runs; when in doubt, it does.

    Args:
        pid: its number.
        start: from its `process_mark`; 0 where that was not known, then the number has to do.
    """
    try:
        now = _start_of(pid)
    except (psutil.NoSuchProcess, OverflowError, ValueError):
        return False
    return not (start and now) or start == now


def program_name() -> str:
    """What this process is, as a person would type it: "understudy train"."""
    path = Path(sys.argv[0] if sys.argv else "")
    name = path.parent.name if path.stem == "__main__" else path.stem
    verb = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].isidentifier() else ""
    return f"{name} {verb}".strip() or "python"


@lru_cache(maxsize=1)
def _own_start(pid: int) -> int:
    return _start_of(pid)


def _start_of(pid: int) -> int:
    """Start of a process in hundredths of a second, or 0 where the system does not tell.

    Raises:
        psutil.NoSuchProcess: there is none, or it is dead and only waits to be collected.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            raise psutil.NoSuchProcess(pid)
        started = process.create_time()
        if psutil.LINUX:
            # Both move when somebody sets the clock (psutil 7.1 on); the time since boot does not.
            started -= psutil.boot_time()
    except psutil.AccessDenied:
        return 0
    return round(100 * started)
