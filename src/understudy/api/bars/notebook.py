"""Bars in a notebook: HTML that is replaced in place, so that no widget package is needed."""

from __future__ import annotations

import html
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from understudy.events import Event
from understudy.events.words import printable
from understudy.flow.progress import time_words


class Shown(Protocol):
    """Something that a notebook shows and can show otherwise."""

    def update(self, text: str) -> None:
        """Show this HTML instead."""


Show = Callable[[str], Shown]


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel; IPython in a terminal is none."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def display(text: str) -> Shown:
    """Show HTML below the running cell."""
    shown: Any = importlib.import_module("IPython.display")
    handle = shown.display(shown.HTML(text), display_id=True)

    class _Handle:
        def update(self, text: str) -> None:
            handle.update(shown.HTML(text))

    return _Handle()


class NotebookBars:
    """Draws tasks as bars and warnings as lines; remarks are left to logs."""

    def __init__(self, show: Show = display) -> None:
        self._show = show
        self._bars: dict[Any, _Bar] = {}

    def __call__(self, event: Event) -> None:
        """Draw one event."""
        if event.kind == "warning":
            self._show(f"<p><b>warning:</b> {html.escape(event.shown)}</p>")
        elif event.kind == "task":
            self._bars[event.data["task"]] = _Bar(event, self._show)
        elif event.kind == "advance":
            self._bars[event.data["task"]].advance(event)
        elif event.kind == "done":
            self._bars.pop(event.data["task"]).close(event)


class _Bar:
    def __init__(self, event: Event, show: Show) -> None:
        data: Any = event.data
        self._name, self._unit, self._total = event.shown, data["unit"], data["total"]
        self._first = self._done = float(data["done"])
        self._note = ""
        self._started = time.monotonic()
        self._shown = show(self._html())

    def advance(self, event: Event) -> None:
        data: Any = event.data
        self._done, self._note = float(data["done"]), printable(data["note"]) or self._note
        self._shown.update(self._html())

    def close(self, event: Event) -> None:
        words = event.shown or f"{self._name}: stopped at {self._done:.0f} {self._unit}"
        self._shown.update(f"<p>{html.escape(words)}</p>")

    def _html(self) -> str:
        done, left = f"{self._done:.0f}", None
        bar = "<progress></progress>"
        if self._total:
            done += f" of {self._total:.0f}"
            bar = f'<progress value="{self._done:.3f}" max="{self._total:.3f}"></progress>'
            left = self._total - self._done
        at = time_words(self._done - self._first, left, time.monotonic() - self._started)
        note = f" <small>{html.escape(self._note)}</small>" if self._note else ""
        name = html.escape(self._name)
        return f"<div>{name} {bar} {done} {html.escape(self._unit)}, {at}{note}</div>"
