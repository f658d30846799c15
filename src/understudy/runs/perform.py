"""Carrying out a job in this process, the same way for whoever asks."""

from __future__ import annotations

import time

from understudy.events import Event
from understudy.flow import Reporter
from understudy.runs.binding import bind
from understudy.runs.spec import JobSpec
from understudy.runs.verbs import verb_of


def check(spec: JobSpec) -> None:
    """Refuse a job whose verb or values nobody could carry out.

    Raises:
        ValueRefused: names the value and what is expected.
    """
    bind(verb_of(spec.verb).load(), spec.values)


def perform(spec: JobSpec, progress: Reporter) -> int:
    """Do the work in the current folder; the last event of success is its result.

    Returns:
        The exit code: 0, or what the verb says, as `verify` does of a file that is not signed.

    Raises:
        UnderstudyError: what the verb raises; the caller tells it, as an `error` event.
    """
    started = time.monotonic()
    function = verb_of(spec.verb).load()
    exit_code = function(**bind(function, spec.values), progress=progress) or 0
    seconds = round(time.monotonic() - started, 3)
    progress.emit(
        Event(
            "result",
            code="done",
            data={"verb": spec.verb, "exit_code": exit_code, "seconds": seconds},
        )
    )
    return exit_code
