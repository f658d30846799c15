"""Work beside the caller's: one at a time, errors come through, nobody leaves before it ends."""

from __future__ import annotations

import threading

import pytest

from understudy.errors import DiskFull
from understudy.flow import Beside


def test_it_runs_beside_and_gives_its_result_once():
    gate = threading.Event()
    with Beside[int]() as beside:
        beside.start(lambda: gate.wait(10) and 7)
        assert not beside.done
        gate.set()
        assert beside.result() == 7
        assert beside.result() is None and not beside.done


def test_a_second_one_waits_for_the_first():
    running, most = [0], [0]

    def work() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        threading.Event().wait(0.02)
        running[0] -= 1

    with Beside[None]() as beside:
        for _ in range(5):
            beside.start(work)
    assert most == [1] and running == [0]


def _full() -> None:
    raise DiskFull("no room")


@pytest.mark.parametrize("how", ["result", "start", "leaving"])
def test_an_error_comes_through(how):
    with pytest.raises(DiskFull, match="no room"), Beside[None]() as beside:
        beside.start(_full)
        if how == "result":
            beside.result()
        elif how == "start":
            beside.start(lambda: None)


def test_leaving_by_an_error_waits_for_the_work():
    done = threading.Event()

    def work() -> None:
        threading.Event().wait(0.05)
        done.set()

    with pytest.raises(KeyboardInterrupt), Beside[None]() as beside:
        beside.start(work)
        raise KeyboardInterrupt
    assert done.is_set()
