"""Bounded work ahead: memory does not grow with the film's length.

Both helpers keep order, pass errors on to the consumer, and end their threads and close their
source when the consumer leaves early.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")

_LISTEN_EVERY_S = 0.5


def ahead(items: Iterable[T], depth: int = 8) -> Generator[T, None, None]:
    """Run an iterator in a thread, at most `depth` items ahead of the consumer."""
    waiting: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(max(1, depth))
    stop = threading.Event()

    def put(item: T | None, error: BaseException | None = None, last: bool = False) -> bool:
        while not stop.is_set():
            try:
                waiting.put((item, error, last), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        try:
            with _closed(items) as source:
                for item in source:
                    if not put(item):
                        return
            put(None, last=True)
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, who raises it
            put(None, error)

    thread = threading.Thread(target=produce, name="understudy-ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                # With a limit, so that Ctrl-C is heard where a bare wait would not let it through.
                item, error, last = waiting.get(timeout=_LISTEN_EVERY_S)
            except queue.Empty:
                if thread.is_alive() or not waiting.empty():
                    continue
                raise RuntimeError("the thread that works ahead is gone without a word") from None
            if error is not None:
                raise error
            if last:
                return
            yield cast(T, item)
    finally:
        stop.set()
        thread.join()


def mapped(
    function: Callable[[T], R], items: Iterable[T], workers: int, depth: int | None = None
) -> Generator[R, None, None]:
    """`map` over threads, in order, with at most `depth` results outstanding."""
    if workers < 2:
        with _closed(items) as source:
            yield from map(function, source)
        return
    limit = depth or 2 * workers
    pending: deque[Future[R]] = deque()
    with (
        _closed(items) as source,
        ThreadPoolExecutor(workers, thread_name_prefix="understudy") as pool,
    ):
        try:
            for item in source:
                pending.append(pool.submit(function, item))
                if len(pending) >= limit:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


@contextmanager
def _closed(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """An iterator over items that is closed afterwards, at once and not when it is forgotten.

    A traceback that somebody keeps would keep a generator, and with it threads and open files.
    """
    source = iter(items)
    try:
        yield source
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()
