"""`understudy swap A B` of a project of format 1 goes on, and redoes nothing that is done."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from understudy.provenance.audit import AuditLog
from understudy.provenance.verify import verify
from understudy.store.project import Project

_SPEC = importlib.util.spec_from_file_location(
    "first_format", Path(__file__).with_name("first_format.py")
)
assert _SPEC is not None and _SPEC.loader is not None
first_format = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(first_format)


@pytest.fixture
def old(done_place, tmp_path: Path):
    """A place where the whole job was done in format 1."""
    folder = tmp_path / "old"
    shutil.copytree(done_place.folder, folder)
    place = type(done_place)(folder)
    first_format.put_back(place.project, {"a": place.a, "b": place.b}, place.out)
    return place


def without_consent(place, *more: object, scored: bool = False) -> list[object]:
    words = place.swap(*more, scored=scored)
    return [x for x in words if x not in ("--consent", place.consent)]


def test_the_same_command_finds_everything_done(old, understudy) -> None:
    before, lines = old.out.stat().st_mtime_ns, AuditLog(old.project / "audit.jsonl").entries()
    pictures = {p.name: p.read_bytes() for p in (old.project / "a" / "faces").glob("*.png")}
    told = understudy(*without_consent(old, scored=True)).worked()
    said = " ".join((told.err + told.out).split())
    assert "was of format 1 and has a cast now" in said
    assert "consent is declared by person now" in said
    assert "has had its 2 iterations already" in said
    assert "was made before the project had a cast and is complete" in said
    assert old.out.stat().st_mtime_ns == before
    report = (old.project / "renders" / "out" / "report.md").read_text()
    assert report.count("extracted earlier") == 2
    faces = old.project / "sources" / "a" / "faces"
    assert {p.name: p.read_bytes() for p in faces.glob("*.png")} == pictures
    for name in ("project.json.v1", "consent.toml.v1"):
        assert (old.project / name).is_file()
    assert AuditLog(old.project / "audit.jsonl").entries() == lines
    assert "was of format 1" not in understudy(*without_consent(old, scored=True)).worked().err


def test_it_goes_on_training_and_converts_anew(old, understudy) -> None:
    said = understudy(*without_consent(old, "--iterations", 3)).worked()
    assert "was made before with another model or other choices" in said.err
    model = old.project / "models" / "model"
    assert json.loads((model / "step_00000003" / "state.json").read_text())["persons"] == ["a", "b"]
    assert verify(old.out).state == "ours"
    with Project.open(old.project, read_only=True) as store:
        (render,) = store.renders
        assert (render.made_by_format, dict(render.casting)) == (2, {"all": "b"})
    other = old.folder / "other.mp4"
    understudy(
        "convert", old.project, "-o", other, "--swap", "--preset", "ultrafast", "--no-score"
    ).worked()
    assert verify(other).state == "ours"
    with Project.open(old.project, read_only=True) as store:
        assert store.render("other").source == "b" and store.report("out").is_file()


def test_what_reading_verbs_advise_brings_it_up(old, understudy) -> None:
    """They said "understudy add PROJECT", which wants a film."""
    told = understudy("models", old.project)
    told.refused("was made by an earlier Understudy")
    advised = " ".join(told.err.split()).partition("understudy cast ")
    assert advised[1] and advised[2] == str(old.project)
    understudy("cast", old.project).worked()
    assert "mesh" in understudy("models", old.project).worked().out
