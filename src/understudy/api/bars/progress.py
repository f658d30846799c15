"""Who watches the work: a bar in a terminal or a notebook by itself, a function, or nobody."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TypeAlias, cast

from understudy.errors import ValueRefused
from understudy.events import Event, Sink
from understudy.flow import Progress, Reporter
from understudy.flow.signals import stoppable
from understudy.flow.sinks import Throttled

Watch: TypeAlias = bool | Progress | Callable[[Event], object] | None
"""True draws a bar where somebody can see it, None and False nothing; or whoever is to be told."""

_NOTEBOOK_EVERY_S = 0.2


@contextmanager
def watching(watch: Watch, *, stops: bool = True) -> Iterator[Progress]:
    """A progress for a stage, for as long as the stage works.

    Args:
        watch: what the caller asked for.
        stops: whether Ctrl-C asks the stage to save and stop, instead of breaking it off. Only
            where signals arrive at all, in the main thread.

    Raises:
        ValueRefused: it is nothing that could watch.
    """
    if hasattr(watch, "task"):
        yield cast(Progress, watch)
        return
    reporter = Reporter(*_sinks(watch))
    main = threading.current_thread() is threading.main_thread()
    with stoppable(reporter, _tell) if stops and main else nullcontext():
        yield reporter


def _sinks(watch: Watch) -> list[Sink]:
    if watch is None or watch is False:
        return []
    if watch is True:
        return [_seen_by_people()]
    if callable(watch):
        told = watch
        return [lambda event: (told(event), None)[1]]
    raise ValueRefused(
        f"progress: expected True, None, a function of one event, or a Progress, got {watch!r}"
    )


def _seen_by_people() -> Sink:
    """Bars in a notebook or a terminal; elsewhere warnings, and a line now and then."""
    from understudy.api.bars.notebook import NotebookBars, in_notebook

    if in_notebook():
        return Throttled(NotebookBars(), _NOTEBOOK_EVERY_S)
    from understudy.api.bars.terminal import Drawn

    drawn = Drawn()
    somebody_looks = drawn.console.is_terminal

    def draw(event: Event) -> None:
        if event.kind == "report" or (event.kind == "say" and not somebody_looks):
            return
        if event.kind == "done" and not somebody_looks:
            event = replace(event, text="")
        drawn(event)

    return draw


def _tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")
