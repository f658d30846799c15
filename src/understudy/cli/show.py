"""Events drawn in a terminal, Ctrl-C that saves, and errors without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from understudy.api.bars.terminal import Drawn
from understudy.cli import loud
from understudy.flow.progress import Reporter
from understudy.flow.signals import stoppable
from understudy.flow.sinks import Quiet, TextLog


class Terminal(Reporter):
    """A progress drawn in a terminal, and kept in a project's log where there is one."""

    def __init__(self, log: Path | None = None) -> None:
        self.drawn = Drawn(verbose=loud.is_verbose())
        seen = Quiet(self.drawn) if loud.is_quiet() else self.drawn
        super().__init__(seen, *([] if log is None else [TextLog(log)]))


@contextmanager
def session(log: Path | None = None) -> Iterator[Terminal]:
    """A terminal whose first Ctrl-C asks stages to save and stop; the second stops at once."""
    terminal = Terminal(log)
    with stoppable(terminal, terminal.drawn.console.print):
        yield terminal
