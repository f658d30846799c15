"""Running the queue in this terminal, or behind."""

from __future__ import annotations

import sys

from understudy.cli.say import echo
from understudy.flow import JsonLines, Reporter
from understudy.flow.signals import stoppable
from understudy.runs.queue import behind
from understudy.runs.queue.runner import Runner
from understudy.runs.queue.store import Queue


def run_here(stay: bool, most_deaths: int, as_json: bool) -> None:
    """Carry out the queue until nothing waits.

    Raises:
        InUse: another process does so already.
        Cancelled: after Ctrl-C; the jobs have saved.
    """
    from understudy.cli.report import result
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
        pid = behind.begin(queue, stay=stay, most_deaths=most_deaths)
    echo(f"the queue runs behind, as process {pid}; see: understudy jobs list")


def stop_behind() -> str:
    """Ask the run that is at work to stop.

    Returns:
        What was done, in words.
    """
    with Queue() as queue:
        return behind.stop(queue)
