"""Who was not declared goes in by no back door: strange pictures, strange models, other films."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from understudy.media import probe
from understudy.provenance.audit import AuditLog
from understudy.provenance.verify import verify
from understudy.store.alignments import alignments_path
from understudy.store.atomic import commit_bytes
from understudy.store.faceset import read_record, with_record
from understudy.store.project import Project

CONVERT = ("--preset", "ultrafast", "--no-score", "--overwrite")
TRAIN = ("--iterations", 3, "--batch", 2, "--threads", 1, "--previews", 0, "--score-faces", 0)


@pytest.fixture
def stranger(film, people, tmp_path) -> Path:
    return film(tmp_path / "stranger.mp4", list(people.a[2:8]))


@pytest.fixture
def elsewhere(done, stranger, understudy, tmp_path) -> Path:
    """A project with the same footage, in which another film shows b, and the model of `done`."""
    project = tmp_path / "elsewhere"
    understudy("add", project, done.a, "--person", "a").worked()
    understudy("add", project, stranger, "--person", "b").worked()
    understudy("consent", project, "--person", "a", "--file", done.consent).worked()
    shutil.copytree(done.project / "models" / "model", project / "models" / "model")
    shutil.copytree(done.project / "sources" / "a", project / "sources" / "a")
    return project


def state_of(project: Path) -> dict[str, Any]:
    """What the newest checkpoint of the model says of itself."""
    newest = sorted((project / "models" / "model").glob("step_*"))[-1]
    plain: dict[str, Any] = json.loads((newest / "state.json").read_text())
    return plain


def put_among(folder: Path, film: str, fingerprint: str) -> Path:
    """A picture of another film, put into a folder of face pictures."""
    first = sorted(folder.glob("*.png"))[0]
    record = replace(read_record(first), source_name=film, source_fingerprint=fingerprint)
    commit_bytes(folder / "zz_000000_0.png", with_record(first, record))
    return folder / "zz_000000_0.png"


def test_pictures_of_another_film_are_not_learnt(done, understudy) -> None:
    faces = done.project / "sources" / "b" / "faces"
    strange = put_among(faces, "d3.mp4", "0" * 64)
    said = understudy("train", done.project, *TRAIN)
    said.refused("zz_000000_0.png", "d3.mp4", "nobody declared", "--person b", code=3)
    assert "iteration 3" not in said.out
    understudy(*done.swap("--iterations", 3)).refused("zz_000000_0.png", code=3)
    strange.unlink()
    understudy("train", done.project, *TRAIN).worked()


def test_a_strange_picture_is_not_what_the_credentials_name(done, understudy) -> None:
    faces = done.project / "sources" / "b" / "faces"
    strange = put_among(faces, "d3.mp4", "0" * 64)
    strange.rename(faces / "0000.png")
    understudy("convert", done.project, "-o", done.out, *CONVERT).worked()
    (_, donor) = verify(done.out).disclosure["made_from"]
    assert donor["sha256"] != hashlib.sha256((faces / "0000.png").read_bytes()).hexdigest()


def test_a_model_of_another_project_shows_nobody_undeclared(done, elsewhere, understudy) -> None:
    out = done.folder / "x.mp4"
    into = elsewhere / "sources" / "stranger"
    shutil.copytree(done.project / "sources" / "b", into)
    for words in (("convert", elsewhere, "-o", out, *CONVERT), ("train", elsewhere, *TRAIN)):
        said = understudy(*words)
        said.refused("model", "b", "learnt", f"understudy add {elsewhere}", code=3)
    assert not out.exists() and not Project.open(elsewhere, read_only=True).renders
    shutil.rmtree(into)
    # said to be b's, it is declared
    understudy("add", elsewhere, done.b, "--person", "b").worked()
    understudy("convert", elsewhere, "-o", out, "--source", "a", *CONVERT).worked()


def test_pictures_from_elsewhere_that_were_added_are_declared(
    done, elsewhere, understudy, tmp_path
) -> None:
    shutil.copytree(done.project / "sources" / "b" / "faces", tmp_path / "given")
    understudy("add", elsewhere, tmp_path / "given", "--person", "b").worked()
    out = done.folder / "x.mp4"
    understudy("convert", elsewhere, "-o", out, "--source", "a", *CONVERT).worked()
    assert [r.id for r in Project.open(elsewhere, read_only=True).renders] == ["x"]


def test_a_model_says_from_which_films_it_learnt(done, understudy) -> None:
    marks = {
        name: read_record(next((done.project / "sources" / name / "faces").glob("*.png")))
        for name in ("a", "b")
    }
    known = {name: [record.source_fingerprint] for name, record in marks.items()}
    assert state_of(done.project)["origins"] == known
    understudy("train", done.project, *TRAIN).worked()
    after = state_of(done.project)
    assert after["step"] == 3 and after["origins"] == known


def test_a_model_from_before_origins_were_kept_is_used_and_told(done, understudy) -> None:
    for path in (done.project / "models" / "model").glob("step_*/state.json"):
        plain = json.loads(path.read_text())
        del plain["origins"]
        path.write_text(json.dumps(plain))
    said = understudy("convert", done.project, "-o", done.out, *CONVERT).worked()
    assert "from which films" in said.err
    said = understudy("train", done.project, *TRAIN).worked()
    assert "from which films" in said.err
    assert "" in state_of(done.project)["origins"]["b"]


def test_a_film_in_the_place_of_a_declared_one_is_refused(done, done_place, understudy) -> None:
    known = done.project / "project.json"
    known.write_text(known.read_text().replace(str(done_place.folder), str(done.folder)))
    shutil.copy(done.b, done.a)
    shutil.copy(alignments_path(done.b), alignments_path(done.a))
    said = understudy("convert", done.project, "-o", done.out, "--source", "a", *CONVERT)
    said.refused("a.mp4", "not the film that was added as a", code=3)


def test_the_log_says_which_films_a_declaration_is_about(elsewhere, stranger, understudy) -> None:
    def said() -> list[tuple[str, str | None]]:
        entries = AuditLog(elsewhere / "audit.jsonl").entries()
        return [(e.facts["source"], e.facts["person"]) for e in entries if e.event == "shows"]

    mark = probe(stranger).fingerprint
    before = said()
    assert (mark, "b") in before
    understudy("add", elsewhere, stranger, "--person", "b").worked()
    assert said() == before
    understudy("cast", "name", elsewhere, "stranger=cleo").worked()
    understudy("cast", "name", elsewhere, "stranger=nobody").worked()
    assert said() == [*before, (mark, "cleo"), (mark, None)]


def declared_lines(project: Path) -> list[dict[str, Any]]:
    entries = AuditLog(project / "audit.jsonl").entries()
    return [entry.facts for entry in entries if entry.event == "declared"]


def test_a_declaration_of_another_project_is_none_here(
    done, elsewhere, understudy, tmp_path
) -> None:
    """Its words fit, by the same ids; but it was made about films that show nobody here."""
    understudy("convert", done.project, "-o", done.out, *CONVERT).worked()  # binds them to films
    shutil.copy2(done.project / "consent.toml", elsewhere / "consent.toml")
    out = tmp_path / "x.mp4"
    before = (elsewhere / "consent.toml").read_bytes()
    said = understudy("convert", elsewhere, "-o", out, *CONVERT)
    said.refused("declaration of b", "other films", "--person b", code=3)
    assert "of a" not in said.err  # whose film is the same in both
    assert not out.exists() and (elsewhere / "consent.toml").read_bytes() == before
    assert AuditLog(elsewhere / "audit.jsonl").entries()[-1].event == "refused"
    # said here, it is about the film that is here
    understudy("consent", elsewhere, "--person", "b", "--file", done.consent).worked()
    text = (elsewhere / "consent.toml").read_text()
    assert probe(tmp_path / "stranger.mp4").fingerprint in text
    assert probe(done.b).fingerprint not in text
    # nobody is trained on by such a declaration either
    path = done.project / "consent.toml"
    path.write_text(path.read_text().replace(probe(done.b).fingerprint, "0" * 64))
    understudy("train", done.project, *TRAIN).refused("declaration of b", "other films", code=3)


def test_what_was_written_by_hand_is_told_once_and_logged(done, understudy) -> None:
    path = done.project / "consent.toml"
    n_before = len(declared_lines(done.project))
    path.write_text(path.read_text().replace('scope = "', 'scope = "more than '))
    said = understudy("convert", done.project, "-o", done.out, *CONVERT).worked()
    assert "by hand" in said.err and said.err.count("declared with understudy consent") == 1
    new = declared_lines(done.project)[n_before:]
    assert [line["how"] for line in new] == ["by hand"] * len(new) and new
    said = understudy("convert", done.project, "-o", done.out, *CONVERT).worked()
    assert "by hand" not in said.err
    assert len(declared_lines(done.project)) == n_before + len(new)
    converting = [
        entry.facts
        for entry in AuditLog(done.project / "audit.jsonl").entries()
        if entry.event == "converting"
    ]
    told = verify(done.out).disclosure
    assert converting[-1]["declarations_sha256"] == told["declarations_sha256"]
