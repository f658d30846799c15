"""Ctrl-C, SIGTERM and a lost terminal as a wish to stop.

The first lets work save, the second ends it at once; but losing a terminal is told twice as often
as not, by the system and by the shell, and nobody is there to have meant the second.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from understudy.flow.progress import Reporter


@contextmanager
def stoppable(reporter: Reporter, tell: Callable[[str], object]) -> Iterator[None]:
    """While this lasts, a signal asks the work to save and stop.

    Args:
        reporter: its `cancelled` is set.
        tell: shows a line, which may reach nobody, to whoever sent the signal.

    Raises:
        KeyboardInterrupt: at the second signal, wherever the work is.
    """
    hangup = getattr(signal, "SIGHUP", None)

    def asked(signum: int, frame: Any) -> None:
        if reporter.cancelled and signum == hangup:
            return
        if reporter.cancelled:
            tell("stopped at once")
            raise KeyboardInterrupt
        reporter.cancelled = True
        tell("stopping: saving first (press Ctrl-C again to stop at once)")

    wishes = [signal.SIGINT, signal.SIGTERM]
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:  # as under nohup
        wishes.append(hangup)
    with _handled(wishes, asked):
        yield


@contextmanager
def asking() -> Iterator[None]:
    """While this lasts, somebody is asked: a wish to stop ends that at once.

    Nothing is at work that would save, and whoever waits for an answer would never look up.

    Raises:
        KeyboardInterrupt: at the first SIGINT or SIGTERM.
    """

    def ended(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    with _handled((signal.SIGINT, signal.SIGTERM), ended):
        yield


@contextmanager
def _handled(signals: Iterable[int], handler: Callable[[int, Any], object]) -> Iterator[None]:
    """While this lasts, a function answers these signals; then whatever did before."""
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
