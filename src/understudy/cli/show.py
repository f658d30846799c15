"""Progress bars with time left, Ctrl-C that saves, and errors without a traceback."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from understudy.events import Plain, WarningCode

_LINE_EVERY_S = 15.0


class Terminal:
    """A `flow.Progress` drawn in a terminal; in a log file, a line every 15 seconds."""

    def __init__(self, log: Path | None = None) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.cancelled = False
        self.log = log

    def say(self, message: str) -> None:
        """Print one line above the bars, and keep it in the project's log."""
        self.console.print(f"[dim]·[/] {escape(message)}", soft_wrap=True)
        self._keep(message)

    def warn(self, message: str, *, code: WarningCode, **data: Plain) -> None:
        """Print one line above the bars that stands out, and keep it in the project's log."""
        self.console.print(f"[bold yellow]warning:[/] {escape(message)}", soft_wrap=True)
        self._keep(f"warning ({code}): {message}")

    def _keep(self, message: str) -> None:
        if self.log is not None:
            # A log that cannot be written, as on a full disk, must not stop the work itself.
            with suppress(OSError), self.log.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}\n")

    @contextmanager
    def task(
        self, name: str, total: float | None, unit: str = "", done: float = 0
    ) -> Iterator[Any]:
        """Open a bar with count, share, time gone and time left."""
        started = time.monotonic()
        if not self.console.is_terminal:
            lines = _Lines(self.console, name, total, unit, done)
            yield lines
            lines.close()
        else:
            with Progress(*_columns(unit), console=self.console, transient=True) as bars:
                task = bars.add_task(name, total=total, completed=int(done), note="")
                yield _Bar(bars, task)
        self.say(f"{name}: done in {_clock(time.monotonic() - started)}")


class _Bar:
    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def advance(self, n: float = 1, note: str = "") -> None:
        self._bars.update(self._task, advance=n, note=note)


class _Lines:
    """A bar for places that are not a terminal: now and then a line with the time left."""

    def __init__(
        self, console: Console, name: str, total: float | None, unit: str, done: float
    ) -> None:
        self._console, self._name, self._total, self._unit = console, name, total, unit
        self._first = self._done = done
        self._started = self._last = time.monotonic()
        self._note = ""

    def advance(self, n: float = 1, note: str = "") -> None:
        self._done += n
        self._note = note or self._note
        now = time.monotonic()
        if now - self._last >= _LINE_EVERY_S:
            self._last = now
            self._print(now)

    def close(self) -> None:
        if self._last != self._started:
            self._print(time.monotonic())

    def _print(self, now: float) -> None:
        done = f"{self._done:.0f}"
        left = ""
        if self._total:
            done += f" of {self._total:.0f}"
            rate = (self._done - self._first) / max(now - self._started, 1e-6)
            if rate > 0:
                left = f", {_clock(max(0.0, self._total - self._done) / rate)} left"
        note = f" ({self._note})" if self._note else ""
        line = f"  {self._name}: {done} {self._unit}{left}{note}"
        self._console.print(line, markup=False, soft_wrap=True)


@contextmanager
def session(log: Path | None = None) -> Iterator[Terminal]:
    """A terminal whose first Ctrl-C asks stages to save and stop; the second stops at once."""
    terminal = Terminal(log)

    def asked(signum: int, frame: Any) -> None:
        if terminal.cancelled:
            terminal.console.print(
                "stopped at once; finished batches, checkpoints and segments are kept"
            )
            raise KeyboardInterrupt
        terminal.cancelled = True
        terminal.console.print("stopping: saving first (press Ctrl-C again to stop at once)")

    before = signal.signal(signal.SIGINT, asked)
    before_term = signal.signal(signal.SIGTERM, asked)
    try:
        yield terminal
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, before_term)


def _columns(unit: str) -> list[ProgressColumn]:
    return [
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    ]


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
