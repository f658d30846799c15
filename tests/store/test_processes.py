"""Marks of processes: the dead, the zombies, and another process with the number of a dead one."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from understudy.store.processes import process_lives, process_mark, program_name


def test_a_number_that_was_given_to_another_process_is_not_the_old_one() -> None:
    pid, start = process_mark()
    assert pid == os.getpid() and start > 0
    assert process_lives(pid, start)
    assert not process_lives(pid, start + 1)
    assert process_lives(pid, 0)


def test_the_dead_are_known_also_before_they_are_collected() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = round(100 * (psutil.Process(child.pid).create_time() - psutil.boot_time()))
    assert process_lives(child.pid, start if psutil.LINUX else 0)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not collected
    assert not process_lives(child.pid, 0)
    child.communicate()
    assert not process_lives(child.pid, 0)
    assert not process_lives(999999999, 1)
    assert not process_lives(10**30, 1)


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere starts do not move with the clock")
def test_setting_the_clock_changes_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    pid, start = process_mark()
    real = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: real + 3600.0)
    assert psutil.boot_time() == real + 3600
    assert process_lives(pid, start)


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["/usr/bin/understudy", "train", "p"], "understudy train"),
        (["/x/understudy/__main__.py", "--help"], "understudy"),
        ([""], "python"),
        (["/x/script.py", "a b"], "script"),
    ],
)
def test_programs_are_called_as_people_type_them(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], name: str
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    assert program_name() == name
