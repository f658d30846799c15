"""SIGKILL at random moments: the job goes on, and its end is that of a job never killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RUNNER = Path(__file__).with_name("kill_runner.py")


@pytest.fixture(scope="module")
def story(people, film, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `kill_runner.py` tells of jobs that were killed, and of one that was not."""
    folder = tmp_path_factory.mktemp("kill")
    film(folder / "a.mp4", list(people.a[:12]))
    film(folder / "b.mp4", list(people.b[:9]))
    done = subprocess.run(
        # kills while a training is scored are struck in stages/train/test_scored.py
        [sys.executable, os.fspath(RUNNER), os.fspath(folder), "1", "out.mp4", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_twenty_kills_struck_and_every_stage_was_among_them(story):
    struck = [kill["struck"] for kill in story["kills"]]
    assert len(struck) >= 20
    for stage in ("extract", "train", "convert"):
        assert struck.count(stage) >= 4, struck


def test_nothing_with_its_final_name_was_ever_torn(story):
    for kill in story["kills"]:
        assert kill["torn"] == [], kill


def test_every_job_ended_as_the_one_that_was_never_killed(story):
    assert story["want"]["step"] == 24
    assert len(story["want"]["frames"]) == 12
    assert len(story["want"]["pictures"]) == 21
    assert len(story["lives"]) >= 3
    for life in story["lives"]:
        assert life["left_over"] == [], life
        assert life["verdict"] == "ours"
        assert all(v for k, v in life.items() if k != "left_over"), life
