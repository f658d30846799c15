"""Keeping the priority that a process was given.

SVT-AV1, where it may (as root, so in most containers), makes its threads and the one that opened
it real-time threads of the highest priority. A conversion would then starve the whole machine, and
everything that the process does afterwards as well. FFmpeg has no option against it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_THREADS = Path("/proc/self/task")


@contextmanager
def kept_scheduling() -> Iterator[Callable[[], None]]:
    """Gives a function that puts all threads of the process back to their own scheduling.

    It is called at the end by itself. Threads that began meanwhile get that of the caller. Where
    the system is not Linux nothing is done.
    """
    if sys.platform != "linux":
        yield lambda: None
        return
    mine = _of(0)
    before = {thread: _of(thread) for thread in _threads()}

    def put_back() -> None:
        for thread in _threads():
            wanted = before.get(thread, mine)
            # a thread may end between the two looks
            with suppress(ProcessLookupError):
                if _of(thread) != wanted:
                    os.sched_setscheduler(thread, wanted[0], os.sched_param(wanted[1]))

    try:
        yield put_back
    finally:
        put_back()


def _threads() -> list[int]:
    try:
        return [int(path.name) for path in _THREADS.iterdir()]
    except OSError:  # no /proc: the calling thread at least
        return [0]


def _of(thread: int) -> tuple[int, int]:
    return os.sched_getscheduler(thread), os.sched_getparam(thread).sched_priority
