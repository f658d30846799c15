from __future__ import annotations

import shutil

from understudy.store.project import Project


def row_of(out: str, name: str) -> str:
    return next(line for line in out.splitlines() if line.startswith(f"│ {name} "))


def test_the_models_of_a_project_are_shown(done_place, understudy, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")
    project = tmp_path / "film.understudy"
    shutil.copytree(done_place.project, project)
    models = project / "models"
    shutil.copytree(models / "model", models / "damaged")
    for state in (models / "damaged").glob("step_*/*.json"):
        state.write_bytes(b"{")
    (models / "begun").mkdir()
    before = sorted(p for p in project.rglob("*"))
    told = understudy("models", project).worked()
    row = row_of(told.out, "model")
    for words in ("a, b", "mesh@", " 2 ", "a 0.", "b 0.", "MiB", str(models / "model")):
        assert words in row, words
    assert "nothing was saved yet" in row_of(told.out, "begun")
    assert "damaged" in row_of(told.out, "damaged")
    assert "shape, 0 to 1: How far the face takes" in told.out, "what convert --knob may turn"
    assert told.out == understudy("models", "show", project).worked().out
    assert sorted(p for p in project.rglob("*")) == before


def test_a_project_is_shown_while_somebody_works_on_it(done_place, understudy):
    with Project.open(done_place.project):
        understudy("models", done_place.project).worked()


def test_no_model_and_no_project_are_said(understudy, tmp_path):
    Project.open(tmp_path / "new", create=True).close()
    assert "train one" in understudy("models", tmp_path / "new").worked().out
    understudy("models", tmp_path / "nowhere").refused("nowhere", "no project")


def test_the_verbs_that_models_once_had_still_work_and_are_announced(understudy):
    told = understudy("models", "verify").worked()
    assert "understudy models verify is called understudy weights verify now" in told.err
    assert told.out == understudy("weights", "verify").worked().out
    assert "is called" not in understudy("weights", "verify").worked().err
    shown = understudy("models", "--help").worked().out
    assert "fetch" not in shown and "understudy weights" in shown
