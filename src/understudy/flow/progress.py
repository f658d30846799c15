"""What a stage tells while it works, as events. Stages know nothing of who draws them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from understudy.errors import Cancelled
from understudy.events import Event, PictureCode, Plain, ReportCode, Sink, WarningCode, to_plain


class Task(Protocol):
    """One bar."""

    def advance(self, n: float = 1, note: str = "") -> None:
        """Say that n more units are done; `note` replaces the text behind the bar."""


class Progress(Protocol):
    """Where a stage reports, and where it learns that it is to stop."""

    def task(
        self, name: str, total: float | None, unit: str = "", done: float = 0
    ) -> AbstractContextManager[Task]:
        """Open a bar; `total` None when it is not known, `done` when resuming."""

    def say(self, message: str) -> None:
        """One line for people: a choice made and why, a place on disk."""

    def warn(self, message: str, *, code: WarningCode, **data: Plain) -> None:
        """Something that costs quality or may surprise: what, with the value, and what to do.

        Args:
            message: for people.
            code: for programs; `events.WARNINGS` says what each means.
            data: the values in the message.
        """

    def metric(self, name: str, value: float, *, step: int) -> None:
        """A number worth a curve; `events.METRICS` has the names."""

    def picture(self, code: PictureCode, path: Path, *, step: int | None = None) -> None:
        """A picture to look at was written."""

    def report(self, code: ReportCode, report: Any, text: str = "") -> None:
        """What a stage made and measured: its dataclass, and the same in words for people."""

    @property
    def cancelled(self) -> bool:
        """Whether the person asked to stop. Stages look between batches, save and leave."""


class Reporter:
    """A progress that turns all it is told into events for its sinks.

    Attributes:
        sinks: who gets the events, each in the order of the list.
    """

    def __init__(self, *sinks: Sink, asked: Callable[[], bool] | None = None) -> None:
        """Nothing is told yet.

        Args:
            sinks: who gets the events.
            asked: looks whether somebody far away wants the work to stop.
        """
        self.sinks = list(sinks)
        self._cancelled, self._asked = False, asked
        self._numbers = count(1)

    @property
    def cancelled(self) -> bool:
        """Whether the work is to save and stop; set it to ask for that."""
        return self._cancelled or (self._asked is not None and self._asked())

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        self._cancelled = value

    def emit(self, event: Event) -> None:
        """Hand an event to every sink."""
        for sink in self.sinks:
            sink(event)

    @contextmanager
    def also(self, sink: Sink) -> Iterator[None]:
        """One more sink for a while, such as a project's log while it is open."""
        self.sinks.append(sink)
        try:
            yield
        finally:
            self.sinks.remove(sink)

    @contextmanager
    def task(
        self, name: str, total: float | None, unit: str = "", done: float = 0
    ) -> Iterator[Task]:
        """Tell that it begins, each step, and that it ended, also when an error ends it."""
        task = _Task(self, next(self._numbers), done)
        about = {"name": name, "total": total, "unit": unit, "done": done}
        self.emit(Event("task", name, data={"task": task.number, **about}))
        started = time.monotonic()
        complete = False
        try:
            yield task
            complete = True
        finally:
            seconds = time.monotonic() - started
            text = f"{name}: done in {clock(seconds)}" if complete else ""
            self.emit(
                Event(
                    "done",
                    text,
                    data={
                        "task": task.number,
                        "done": task.done,
                        "seconds": round(seconds, 3),
                        "complete": complete,
                    },
                )
            )

    def say(self, message: str) -> None:
        """A remark."""
        self.emit(Event("say", message))

    def warn(self, message: str, *, code: WarningCode, **data: Plain) -> None:
        """A warning."""
        self.emit(Event("warning", message, code, "warning", data))

    def metric(self, name: str, value: float, *, step: int) -> None:
        """A point of a curve."""
        self.emit(Event("metric", code=name, data={"value": to_plain(float(value)), "step": step}))

    def picture(self, code: PictureCode, path: Path, *, step: int | None = None) -> None:
        """A picture on disk."""
        self.emit(Event("picture", code=code, data={"path": str(path), "step": step}))

    def report(self, code: ReportCode, report: Any, text: str = "") -> None:
        """A stage's report as plain data."""
        plain: Any = to_plain(report)
        self.emit(Event("report", text, code, data=plain))


class _Task:
    def __init__(self, reporter: Reporter, number: int, done: float) -> None:
        self.number, self.done = number, done
        self._reporter = reporter

    def advance(self, n: float = 1, note: str = "") -> None:
        self.done += n
        done = round(self.done, 3)
        self._reporter.emit(
            Event("advance", data={"task": self.number, "done": done, "note": note})
        )


class Silent(Reporter):
    """A progress that draws nothing, keeps every event, and can be cancelled."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        super().__init__(self.events.append)

    @property
    def said(self) -> list[str]:
        """Everything told to people, remarks and warnings."""
        return [e.text for e in self.events if e.kind in ("say", "warning")]

    @property
    def warned(self) -> list[str]:
        """The codes of the warnings."""
        return [e.code for e in self.events if e.kind == "warning"]


def stop_if_cancelled(progress: Progress, what: str) -> None:
    """Leave when the person asked to.

    Raises:
        Cancelled: with what was saved, for the last line that people read.
    """
    if progress.cancelled:
        raise Cancelled(f"stopped; {what}")


def clock(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def time_words(done: float, left: float | None, seconds: float, *, over: bool = False) -> str:
    """What a bar says of time: "1:06 left", "took 2:00", or "0:54 so far" where nothing is known.

    Args:
        done: units done since the work was begun or gone on with.
        left: units still to do, or None when it is not known how many there are.
        seconds: since the work was begun or gone on with.
        over: whether the work has ended, also when units are left.
    """
    if over or (left is not None and left <= 0):
        return f"took {clock(seconds)}"
    if left is None or done <= 0:
        return f"{clock(seconds)} so far"
    return f"{clock(left * seconds / done)} left"
