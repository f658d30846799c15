"""Processes of jobs: begun so that they outlive us, stopped so that they save."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from understudy.runs.queue.job import Job
from understudy.runs.queue.store import Queue
from understudy.store.processes import process_lives

LOOK_EVERY_S = 0.1


def cancel(queue: Queue, number: int, grace_s: float) -> Job:
    """Cancel a job; one that runs has so many seconds to save, then it is killed.

    Raises:
        ValueRefused: there is no such job, or it is over.
    """
    job = queue.cancel(number)
    if job.state != "running":
        return job
    signal_process(job)
    until = time.monotonic() + grace_s
    while job.state == "running":
        late = time.monotonic() > until
        if late:
            signal_process(job, kill=True)
        time.sleep(LOOK_EVERY_S)
        queue.settle()
        job = queue.job(number)
    return job


def signal_process(job: Job, *, kill: bool = False) -> None:
    """Ask a job's process to save and stop, or kill it with all that it started.

    Where there are no signals (Windows), asking is left to the queue, which the process watches.
    """
    if not process_lives(job.pid, job.start):
        return
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(job.pid)
        if not kill:
            if os.name != "nt":
                process.terminate()
            return
        for one in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                one.kill()


def detached(
    command: Sequence[str], errors: int, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A process that outlives this one and its terminal.

    Args:
        command: what to run.
        errors: descriptor that its stderr goes to.
        env: added to this process's environment.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env={**os.environ, **(env or {})},
        cwd=Path.home() if Path.home().is_dir() else None,
        start_new_session=os.name != "nt",
        creationflags=flags,
    )
