"""`--json`, `--queue` and `understudy jobs`: the queue does what the verb would have done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from understudy.events import Event


@pytest.fixture(autouse=True)
def _own_queue(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


def events(text: str) -> list[Event]:
    """Every line is an event, and the last one says how it ended."""
    found = [Event.from_json(line) for line in text.splitlines()]
    assert found[-1].kind in ("result", "error")
    assert all(e.kind not in ("result", "error") for e in found[:-1])
    return found


def test_json_lines_end_with_a_result(understudy, done):
    told = understudy("alignments", "missing-frames", done.a, "--count", "--json").worked()
    found = events(told.out)
    assert {"task", "done", "report"} <= {e.kind for e in found}
    assert found[-2].code == "found" and found[-2].data["frames"] == []
    assert found[-1].data["exit_code"] == 0
    assert found[-1].data["verb"] == "alignments missing-frames"


def test_json_lines_of_a_refusal_end_with_an_error(understudy, done):
    told = understudy("alignments", "remove", done.a, "--json")
    last = events(told.out)[-1]
    assert told.code == 2 and (last.kind, last.code) == ("error", "value-refused")
    assert last.data == {"verb": "alignments remove", "exit_code": 2} and "which faces" in last.text


@pytest.mark.parametrize("words", [["--no-such-flag"], ["--strength", "7"], ["--strength", "x"]])
def test_json_lines_of_a_wrong_command_line_are_an_error(understudy, done, words):
    told = understudy("alignments", "spatial", done.a, *words, "--json")
    last = events(told.out)[-1]
    assert told.code == 2 and (last.kind, last.code) == ("error", "usage")
    assert words[0] in last.text


def test_what_is_queued_is_what_would_have_been_done_at_once(understudy, done, tmp_path):
    missing = ("alignments", "missing-frames", done.a, "--count")
    at_once = understudy(*missing).worked().out
    assert "job 1 waits" in understudy(*missing, "--queue").worked().out
    assert "job 2 waits" in understudy("jobs", "add", *missing).worked().out
    added = understudy("jobs", "add", *missing, "--json").worked().out
    assert events(added)[-1].data["job"] == 3
    assert "waiting" in understudy("jobs", "list").worked().out
    assert understudy("jobs", "cancel", 2).worked().out.startswith("job 2 is cancelled")
    told = understudy("jobs", "run").worked()
    assert "job 1 is done" in told.err and "job 3 is done" in told.err
    log = understudy("jobs", "log", 1).worked().out
    assert at_once.strip() in log
    told = understudy("jobs", "log", 3, "--json").worked().out.splitlines()
    found = events("\n".join(told[:-1]))  # the job's own, then how `jobs log` itself ended
    assert Event.from_json(told[-1]).data["verb"] == "jobs log"
    assert [e.text for e in found if e.kind == "report"] == [at_once.strip()]
    jobs = events(understudy("jobs", "list", "--json").worked().out)[0].data["jobs"]
    assert [job["state"] for job in jobs] == ["done", "cancelled", "done"]
    assert jobs[0]["spec"] == jobs[2]["spec"]
    shown = understudy("jobs", "show", 1).worked().out
    assert "done (exit code 0)" in shown and str(done.a) in shown
    understudy("jobs", "retry", 2).worked()
    understudy("jobs", "retry", 2).refused("waiting", code=2)
    assert "2 jobs forgotten" in understudy("jobs", "clear").worked().out
    understudy("jobs", "show", 1).refused("no job 1", code=2)


def test_relative_paths_are_counted_from_where_it_was_added(
    understudy, done, tmp_path, monkeypatch
):
    monkeypatch.chdir(done.folder)
    understudy("alignments", "draw", done.a.name, "-o", "look.png", "--queue").worked()
    monkeypatch.chdir(tmp_path)
    understudy("jobs", "run").worked()
    assert (done.folder / "look.png").is_file()


def test_a_job_that_fails_says_why(understudy, done):
    (done.folder / "not.mp4").write_bytes(b"no film")
    understudy("alignments", "redo", done.folder / "not.mp4", "--queue").worked()
    understudy("jobs", "run").worked()
    listed = understudy("jobs", "list", "--state", "failed", "--json").worked().out
    [job] = events(listed)[0].data["jobs"]
    assert job["code"] == "store-error" and "not.mp4" in job["message"]
    assert job["message"] in understudy("jobs", "log", 1).worked().out


def test_wrong_words_are_refused_when_they_are_added(understudy, done):
    assert understudy("jobs", "add", "alignments", "redo", done.a, "--device", "x").code == 2
    for words in (["doctor"], ["cast", done.project], ["alignments", "info", done.a]):
        told = understudy("jobs", "add", *words)
        told.refused("is done at once", code=2)
        assert "--queue" not in told.err
    assert "no jobs" in understudy("jobs", "list").worked().out


def test_a_run_behind_outlives_the_shell_that_began_it(understudy, done, tmp_path):
    for _ in range(2):
        understudy("alignments", "missing-frames", done.a, "--count", "--queue").worked()
    shell = subprocess.run(
        [sys.executable, "-m", "understudy", "jobs", "run", "--detach"],
        start_new_session=True,
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=True,
    )
    assert "runs behind" in shell.stdout
    end = time.monotonic() + 60
    while "waiting" in (told := understudy("jobs", "list").worked().out) or "running" in told:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert told.count("done") == 2


def test_a_run_behind_can_be_stopped(understudy):
    understudy("jobs", "run", "--detach", "--stay").worked()
    understudy("jobs", "run", "--detach").refused("queue of jobs", "wait for it")
    assert "asked process" in understudy("jobs", "stop").worked().out
    end = time.monotonic() + 20
    while "no run" not in understudy("jobs", "stop").worked().out:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_help_teaches_with_examples(understudy):
    told = understudy("jobs", "--help").worked().out
    for words in ("--queue", "jobs add train", "jobs run --detach", "log 1 --follow"):
        assert words in told
    for name in ("add", "list", "show", "log", "run", "cancel", "retry", "clear", "stop"):
        assert (
            "Example: understudy jobs"
            in " ".join(understudy("jobs", name, "--help").worked().out.split())
            or name == "add"
        )


def test_json_is_never_mixed_with_prints(understudy, done, monkeypatch):
    from understudy.runs.verbs import alignments

    def noisy(*arguments: object) -> list[str]:
        print("a library talks")  # noqa: T201
        return ["1"]

    monkeypatch.setattr(alignments, "info_lines", noisy)
    told = understudy("alignments", "info", done.a, "--json").worked()
    assert "a library talks" in told.err
    assert json.loads(told.out.splitlines()[0])["text"] == "1"


def test_training_tells_losses_pictures_and_a_report(understudy, done):
    more = ("--iterations", 10, "--device", "cpu", "--json")
    found = events(understudy("train", done.project, *more).worked().out)
    assert {"metric", "picture", "report"} <= {e.kind for e in found}
    assert any(e.kind == "metric" and e.code.startswith("loss/") for e in found)
    assert found[-2].code == "train" and found[-2].data["step"] == 10
    assert found[-1].data == {**found[-1].data, "verb": "train", "exit_code": 0}


def test_the_whole_job_can_be_queued_and_makes_a_signed_film(understudy, place):
    told = understudy(*place.swap(scored=True), "--queue").worked()
    assert "job 1 waits" in told.out and not place.out.exists()
    assert not list(place.project.glob("models/*/step_*"))
    understudy("jobs", "run").worked()
    assert place.out.exists()
    understudy("verify", place.out).worked()
    log = events_of_log(understudy("jobs", "log", 1, "--json").worked().out)
    assert {"extract", "train", "convert", "evaluate"} <= {
        e.code for e in log if e.kind == "report"
    }
    assert "done" in understudy("jobs", "list").worked().out


def test_a_queued_job_without_consent_fails_with_its_exit_code(understudy, place):
    place.consent.unlink()
    words = [x for x in place.swap() if x not in ("--consent", place.consent)]
    assert "it will fail as it stands" in understudy(*words, "--queue").worked().err
    understudy("jobs", "run")
    told = understudy("jobs", "show", 1, "--json").worked().out
    (job,) = json.loads(told.splitlines()[0])["data"]["jobs"]
    assert (job["state"], job["exit_code"]) == ("failed", 3)


def test_a_later_edit_of_a_configuration_file_does_not_change_what_is_queued(
    understudy, done, tmp_path
):
    config = tmp_path / "my.toml"
    config.write_text("[train]\niterations = 3\n")
    understudy("train", done.project, "--config", config, "--queue").worked()
    config.write_text("[train]\niterations = no\n")
    understudy("jobs", "run").worked()
    assert (done.project / "models" / "model" / "step_00000003").is_dir()
    understudy("train", done.project, "--config", config, "--queue").refused("my.toml", code=2)


def test_json_lines_of_a_missing_consent_end_with_code_3(understudy, place):
    place.consent.unlink()
    words = [x for x in place.swap() if x not in ("--consent", place.consent)]
    told = understudy(*words, "--json")
    last = events(told.out)[-1]
    assert told.code == 3 and last.kind == "error" and last.data["exit_code"] == 3


def events_of_log(text: str) -> list[Event]:
    return [Event.from_json(line) for line in text.splitlines()]
