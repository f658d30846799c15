"""Consent that was taken back, ended, or never could be: nothing is learnt or made any more."""

from __future__ import annotations

import json
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.provenance.audit import AuditLog
from understudy.store.alignments import alignments_path

CONVERT = ("--preset", "ultrafast", "--no-score")
TRAIN = ("--iterations", 3, "--batch", 2, "--threads", 1, "--previews", 0, "--score-faces", 0)


def declared(project: Path) -> dict[str, dict]:
    people = tomllib.loads((project / "consent.toml").read_text())["person"]
    return {person["person"]: person for person in people}


def change(project: Path, old: str, new: str) -> None:
    path = project / "consent.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def events(project: Path) -> list[str]:
    return [entry.event for entry in AuditLog(project / "audit.jsonl").entries()]


def by_flags(project: Path, *more: object) -> tuple[object, ...]:
    words = ("--name", "Bo", "--basis", "consented", "--adult", "--scope", "film X")
    return ("consent", project, "--person", "b", *words, "--purpose", "film-vfx", *more)


def test_who_took_the_consent_back_is_neither_trained_nor_converted(done, understudy) -> None:
    project = done.project
    said = understudy("consent", project, "--person", "b", "--revoke").worked()
    assert "understudy forget" in said.out and events(project)[-1] == "revoked"
    assert declared(project)["b"]["revoked_at"] == date.today()
    for words in (("train", project, *TRAIN), ("convert", project, "-o", done.out, *CONVERT)):
        said = understudy(*words)
        said.refused("taken back", f"understudy forget {project} --person b", code=3)
        assert "To declare it" not in said.err
    swap = [x for x in done.swap("--iterations", 3) if x not in ("--consent", done.consent)]
    understudy(*swap).refused("taken back", code=3)
    assert not done.out.exists()
    # who asks about everybody does not ask them again as if nothing had been
    assert "taken back" in understudy("consent", project).worked().out


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('person = "b"', 'person = "b"\nexpires = 2020-01-01', "ended on 2020-01-01"),
        ("adult = true", "adult = false", "under age"),
        ("intimate = false", "intimate = true", "intimate"),
        ("declared_at = 20", "declared_at = 21", "clock"),
    ],
)
def test_what_forbids_a_conversion_forbids_training(done, understudy, old, new, why) -> None:
    change(done.project, old, new)
    understudy("train", done.project, *TRAIN).refused("nothing is trained", why, code=3)


def test_a_clock_that_is_set_back_brings_no_consent_back(done, understudy) -> None:
    log = AuditLog(done.project / "audit.jsonl")
    yesterday = date.today() - timedelta(1)
    change(done.project, 'person = "b"', f'person = "b"\nexpires = {yesterday}')
    assert log.today() == date.today()

    import understudy.provenance.audit as audit

    class Earlier(audit.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) - timedelta(30)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "datetime", Earlier)
        understudy("convert", done.project, "-o", done.out, *CONVERT).refused("ended on", code=3)


def test_consent_taken_back_while_it_is_converted_signs_nothing(
    done, understudy, monkeypatch
) -> None:
    from understudy.write.h264 import H264Writer

    finish = H264Writer.write_segment

    def written(self, *args):
        finish(self, *args)
        change(done.project, 'person = "b"', 'person = "b"\nrevoked_at = 2026-01-01')

    monkeypatch.setattr(H264Writer, "write_segment", written)
    understudy("convert", done.project, "-o", done.out, *CONVERT).refused("taken back", code=3)
    assert not done.out.exists()


def test_a_declaration_that_holds_is_not_replaced_unasked(tmp_path, understudy) -> None:
    project = tmp_path / "p"
    understudy(*by_flags(project)).worked()
    before = (project / "consent.toml").read_text()
    understudy(*by_flags(project)).worked()
    assert (project / "consent.toml").read_text() == before and events(project) == ["declared"]
    words = by_flags(project, "--declared-by", "Cy")
    understudy(*words).refused("declared already", "--overwrite", "--revoke", code=2)
    assert (project / "consent.toml").read_text() == before
    understudy(*words, "--overwrite").worked()
    assert declared(project)["b"]["declared_by"] == "Cy"
    other = tmp_path / "other.toml"
    other.write_text(before)
    understudy("consent", project, "--file", other).refused("declared already", code=2)
    # less is always taken
    said = understudy(*by_flags(project, "--intimate")).worked()
    assert "intimate" in said.err and declared(project)["b"]["intimate"]


def answering(project: Path, *answers: str):
    words = ["consent", str(project), "--person", "ann"]
    return CliRunner().invoke(app, words, input="\n".join(answers) + "\n")


def test_what_will_be_refused_is_said_at_once(tmp_path) -> None:
    from understudy.errors import ConsentMissing

    for answers, why in (
        (("Ann", "consented", "n"), "under age"),
        (("Ann", "consented", "y", "y"), "intimate"),
    ):
        told = answering(tmp_path / "p", *answers)
        assert isinstance(told.exception, ConsentMissing) and why in str(told.exception)
        assert "What does the consent cover" not in told.output
    assert not (tmp_path / "p" / "consent.toml").exists()


def test_names_that_nobody_sees_and_parodies_that_teach_are_asked_again(tmp_path) -> None:
    told = answering(
        tmp_path / "p",
        *("\u200b\u2060", "Ann", "historic-education", "y", "n", "\u3164", "a lesson"),
        *("parody", "education", "Bo"),
    )
    assert told.exit_code == 0, told.output
    assert told.output.count("nothing of that can be seen") == 2
    assert "'parody' is not one of" in told.output
    asked = answering(tmp_path / "p", "n")
    assert "declared already" in asked.output and asked.exit_code == 0
    assert declared(tmp_path / "p")["ann"]["scope"] == "a lesson"


def test_a_person_is_let_go_with_all_that_holds_them(done, done_place, understudy) -> None:
    project = done.project
    known = project / "project.json"
    known.write_text(known.read_text().replace(str(done_place.folder), str(done.folder)))
    understudy("convert", project, "-o", done.out, *CONVERT).worked()
    held = [
        alignments_path(done.b),
        done.folder / "b.alignments.bak",
        done.folder / "b.alignments.bak-2",
        project / "sources" / "b" / "faces",
        project / "models" / "model",
        project / "models" / "model.old-1" / "previews",
        project / "renders" / "out" / "contact_sheet.png",
        project / "work" / "0123456789abcdef",
    ]
    for copy in held[1:3]:
        copy.write_bytes(held[0].read_bytes())
    import shutil

    shutil.copytree(held[4], held[5].parent)
    held[5].mkdir(exist_ok=True)
    held[7].mkdir()
    (receipt,) = (project / "work").glob("*.json")
    held.append(receipt)
    assert all(path.exists() for path in held)
    stays = [done.a, done.b, done.out, alignments_path(done.a), project / "sources" / "a"]
    listed = understudy("forget", project, "--person", "b")
    listed.refused("nothing was erased", "--yes", code=2)
    for path in (*held[:3], held[4], held[8], done.b, done.out):
        assert str(path) in listed.out, path
    assert all(path.exists() for path in held) and "revoked_at" not in declared(project)["b"]
    understudy("forget", project, "--person", "b", "--yes").worked()
    assert [path for path in held if path.exists()] == []
    assert all(path.exists() for path in stays)
    assert declared(project)["b"]["revoked_at"] == date.today()
    assert events(project)[-2:] == ["revoked", "forgotten"]
    (receipt,) = (project / "forgotten").iterdir()
    plain = json.loads(receipt.read_text())
    assert plain["person"] == "b" and len(plain["erased"]) >= 6
    assert {str(done.b), str(done.out)} <= {
        word.rstrip(":") for line in plain["stays"] for word in line.split()
    }
    understudy("train", project, *TRAIN).refused(code=1)
    understudy("convert", project, "-o", "new.mp4", *CONVERT).refused("b: the", "back on", code=3)
    again = understudy("forget", project, "--person", "b", "--yes").worked()
    assert "nothing" in again.out
    understudy("forget", project, "--person", "zoe").refused("zoe")


def test_who_is_being_trained_is_not_erased_under_the_trainer(done, understudy) -> None:
    from understudy.store.lock import WriterLock

    model = done.project / "models" / "model"
    with WriterLock(model, "model"):
        understudy("forget", done.project, "--person", "b", "--yes").refused("model")
    assert model.exists() and (done.project / "sources" / "b" / "faces").exists()
    assert "revoked_at" not in declared(done.project)["b"]


def test_somebody_without_a_name_in_the_footage_lacks_consent(done, understudy) -> None:
    understudy("cast", "name", done.project, "a=nobody").worked()
    words = ("convert", done.project, "-o", done.out, "--source", "a", "--cast", "b", *CONVERT)
    understudy(*words).refused("nobody said who", code=3)
