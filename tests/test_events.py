"""Events: codes are listed with their meaning, and every sink gets the same stream."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from understudy import errors
from understudy.cli.show import Terminal
from understudy.errors import Cancelled, NoFaces, ValueRefused
from understudy.events import (
    ERRORS,
    KINDS,
    PICTURES,
    REPORTS,
    WARNINGS,
    Event,
    Kind,
    PictureCode,
    ReportCode,
    WarningCode,
    error_code,
    to_plain,
)
from understudy.events.reference import brought_up
from understudy.flow import JsonLines, Reporter, Silent, Throttled

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "events.md"


@pytest.mark.parametrize(
    ("codes", "meanings"),
    [(WarningCode, WARNINGS), (PictureCode, PICTURES), (ReportCode, REPORTS), (Kind, KINDS)],
)
def test_every_code_has_a_meaning(codes, meanings):
    assert list(get_args(codes)) == list(meanings)
    assert all(meaning.endswith(".") for meaning in meanings.values())


def test_every_error_has_a_code_with_its_exit_code():
    named = {n: c for n, c in vars(errors).items() if isinstance(c, type)}
    for cls in named.values():
        exit_code, meaning = ERRORS[error_code(cls("words"))]
        assert exit_code == cls.exit_code and meaning
    assert error_code(NoFaces("x")) == "no-faces" and error_code(ZeroDivisionError()) == "fault"
    assert error_code(OSError("x")) == "disk" and error_code(KeyboardInterrupt()) == "interrupted"


def test_the_page_has_the_tables_as_they_are():
    page = PAGE.read_text("utf-8")
    assert "| `stale-masks` |" in page
    assert page == brought_up(page), (
        "python -m understudy.events.reference docs/reference/events.md"
    )


def test_an_event_is_a_line_and_comes_back():
    event = Event(
        "warning", "a\nb [x] é", "stale-masks", "warning", {"faces": 2, "at": [1.5]}, 7.25
    )
    line = event.to_json()
    assert "\n" not in line and json.loads(line)["time_s"] == 7.25
    assert Event.from_json(line) == event
    for wrong in (
        "",
        "[]",
        "{}",
        line.replace('"warning"', '"shout"'),
        line.replace("7.25", '"x"'),
    ):
        with pytest.raises(ValueRefused, match="expected an event"):
            Event.from_json(wrong)


@dataclass(frozen=True)
class Made:
    path: Path
    share: float
    times: tuple[Fraction, ...]
    vector: object


def test_values_become_plain():
    made = Made(Path("a/b"), float("nan"), (Fraction(1, 3),), np.array([1.5, np.inf]))
    expected = {"path": str(Path("a/b")), "share": None, "times": ["1/3"], "vector": [1.5, None]}
    assert to_plain(made) == expected
    assert to_plain({1: np.float32(0.5), "n": np.int64(3), "s": {2}}) == {
        "1": 0.5,
        "n": 3,
        "s": [2],
    }


def test_a_reporter_tells_every_sink_the_same(tmp_path):
    stream, seen = io.StringIO(), []
    reporter = Reporter(JsonLines(stream), seen.append)
    with reporter.task("faces of a.mp4", 4, "frames", done=1) as bar:
        bar.advance(2, "2 faces")
        bar.advance(1)
    with pytest.raises(Cancelled), reporter.task("training", None):
        raise Cancelled("stopped")
    reporter.say("plain")
    reporter.warn("stale", code="stale-masks", faces=2)
    reporter.metric("loss/a", np.float32(0.5), step=10)
    reporter.picture("preview", tmp_path / "p.png", step=10)
    reporter.report("train", Made(Path("m"), 1.0, (), np.zeros(1)), "a model")
    assert [Event.from_json(line).kind for line in stream.getvalue().splitlines()] == [
        e.kind for e in seen
    ]
    assert [(e.data["task"], e.data["done"]) for e in seen if e.kind == "advance"] == [
        (1, 3),
        (1, 4),
    ]
    done = [(e.data["task"], e.data["done"], e.data["complete"]) for e in seen if e.kind == "done"]
    assert done == [(1, 4, True), (2, 0, False)]
    assert seen[-1].data["path"] == "m" and seen[-1].text == "a model"


def test_a_sink_may_come_for_a_while():
    seen: list[Event] = []
    reporter = Silent()
    with reporter.also(seen.append):
        reporter.say("kept")
    reporter.say("not kept")
    assert [e.text for e in seen] == ["kept"] and reporter.said == ["kept", "not kept"]


def test_what_comes_often_is_thinned_and_its_end_kept():
    seen: list[Event] = []
    reporter = Reporter(Throttled(seen.append, every_s=60))
    with reporter.task("training", 10_000) as bar:
        for step in range(10_000):
            bar.advance(1)
            reporter.metric("loss/a", step, step=step)
    kinds = [e.kind for e in seen]
    assert kinds == ["task", "advance", "metric", "advance", "metric", "done"]
    assert seen[3].data["done"] == 10_000 and seen[4].data["step"] == 9_999


def test_a_warning_stands_out_and_is_kept_with_its_code(tmp_path, capsys):
    terminal = Terminal(tmp_path / "log.txt")
    terminal.warn("the [bold] film ends early", code="film-damaged", decoded=3)
    terminal.report("train", {}, "a model [x] of 3 steps")
    told = capsys.readouterr()
    assert "warning: the [bold] film ends early" in told.err
    assert told.out == "a model [x] of 3 steps\n"
    log = (tmp_path / "log.txt").read_text()
    assert "warning (film-damaged): the [bold] film ends early" in log


def test_a_silent_progress_keeps_codes():
    silent = Silent()
    silent.say("plain")
    silent.warn("stale", code="stale-masks", faces=2)
    assert silent.said == ["plain", "stale"] and silent.warned == ["stale-masks"]
