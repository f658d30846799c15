"""The sink that keeps a job's events in the queue."""

from __future__ import annotations

import time
from typing import Any

from understudy.events import Event
from understudy.flow.progress import clock
from understudy.runs.queue.job import Job, State
from understudy.runs.queue.store import Queue

WRITE_EVERY_S = 1.0
"""Events of so many seconds share a transaction, since each waits for the disk."""


class JobLog:
    """Keeps what a job tells, and hears whether it is to stop."""

    def __init__(self, job: Job, queue: Queue) -> None:
        self._job, self._queue = job, queue
        self._waiting: list[Event] = []
        self._last: Event | None = None
        self._bar: dict[str, Any] = {}
        self._started_s = self._wrote_s = time.monotonic()
        self._asked = False
        self._progress = ""

    def __call__(self, event: Event) -> None:
        """Take an event; a result is held until `end`, which writes it with the job's state."""
        if event.kind == "result":
            self._last = event
            return
        self._waiting.append(event)
        self._draw(event)
        if event.kind in ("task", "warning") or self._is_time():
            self.flush()

    def asked(self) -> bool:
        """Whether somebody asked the job to stop; looks at most once a second."""
        if not self._asked and self._is_time():
            self.flush()
        return self._asked

    def flush(self) -> None:
        """Write what is not written yet."""
        self._wrote_s = time.monotonic()
        events, self._waiting = self._waiting, []
        self._asked = self._queue.tell(self._job, events, self._progress)

    def end(self, state: State, last: Event | None = None) -> None:
        """Write the rest, and how the job ended, in one transaction each."""
        self.flush()
        last = last or self._last
        if last is None:
            raise ValueError("a job without a result or an error cannot have ended")
        self._queue.end(self._job, state, last)

    def _is_time(self) -> bool:
        return time.monotonic() - self._wrote_s >= WRITE_EVERY_S

    def _draw(self, event: Event) -> None:
        """The newest bar in words, for lists of jobs."""
        if event.kind == "task":
            self._bar = {**event.data, "first": event.data["done"], "note": ""}
            self._started_s = time.monotonic()
        elif event.kind == "advance" and event.data["task"] == self._bar.get("task"):
            self._bar |= {k: v for k, v in event.data.items() if v != ""}
        else:
            return
        done, total = self._bar["done"], self._bar["total"]
        words = f"{self._bar['name']}: {done:.0f}"
        if total:
            words += f" of {total:.0f} {self._bar['unit']} ({100 * done / total:.0f} %)"
            rate = (done - self._bar["first"]) / max(time.monotonic() - self._started_s, 1e-6)
            if rate > 0 and done < total:
                words += f", {clock((total - done) / rate)} left"
        self._progress = words
