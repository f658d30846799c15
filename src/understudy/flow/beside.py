"""One piece of work beside the caller's, such as writing what was just computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

R = TypeVar("R")


class Beside(Generic[R]):
    """Runs one function at a time in a thread; a context manager that waits for it at the end.

    What it holds in memory is therefore bounded: whoever starts a second one waits for the first.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="understudy-beside")
        self._work: Future[R] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait; the work's own error comes through unless there is one already."""
        self._pool.shutdown(wait=True)
        if error is None:
            self.result()

    @property
    def done(self) -> bool:
        """Whether work that was started has ended and its result was not taken yet."""
        return self._work is not None and self._work.done()

    def start(self, work: Callable[[], R]) -> None:
        """Begin, as soon as what was begun before has ended.

        Raises:
            Whatever the work before raised, if its result was not taken.
        """
        self.result()
        self._work = self._pool.submit(work)

    def result(self) -> R | None:
        """Wait for what was started last; None where its result was taken already.

        Raises:
            Whatever the work raised.
        """
        work, self._work = self._work, None
        return None if work is None else work.result()
