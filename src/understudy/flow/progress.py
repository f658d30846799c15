"""What a stage tells while it works. Stages know nothing of who draws it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from understudy.errors import Cancelled


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
        """One line for people: a choice made and why, a warning, a place on disk."""

    @property
    def cancelled(self) -> bool:
        """Whether the person asked to stop. Stages look between batches, save and leave."""


class Silent:
    """A progress that draws nothing, keeps what was said, and can be cancelled."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.cancelled = False

    @contextmanager
    def task(
        self, name: str, total: float | None, unit: str = "", done: float = 0
    ) -> Iterator[Task]:
        """A bar that nobody sees."""
        yield _Nothing()

    def say(self, message: str) -> None:
        """Remember the message."""
        self.said.append(message)


class _Nothing:
    def advance(self, n: float = 1, note: str = "") -> None:
        pass


def stop_if_cancelled(progress: Progress, what: str) -> None:
    """Leave when the person asked to.

    Raises:
        Cancelled: with what was saved, for the last line that people read.
    """
    if progress.cancelled:
        raise Cancelled(f"stopped; {what}")
