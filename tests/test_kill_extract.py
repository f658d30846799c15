"""Fifty SIGKILLs while extracting: nothing is torn, little is done again, the end is the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RUNNER = Path(__file__).with_name("kill_extract.py")


@pytest.fixture(scope="module")
def story(people, film, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("kill-extract")
    there_and_back = [*people.a, *people.a[-2:0:-1]]
    film(folder / "film.mp4", [*there_and_back * 6, *[people.nobody] * 7, *people.b])
    done = subprocess.run(
        [sys.executable, os.fspath(RUNNER), os.fspath(folder), "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_fifty_kills_struck_while_frames_were_worked_on(story):
    assert len(story["kills"]) >= 50
    assert sum(kill["rows"] > 0 for kill in story["kills"]) >= 25


def test_no_kill_tore_the_file(story):
    assert {kill["integrity"] for kill in story["kills"]} <= {"ok", "none"}


def test_a_kill_costs_at_most_64_frames(story):
    assert max(kill["read"] - kill["rows"] for kill in story["kills"]) <= 64


def test_every_end_is_that_of_an_extraction_never_killed(story):
    assert story["ends"] and all(story["ends"])
