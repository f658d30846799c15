"""The questions of consent: what was said is proposed for the next person, and one can go back."""

from __future__ import annotations

import io
import signal
from pathlib import Path

import pytest

from understudy.provenance.consent import read_declarations
from understudy.store.project import Project

ANN = ["Ann Lee", "consented", "y", "n", "The Film", "research", "Zoe"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Project.open(tmp_path / "p", create=True) as project:
        project.add_person("a")
        project.add_person("b")
    return tmp_path / "p"


@pytest.fixture
def answered(understudy, monkeypatch):
    def run(folder: Path, *lines: str):
        monkeypatch.setattr("sys.stdin", io.StringIO("\n".join([*lines, ""])))
        return understudy("consent", folder)

    return run


def test_the_next_person_begins_with_what_was_said(folder, answered):
    told = answered(folder, *ANN, "Bob", "", "y", "n", "", "museum", "").worked().out
    assert "[The Film]" in told and "[Zoe]" in told and "[consented]" in told
    assert "[Ann Lee]" not in told  # somebody else has another name
    first, second = read_declarations(folder / "consent.toml")
    assert (first.person, first.name, first.purpose) == ("a", "Ann Lee", "research")
    assert (second.person, second.name, second.purpose) == ("b", "Bob", "museum")
    assert (second.basis, second.scope, second.declared_by) == ("consented", "The Film", "Zoe")


def test_nobody_is_of_age_by_pressing_enter(folder, answered):
    told = answered(folder, *ANN, "Bob", "", "", "", "")
    assert told.code != 0 and not (folder / "consent.toml").exists()


def test_one_can_go_back(folder, answered):
    """To the question before, past the first one of a person, and no further than the first."""
    lines = ["<", "An", "<", "Ann Lee", *ANN[1:5], "teaching", "research", "Zo"]
    back_to_the_first_person = ["<", "Zoe", "Bob", "", "y", "<", "y", "n", "<", "n", "", "", ""]
    told = answered(folder, *lines, *back_to_the_first_person).worked()
    assert "this is the first question" in told.out and "(< goes back" in told.out
    assert "[An]" in told.out and "[Zo]" in told.out  # what was answered stands there
    first, second = read_declarations(folder / "consent.toml")
    assert (first.name, first.declared_by) == ("Ann Lee", "Zoe")
    assert (second.name, second.adult, second.intimate) == ("Bob", True, False)


def test_what_does_not_fit_is_not_proposed(folder, answered):
    """Parody is no purpose for teaching's basis."""
    ann = ["Ann Lee", "consented", "y", "n", "The Film", "parody", "Zoe"]
    told = answered(folder, *ann, "Bob", "historic-education", "y", "n", "", "", "museum", "")
    assert told.worked().out.count("[parody]") == 0
    assert read_declarations(folder / "consent.toml")[1].purpose == "museum"


def test_ctrl_c_at_a_question_ends_the_command(folder, understudy, monkeypatch):
    """Nothing is at work that would save: it was said to stop, and waited on for an answer."""

    class Pressed(io.StringIO):
        def readline(self, size: int = -1) -> str:
            signal.raise_signal(signal.SIGINT)
            return super().readline(size)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("sys.stdin", Pressed("\n".join([*ANN, *ANN, ""])))
    told = understudy("consent", folder)
    assert told.code == 130 and "saving first" not in told.out + told.err
    assert not (folder / "consent.toml").exists()
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize("answers", [["Ann", "self", "n"], ["Ann", "self", "y", "y"]])
def test_what_is_refused_declares_nothing(folder, answered, answers):
    answered(folder, *answers).refused("nothing was declared", code=3)
    assert not (folder / "consent.toml").exists()
