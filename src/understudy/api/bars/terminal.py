"""Events drawn in a terminal: bars and remarks, or lines where there is no terminal."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import TaskID

from understudy.api.bars.console import console
from understudy.api.bars.line import Bars
from understudy.events import Event
from understudy.events.words import printable
from understudy.flow.progress import time_words

_LINE_EVERY_S = 15.0


class Drawn:
    """Draws events: bars and remarks on stderr, reports on stdout.

    Where stderr is no terminal, a bar becomes a line every 15 seconds.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        """Nothing is drawn yet.

        Args:
            verbose: say the time of each line, the codes of warnings, the pictures that are
                written and the scores while it learns.
        """
        self._verbose = verbose
        self.console = console(stderr=True)
        self._bars = _Bars(self)
        self._lines: dict[Any, _Lines] = {}

    def __call__(self, event: Event) -> None:
        """Draw one event."""
        if event.kind in ("task", "advance", "done"):
            self._work(event)
        if event.kind in ("say", "done") and event.text:
            self._line("[dim]·[/]", event.shown)
        elif event.kind == "warning":
            code = f" ({event.code})" if self._verbose and event.code else ""
            self._line("[bold yellow]warning:[/]", event.shown + code)
        elif event.kind == "report" and event.text:
            console(markup=False, soft_wrap=True).print(event.shown)
        elif self._verbose:
            self._more(event)

    def _line(self, mark: str, words: str) -> None:
        at = f"[dim]{time.strftime('%H:%M:%S')}[/] " if self._verbose else ""
        self.console.print(f"{at}{mark} {escape(words)}", soft_wrap=True)

    def _more(self, event: Event) -> None:
        """What is only said to who asked for more."""
        data: Any = event.data
        if event.kind == "picture":
            self._line("[dim]·[/]", f"{event.code}: {printable(str(data['path']))}")
        elif event.kind == "metric" and event.code.endswith("/combined"):
            self._line("[dim]·[/]", f"{event.code} {data['value']} at {data['step']}")

    def _work(self, event: Event) -> None:
        number = event.data["task"]
        if self.console.is_terminal:
            self._bars(event)
        elif event.kind == "task":
            self._lines[number] = _Lines(self.console, event)
        elif event.kind == "advance":
            self._lines[number].advance(event)
        else:
            self._lines.pop(number).close()


class _Bars:
    """Bars with count, share, time gone and time left; they vanish when they end."""

    def __init__(self, drawn: Drawn) -> None:
        self._drawn = drawn
        self._open: dict[Any, TaskID] = {}
        self._progress: Bars | None = None

    def __call__(self, event: Event) -> None:
        data: Any = event.data
        number = data["task"]
        if event.kind == "task":
            if self._progress is None:
                console = self._drawn.console
                self._progress = Bars(console=console, transient=True)
                self._progress.start()
            done, unit = int(data["done"]), data["unit"]
            self._open[number] = self._progress.add_task(
                event.shown, total=data["total"], completed=done, note="", unit=unit
            )
        elif self._progress is not None and event.kind == "advance":
            note: Any = {"note": printable(data["note"])} if data["note"] else {}
            self._progress.update(self._open[number], completed=data["done"], **note)
        elif self._progress is not None:
            self._progress.remove_task(self._open.pop(number))
            if not self._open:
                self._progress.stop()
                self._progress = None


class _Lines:
    """A bar for places that are not a terminal: now and then a line with the time left."""

    def __init__(self, console: Console, event: Event) -> None:
        data: Any = event.data
        self._console, self._name = console, event.shown
        self._total, self._unit = data["total"], data["unit"]
        self._first = self._done = data["done"]
        self._started = self._last = time.monotonic()
        self._note = ""

    def advance(self, event: Event) -> None:
        data: Any = event.data
        self._done = data["done"]
        self._note = printable(data["note"]) or self._note
        now = time.monotonic()
        if now - self._last >= _LINE_EVERY_S:
            self._last = now
            self._print(now)

    def close(self) -> None:
        if self._last != self._started:
            self._print(time.monotonic(), over=True)

    def _print(self, now: float, *, over: bool = False) -> None:
        done = f"{self._done:.0f}" + (f" of {self._total:.0f}" if self._total else "")
        at = time_words(self._done - self._first, self._left, now - self._started, over=over)
        note = f" ({self._note})" if self._note else ""
        line = f"  {self._name}: {done} {self._unit}, {at}{note}"
        self._console.print(line, markup=False, soft_wrap=True)

    @property
    def _left(self) -> float | None:
        return self._total - self._done if self._total else None
