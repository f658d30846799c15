"""Many renders in one go: one that fails stops none of the others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from understudy.provenance.verify import verify
from understudy.runs.queue.store import Queue
from understudy.runs.settings import KEY
from understudy.store.project import Project

QUICK = ("--no-score", "--frames", "0-1", "--preset", "ultrafast")


@pytest.fixture(autouse=True)
def _own_queue(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


def settings(project: Path) -> tuple[Any, dict[str, Any]]:
    """What the project remembers, and the settings of its renders by their names."""
    with Project.open(project, read_only=True) as store:
        return store.settings.get(KEY), {r.id: dict(r.settings) for r in store.renders}


def test_every_film_of_a_project(understudy, done, tmp_path):
    into = tmp_path / "made"
    into.mkdir()
    told = understudy("convert", done.project, "--all", "-o", into / "{film}.mp4", *QUICK).worked()
    assert "2 renders made" in told.out
    assert {path.name: verify(path).state for path in into.iterdir()} == {
        "a.mp4": "ours",
        "b.mp4": "ours",
    }
    understudy("convert", done.project, "--all", "-o", "one.mp4").refused("{film}", code=2)
    understudy("convert", done.project, "--all", "--source", "a").refused("--all and", code=2)


def test_one_that_fails_does_not_stop_the_others(understudy, done, tmp_path):
    before, _ = settings(done.project)
    many = tmp_path / "many.toml"
    many.write_text(
        f"""
[[render]]
output = "{tmp_path}/nowhere/x.mp4"
source = "a"

[[render]]
output = "{tmp_path}/plain.mp4"
source = "a"
[render.convert]
match_colour = "none"

[[render]]
output = "{tmp_path}/other.mp4"
source = "b"
cast = ["a"]
"""
    )
    told = understudy("convert", done.project, "--renders", many, *QUICK, "--json")
    assert told.code == 1
    events = [json.loads(line) for line in told.out.splitlines()]
    (batch,) = [e["data"] for e in events if e["code"] == "batch"]
    assert [Path(p).name for p in batch["made"]] == ["plain.mp4", "other.mp4"]
    ((name, why),) = batch["failed"]
    assert name.endswith("nowhere/x.mp4")
    assert "nowhere" in why
    assert verify(tmp_path / "plain.mp4").state == "ours"
    after, renders = settings(done.project)
    assert renders["plain"]["match_colour"] == "none"
    assert renders["other"]["match_colour"] == "skin"
    assert after == before  # what one was made with is no setting of the project's


def test_without_consent_nothing_of_a_batch_is_made(understudy, done, tmp_path):
    (done.project / "consent.toml").unlink()
    told = understudy("convert", done.project, "--all", "-o", tmp_path / "{film}.mp4", *QUICK)
    assert told.code == 3
    assert "0 renders made, 2 failed" in told.out
    assert not list(tmp_path.glob("*.mp4"))


def test_each_render_of_a_batch_is_a_job_of_its_own(understudy, done, tmp_path):
    many = tmp_path / "many.toml"
    one = f'[[render]]\noutput = "{tmp_path}/1.mp4"\nsource = "a"\n[render.convert]\ngrain = 1.0\n'
    many.write_text(f'{one}[[render]]\noutput = "{tmp_path}/2.mp4"\nsource = "b"\n')
    told = understudy("convert", done.project, "--renders", many, *QUICK, "--queue").worked()
    assert "jobs 1, 2 wait" in told.out
    with Queue() as queue:
        given = [dict(job.spec.values) for job in queue.jobs()]
    assert [Path(values["output"]).name for values in given] == ["1.mp4", "2.mp4"]
    assert [values["options"]["config"]["convert.grain"] for values in given] == [1.0, 0.0]
    assert [values["options"]["defaults"] for values in given] == [True, True]


@pytest.mark.parametrize(
    "text,words",
    [
        ("", "expected tables"),
        ("x = 1\n", "expected tables"),
        ("[[render]]\n", "render 1: say its output"),
        ("[[render]]\noutput = 3\n", "render 1: output: expected str"),
        ('[[render]]\noutput = "a.mp4"\n[render.convert]\ngrian = 1\n', "render 1.*grian"),
        ('[[render]]\noutput = "a.mp4"\n[render.convert]\noverwrite = true\n', "for one run only"),
        ('[[render]]\noutput = "a.mp4"\n[[render]]\noutput = "./a.mp4"\n', "two renders"),
        ("= =", "is no TOML"),
    ],
)
def test_a_file_that_says_no_renders_is_refused(understudy, done_place, tmp_path, text, words):
    many = tmp_path / "many.toml"
    many.write_text(text)
    told = understudy("convert", done_place.project, "--renders", many, *QUICK)
    assert told.code == 2
    assert re.search(words, " ".join(told.err.split()))
