"""Where events go beside a terminal: lines of JSON, and the log of a project."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from understudy.errors import StoreError
from understudy.events import Event, Sink
from understudy.files import open_to_append

OFTEN = ("advance", "metric")
"""Kinds that come many times a second."""


class Throttled:
    """Passes on the newest of what comes often, at most so often for each task and metric.

    What is held back when a task, or all of the work, ends is passed on first, so that the last
    state is never lost; all other events pass at once.
    """

    def __init__(self, sink: Sink, every_s: float = 1.0) -> None:
        self._sink, self._every_s = sink, every_s
        self._last_s: dict[str, float] = {}
        self._held: dict[str, Event] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind not in OFTEN:
            if event.kind in ("done", "result", "error"):
                for held in self._held.values():
                    self._sink(held)
                self._held.clear()
            self._sink(event)
            return
        key = event.code or str(event.data.get("task"))
        now = time.monotonic()
        if now - self._last_s.get(key, -self._every_s) < self._every_s:
            self._held[key] = event
            return
        self._last_s[key] = now
        self._held.pop(key, None)
        self._sink(event)


ASKED_FOR = ("warning", "report", "result", "error")
"""Kinds that are no bar and no remark."""


class Quiet:
    """Passes on what was asked for, warnings and errors; bars, remarks and curves are left out."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind in ASKED_FOR:
            self._sink(event)


class JsonLines:
    """Writes each event as one line and flushes it, so that whoever reads is never behind."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self._stream.write(event.to_json() + "\n")
        self._stream.flush()


class TextLog:
    """Appends what people read, with its time, to a project's log."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        """Take an event; those without text are passed over."""
        if not event.text or event.kind == "task":
            return
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time_s))
        mark = f"{event.level} ({event.code}): " if event.level != "info" else ""
        # A log that cannot be written, as on a full disk, must not stop the work itself.
        # Nor may one that is a link, which would have us write into another file.
        with suppress(OSError, StoreError), open_to_append(self._path) as file:
            file.write("".join(f"{at} {mark}{x}\n" for x in event.shown.split("\n")).encode())
