"""A run of the queue that outlives whoever began it: a terminal, a studio."""

from __future__ import annotations

import sys
import time

import psutil

from understudy.errors import StoreError
from understudy.files import open_to_append
from understudy.runs.queue.process import detached
from understudy.runs.queue.store import MOST_DEATHS, Queue
from understudy.store.lock import holder_of

_BEGINS_WITHIN_S = 20.0


def begin(queue: Queue, *, stay: bool = False, most_deaths: int = MOST_DEATHS) -> int:
    """Start a run that goes on by itself, and wait until it has begun.

    Args:
        queue: the jobs.
        stay: wait for new jobs when all are over.
        most_deaths: so often a job may be killed before it counts as failed.

    Returns:
        The number of its process.

    Raises:
        InUse: one is at work already.
        StoreError: it did not begin; says where it is told why.
    """
    lock = queue.runner_lock()
    with lock:
        pass  # raises where a run is at work
    said = queue.folder / "runner.log"
    words = ["jobs", "run", "--most-deaths", str(most_deaths)]
    words += ["--stay"] if stay else []
    with open_to_append(said) as log:
        process = detached([sys.executable, "-P", "-m", "understudy", *words], log.fileno())
    until = time.monotonic() + _BEGINS_WITHIN_S
    # Looked at, not taken: the run that begins would find it held for a moment.
    while time.monotonic() < until and process.poll() is None and not holder_of(lock.path):
        time.sleep(0.1)
    if process.poll():
        raise StoreError(f"the queue could not be run; see {said}")
    return process.pid


def stop(queue: Queue) -> str:
    """Ask the run that is at work to stop.

    Returns:
        What was done, in words.
    """
    holder = holder_of(queue.runner_lock().path)
    if holder is None:
        return "no run is at work"
    psutil.Process(holder.pid).terminate()
    return f"asked {holder} to stop; its jobs save first"
