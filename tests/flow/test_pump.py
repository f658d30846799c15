from __future__ import annotations

import faulthandler
import threading
import time
from contextlib import contextmanager

import pytest

from understudy.flow import ahead, mapped


def test_ahead_keeps_order_and_is_bounded():
    made = []

    def source():
        for i in range(50):
            made.append(i)
            yield i

    got = []
    for item in ahead(source(), depth=3):
        got.append(item)
        assert len(made) <= len(got) + 5
    assert got == list(range(50))


def test_ahead_passes_errors_on_and_ends_its_thread():
    def source():
        yield 1
        raise KeyError("decoder broke")

    work = ahead(source())
    assert next(work) == 1
    with pytest.raises(KeyError, match="decoder broke"):
        next(work)
    assert not [t for t in threading.enumerate() if t.name == "understudy-ahead"]


def test_leaving_early_closes_the_source():
    closed = threading.Event()

    def source():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    work = ahead(source(), depth=2)
    next(work)
    work.close()
    assert closed.wait(2)


def test_mapped_keeps_order_and_raises():
    def slow(i):
        time.sleep(0.002 * (5 - i % 5))
        if i == 33:
            raise ValueError("thirty-three")
        return i * i

    assert list(mapped(slow, range(30), workers=4)) == [i * i for i in range(30)]
    with pytest.raises(ValueError, match="thirty-three"):
        list(mapped(slow, range(40), workers=4))


class Broken:
    """What cannot even be begun, such as a film whose file went away."""

    def __iter__(self):
        raise OSError("no such film")


def test_a_source_that_cannot_be_begun_is_an_error_and_no_wait_for_ever():
    with within(5), pytest.raises(OSError, match="no such film"):
        list(ahead(Broken()))
    with within(5), pytest.raises(OSError, match="no such film"):
        list(mapped(str, Broken(), workers=2))


def test_a_source_that_fails_to_close_is_an_error_of_the_consumer():
    class Stubborn:
        def __init__(self) -> None:
            self.left = 2

        def __iter__(self):
            return self

        def __next__(self):
            self.left -= 1
            if self.left < 0:
                raise StopIteration
            return self.left

        def close(self):
            raise OSError("disk went away")

    with within(5), pytest.raises(OSError, match="disk went away"):
        list(ahead(Stubborn()))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_ends_a_worker_reaches_the_consumer(error):
    def source():
        yield 1
        raise error

    def work(i):
        if i == 3:
            raise error
        return i

    with within(5), pytest.raises(error):
        list(ahead(source()))
    with within(5), pytest.raises(error):
        list(mapped(work, range(9), workers=2))
    assert not threads()


@pytest.mark.parametrize("workers", [1, 2])
def test_leaving_mapped_closes_its_source_though_the_traceback_is_kept(workers):
    closed = threading.Event()

    def source():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    def fails(i):
        raise ValueError("kept")

    kept = source()  # as the frames of a traceback keep it
    with pytest.raises(ValueError, match="kept"):
        list(mapped(fails, kept, workers))
    assert closed.is_set()
    inner = ahead(source())
    outer = mapped(abs, inner, workers)
    next(outer)
    with within(5):
        outer.close()
    assert not threads()


@contextmanager
def within(seconds: float):
    """The whole run is stopped when the block hangs: a thread cannot be."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("understudy")]
