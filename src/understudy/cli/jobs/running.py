"""Running the queue in this terminal, or behind."""

from __future__ import annotations

import sys
import time

import psutil

from understudy.cli.say import echo
from understudy.errors import InUse, StoreError
from understudy.files import open_to_append
from understudy.flow import JsonLines, Reporter
from understudy.flow.signals import stoppable
from understudy.runs.queue.process import detached
from understudy.runs.queue.runner import Runner
from understudy.runs.queue.store import Queue
from understudy.store.lock import WriterLock, holder_of

_BEGINS_WITHIN_S = 20.0


def run_here(stay: bool, most_deaths: int, as_json: bool) -> None:
    """Carry out the queue until nothing waits.

    Raises:
        InUse: another process does so already.
        Cancelled: after Ctrl-C; the jobs have saved.
    """
    from understudy.cli.jobs.table import result
    from understudy.cli.show import Terminal

    if as_json:
        progress: Reporter = Reporter(JsonLines(sys.stdout))
    else:
        progress = Terminal()
    with Queue() as queue, stoppable(progress, lambda words: echo(words, err=True)):
        Runner(queue, progress, stay=stay, most_deaths=most_deaths).run()
    if as_json:
        progress.emit(result("jobs run"))


def begin_behind(stay: bool, most_deaths: int) -> None:
    """Start a run that outlives this terminal, and wait until it has begun.

    Raises:
        InUse: one is at work already.
        StoreError: it did not begin; says what it said.
    """
    with Queue() as queue:
        lock = queue.runner_lock()
        with lock:
            pass  # raises where a run is at work
        said = queue.folder / "runner.log"
        words = ["jobs", "run", "--most-deaths", str(most_deaths)]
        words += ["--stay"] if stay else []
        with open_to_append(said) as log:
            process = detached([sys.executable, "-P", "-m", "understudy", *words], log.fileno())
        until = time.monotonic() + _BEGINS_WITHIN_S
        while time.monotonic() < until and process.poll() is None and not _held(lock):
            time.sleep(0.1)
        if process.poll():
            raise StoreError(f"the queue could not be run; see {said}")
    echo(f"the queue runs behind, as process {process.pid}; see: understudy jobs list")


def stop_behind() -> str:
    """Ask the run that is at work to stop.

    Returns:
        What was done, in words.
    """
    with Queue() as queue:
        holder = holder_of(queue.runner_lock().path)
        if holder is None:
            return "no run is at work"
        psutil.Process(holder.pid).terminate()
    return f"asked {holder} to stop; its jobs save first"


def _held(lock: WriterLock) -> bool:
    try:
        with lock:
            return False
    except InUse:
        return True
