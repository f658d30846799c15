"""Ctrl-C and SIGTERM as a wish to stop: the first lets work save, the second ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from understudy.flow.progress import Reporter


@contextmanager
def stoppable(reporter: Reporter, tell: Callable[[str], object]) -> Iterator[None]:
    """While this lasts, a signal asks the work to save and stop.

    Args:
        reporter: its `cancelled` is set.
        tell: shows a line to whoever sent the signal.

    Raises:
        KeyboardInterrupt: at the second signal, wherever the work is.
    """

    def asked(signum: int, frame: Any) -> None:
        if reporter.cancelled:
            tell("stopped at once; finished batches, checkpoints and segments are kept")
            raise KeyboardInterrupt
        reporter.cancelled = True
        tell("stopping: saving first (press Ctrl-C again to stop at once)")

    before = {s: signal.signal(s, asked) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
