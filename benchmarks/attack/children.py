"""Work that may crash or hang is done in forked children; what became of each piece is told."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from understudy.errors import UnderstudyError

QUIET_S = 180.0
"""So long a child may say nothing about one piece; machines may be busy."""
CPU_S = 40
MEMORY_BYTES = 12 << 30
"""Of address space, which libraries reserve far more of than they use."""
_FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen")
_FORBIDDEN += ("socket.connect", "socket.bind", "pty.spawn")


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one piece of work.

    Attributes:
        number: which one.
        how: "fine", "refused", "crash" or "hang".
        words: what was said.
        peak_bytes: most memory of the child so far.
    """

    number: int
    how: str
    words: str
    peak_bytes: int = 0


def each(work: Callable[[int], str], count: int, first: int = 0) -> Iterator[Became]:
    """Do pieces `first` to `count`, a child for as many as go well.

    Args:
        work: does one, and says what came of it; `UnderstudyError` is a clear refusal.
        count: how many there are.
        first: where to begin.
    """
    at = first
    while at < count:
        pid, pipe = _forked(work, at, count)
        for became in _heard(pid, pipe, at):
            at = became.number + 1
            yield became


def _forked(work: Callable[[int], str], first: int, count: int) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        _bounded()
        for number in range(first, count):
            signal.setitimer(signal.ITIMER_PROF, CPU_S)
            how, words = _done(work, number)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            line = json.dumps([number, how, words[-400:], peak])
            os.write(writing, f"{line}\n".encode())
    finally:
        os._exit(0)


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.disable()  # how a child ended is told by its parent
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.addaudithook(_refuse_to_run)


def _refuse_to_run(event: str, _: Any) -> None:
    """What a file of a stranger must never bring about."""
    if event in _FORBIDDEN:
        raise RuntimeError(f"a file brought about {event}")


def _done(work: Callable[[int], str], number: int) -> tuple[str, str]:
    try:
        return "fine", work(number)
    except UnderstudyError as error:
        return "refused", str(error)
    except BaseException:  # noqa: BLE001 - any of them is what is looked for
        return "crash", traceback.format_exc()


def _heard(pid: int, pipe: int, first: int) -> Iterator[Became]:
    """What a child tells, and how it ended where that was its fault."""
    due, said, ended = first, b"", ""
    heard_s = time.monotonic()
    while not ended:
        if not select.select([pipe], [], [], max(0.0, heard_s + QUIET_S - time.monotonic()))[0]:
            os.kill(pid, signal.SIGKILL)
            ended = "hang"
            continue
        data = os.read(pipe, 1 << 16)
        ended = "" if data else "end"
        *lines, said = (said + data).split(b"\n")
        for line in lines:
            became = Became(*json.loads(line))
            due, heard_s = became.number + 1, time.monotonic()
            yield became
    with contextlib.suppress(OSError):
        os.close(pipe)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        hung = ended == "hang" or os.WTERMSIG(status) == signal.SIGPROF
        how = "hang" if hung else "crash"
        yield Became(due, how, f"signal {os.WTERMSIG(status)}")
