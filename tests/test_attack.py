"""The attack of `benchmarks/attack` sees what it looks for, and does the same again when asked."""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from understudy.errors import StoreError, UnderstudyError

PLACE = Path(__file__).parents[1] / "benchmarks" / "attack"


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch):
    """A module of the program, which is no package."""

    def loaded(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(os.fspath(PLACE))
        return importlib.import_module(name)

    return loaded


def _work(number: int) -> str:
    if number == 1:
        raise StoreError("no file of ours")
    if number == 2:
        raise TypeError("a fault")
    if number == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 4:
        time.sleep(60)
    if number == 5:
        subprocess.run([sys.executable, "-c", ""], check=False)
    return "read"


def test_every_end_is_told_and_the_rest_goes_on(part, monkeypatch) -> None:
    children = part("children")
    monkeypatch.setattr(children, "QUIET_S", 2.0)
    became = list(children.each(_work, 7))
    assert [b.number for b in became] == list(range(7))
    assert [b.how for b in became] == [
        *("fine", "refused", "crash", "crash", "hang", "crash", "fine"),
    ]
    assert "TypeError: a fault" in became[2].words and "signal 11" in became[3].words
    assert "brought about" in became[5].words


def test_a_mutant_is_the_same_again(part) -> None:
    mutants = part("mutants")
    whole = bytes(range(256)) * 8
    plain = {"a": [1, {"b": None}], "c": "x"}

    def made(seed: str) -> tuple[bytes, str]:
        rng = random.Random(seed)  # noqa: S311
        return mutants.mutated(whole, rng), json.dumps(mutants.other_values(plain, rng))

    found = {made(f"1/films/{n}") for n in range(50)}
    assert found == {made(f"1/films/{n}") for n in range(50)}
    assert len(found) == 50 and all(data != whole for data, _ in found)


def test_the_counts_are_those_that_are_published(part) -> None:
    mutants, other = part("mutants"), part("other")
    told = (PLACE.parents[1] / "docs" / "reliability.md").read_text("utf-8")
    rows = {**mutants.COUNTS, "bits": other.BITS, "kills": other.KILLS}
    for count in (*rows.values(), sum(mutants.COUNTS.values())):
        assert f"{count:,}" in told


@pytest.mark.parametrize("kind", ["queues", "tables", "trials"])
def test_what_came_later_is_read_or_refused(part, tmp_path, monkeypatch, kind: str) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", os.fspath(tmp_path / "home"))
    newer = part("newer")
    work = newer.work_of(kind, None, tmp_path / kind, 3)
    became = Counter[str]()
    for number in range(24):
        try:
            work(number)
            became["read"] += 1
        except UnderstudyError:
            became["refused"] += 1
    assert became["read"] + became["refused"] == 24 and became["read"]
