"""How much is said and how: for programs, quietly, at length, in narrow terminals, interrupted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
import typer

from understudy import cli
from understudy.cli import rows
from understudy.cli.app import Interrupted, _PlainWords, app
from understudy.errors import Cancelled
from understudy.runs.verbs import health


def _verbs(command: Any, words: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [(words, command)]
    return [found for name, verb in inner.items() for found in _verbs(verb, (*words, name))]


VERBS = _verbs(typer.main.get_command(app))
LOOKS = {
    "doctor": ("doctor", {"works", "verdict", "findings", "memory", "device", "weights"}),
    "plugins": ("plugins", {"plugins", "passed_over"}),
    "weights list": ("weights", {"files", "folders"}),
}


@pytest.mark.parametrize("words", LOOKS)
def test_what_a_verb_finds_can_be_had_as_json(words: str, understudy) -> None:
    code, wanted = LOOKS[words]
    said = understudy(*words.split(), "--json").worked()
    report, result = map(json.loads, said.out.splitlines())
    assert (report["kind"], report["code"]) == ("report", code)
    assert wanted <= set(report["data"])
    assert (result["kind"], result["data"]) == ("result", {"verb": words, "exit_code": 0})
    assert not said.err


def test_models_and_alignments_can_be_had_as_json(done, understudy) -> None:
    found = {}
    for words in (("models", done.project), ("alignments", "info", done.a)):
        report, result = map(json.loads, understudy(*words, "--json").worked().out.splitlines())
        assert result["kind"] == "result"
        found[report["code"]] = report["data"]
    (model,) = found["models"]["models"]
    assert model["name"] == "model" and model["step"] == 2
    assert found["info"]["faces"] == 8


def test_doctor_says_first_whether_it_works_and_lists_no_place_twice(
    understudy, monkeypatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = understudy("doctor").worked().out.splitlines()
    assert lines[0].startswith("Understudy ") and " works here" in lines[0]
    text = "\n".join(lines)
    assert "not here; to get it" not in text and "…" not in text
    assert "memory: " in text and "GPU memory: " in text and "GiB free" in text
    places = [line.strip() for line in lines if line.strip().startswith(("/", "in /"))]
    assert len(places) == len(set(places))


def test_what_is_missing_matters_or_does_not() -> None:
    packages = dict.fromkeys(name for name, _ in health._required())
    found = {f.what.partition(":")[0]: f.matters for f in health._missing(packages, gpu=False)}
    assert found["pi-heif"] == "optional"
    assert [m for what, m in found.items() if what == "not installed"] == ["broken"]
    assert not any("onnxruntime-gpu" in what for what in found), "nobody without a GPU needs it"
    assert any("onnxruntime-gpu" in f.what for f in health._missing(packages, gpu=True))
    extras = set(metadata("understudy").get_all("Provides-Extra") or ()) - {"all", "dev"}
    assert extras == set(health._EXTRAS)
    verdict = health._verdict([health.Finding("broken", "x"), health.Finding("slower", "y")])
    assert "does not work" in verdict


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: " ".join(verb[0]))
def test_every_verb_takes_quiet_and_verbose(verb: tuple[tuple[str, ...], Any]) -> None:
    with typer.Context(verb[1]) as context:
        known = [opt for p in verb[1].get_params(context) for opt in p.opts]
    assert {"-q", "--quiet", "-v", "--verbose"} <= set(known)
    assert len(known) == len(set(known)), "one flag, one meaning"


def test_quiet_leaves_what_was_asked_for_and_verbose_says_more(done, understudy) -> None:
    draw = ("alignments", "draw", done.a, "-o", done.folder / "look.png", "--overwrite")
    usual = understudy(*draw).worked()
    assert "done in" in usual.err
    quiet = understudy(*draw, "-q").worked()
    assert quiet.err == "" and quiet.out == usual.out
    events = understudy(*draw, "-q", "--json").worked().out.splitlines()
    assert {json.loads(line)["kind"] for line in events} <= {"warning", "report", "result"}
    at_length = understudy(*draw, "-v").worked()
    assert "understudy 0." in at_length.err and "took 0:" in at_length.err
    assert at_length.out == usual.out
    both = understudy(*draw, "-q", "-v")
    assert both.code == 2 and "say one of them" in both.err


def test_an_error_at_length_says_where_it_arose(tmp_path: Path, understudy) -> None:
    short = understudy("verify", tmp_path / "none.mp4")
    short.refused("no such file")
    told = understudy("verify", tmp_path / "none.mp4", "-v")
    assert told.code == 1 and "Traceback" in told.err and "MediaError" in told.err
    assert "Traceback" not in understudy("verify", tmp_path / "none.mp4").err, "said once only"


def test_ctrl_c_is_no_error_and_says_how_to_go_on(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["understudy", "train", "my film", "--new", "--minutes", "5"])
    assert cli._tell(Cancelled("stopped; the model is saved at iteration 12"), False) == 130
    first, second = capsys.readouterr().err.splitlines()
    assert first == "interrupted: stopped; the model is saved at iteration 12"
    assert second == "to go on: understudy train 'my film' --minutes 5", "not --new once more"
    monkeypatch.setattr(sys, "argv", ["understudy", "verify", "a.mp4"])
    assert cli._tell(KeyboardInterrupt(), False) == 130
    said = capsys.readouterr().err
    assert said.startswith("interrupted: stopped at once; finished") and "go on" not in said
    assert cli._tell(KeyboardInterrupt(), True) == 130
    last = json.loads(capsys.readouterr().out)
    assert (last["code"], last["data"]["exit_code"]) == ("interrupted", 130)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, typer.Abort])
def test_a_second_ctrl_c_or_one_at_a_question_reaches_us(stop: type[BaseException]) -> None:
    """Typer leaves without a word, or with `Aborted!`, and as JSON without a last line."""
    asking = typer.Typer(cls=_PlainWords)

    @asking.callback()
    def _root() -> None:
        pass

    @asking.command()
    def ask() -> None:
        raise stop

    with pytest.raises(Interrupted):
        asking(["ask"])


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_rows_break_no_word_and_cut_nothing(width: int, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    path = "/a/very/long/place/that/somebody/may/want/to/type/into/the/next/command/model.onnx"
    cells = [["detect", "mediapipe", path, "yes"], ["align", "dlib68", "short", rows.Styled("no")]]
    rows.show(["kind", "name", "where it lies", "commercial use"], cells, titles=2)
    shown = capsys.readouterr().out
    for words in (path, "mediapipe", "dlib68", "commercial", "short"):
        assert words in shown
    assert "…" not in shown
    others = [line for line in shown.splitlines() if path not in line]
    assert max(map(len, others)) <= width


def test_completion_prints_a_script_and_touches_nothing(tmp_path: Path, understudy) -> None:
    for shell in ("bash", "zsh", "fish", "powershell"):
        said = understudy("completion", shell).worked()
        assert "understudy" in said.out and "_UNDERSTUDY_COMPLETE" in said.out
    (tmp_path / "u.sh").write_text(understudy("completion", "bash").out)
    asked = (
        f"source {tmp_path / 'u.sh'}; COMP_WORDS=(understudy weights f); COMP_CWORD=2; "
        '_understudy_completion understudy; echo "${COMPREPLY[@]}"'
    )
    program = tmp_path / "understudy"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -X importtime -m understudy "$@"\n')
    program.chmod(0o755)
    around = {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    ran = subprocess.run(
        ["bash", "-c", asked], env=around, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["fetch"]
    assert "understudy.cli" in ran.stderr and " torch" not in ran.stderr, "light at each TAB"
    assert not (tmp_path / "home").exists()
