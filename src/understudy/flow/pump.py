"""Bounded work ahead: memory does not grow with the film's length.

Both helpers keep order, pass errors on to the consumer, and end their threads when the consumer
leaves early.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")


def ahead(items: Iterable[T], depth: int = 8) -> Iterator[T]:
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
        source = iter(items)
        try:
            for item in source:
                if not put(item):
                    break
            else:
                put(None, last=True)
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, who raises it
            put(None, error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=produce, name="understudy-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error, last = waiting.get()
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
) -> Iterator[R]:
    """`map` over threads, in order, with at most `depth` results outstanding."""
    if workers < 2:
        yield from map(function, items)
        return
    limit = depth or 2 * workers
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="understudy") as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) >= limit:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
