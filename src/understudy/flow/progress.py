"""What a stage tells while it works. Stages know nothing of who draws it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from understudy.errors import Cancelled
from understudy.events import Plain, WarningCode


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

    @property
    def cancelled(self) -> bool:
        """Whether the person asked to stop. Stages look between batches, save and leave."""


class Silent:
    """A progress that draws nothing and can be cancelled.

    Attributes:
        said: everything told, remarks and warnings.
        warned: the codes of the warnings among it.
    """

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[WarningCode] = []
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

    def warn(self, message: str, *, code: WarningCode, **data: Plain) -> None:
        """Remember the message and its code."""
        self.said.append(message)
        self.warned.append(code)


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
