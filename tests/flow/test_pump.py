from __future__ import annotations

import threading
import time

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
