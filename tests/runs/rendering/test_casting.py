"""Who becomes whom: what people say is understood, and what cannot be meant is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from understudy.errors import ConsentMissing, StoreError, ValueRefused
from understudy.runs.models import chosen_model
from understudy.runs.project import persons_to_train, source_of
from understudy.runs.rendering.casting import people_of, read_casting, usual_casting
from understudy.store.alignments import Alignments, SourceRecord
from understudy.store.project import Project, Source
from understudy.types import Track

TRAINED = ("ann", "bob", "cy")


@pytest.fixture
def project(tmp_path: Path):
    """A film in which 0 is ann, 1 is bob and 2 is nobody known; nothing else in it is real."""
    film = tmp_path / "clip.mp4"
    film.touch()
    record = SourceRecord(film.name, "x", 64, 48, Fraction(1, 25), 1, {})
    with Alignments.open(film.with_suffix(".alignments"), create=record) as store:
        store.finish([Track(n, 0, person) for n, person in enumerate((0, 1, 0, 2))])
    with Project.open(tmp_path / "p", create=True) as project:
        project.add_source(film, "x")
        for name in TRAINED:
            project.add_person(name)
        project.name_found("clip", {"0": "ann", "1": "bob"})
        yield project


def clip(project: Project) -> Source:
    return project.source("clip")


@pytest.mark.parametrize(
    ("words", "want", "people"),
    [
        (["0=bob", "1=leave"], {"0": "bob", "1": None}, (["ann"], ["bob"])),
        (["ann=bob", "bob=ann"], {"0": "bob", "1": "ann"}, (["ann", "bob"], ["bob", "ann"])),
        (["cy", "2=leave"], {"all": "cy", "2": None}, (["ann", "bob"], ["cy"])),
        (["leave", "1=cy"], {"all": None, "1": "cy"}, (["bob"], ["cy"])),
        (
            ["all=cy", "2=leave", "bob=leave"],
            {"all": "cy", "2": None, "1": None},
            (["ann"], ["cy"]),
        ),
    ],
)
def test_what_people_say_is_understood(project, words, want, people) -> None:
    casting = read_casting(project, clip(project), words, TRAINED)
    assert casting == want
    assert people_of(project, clip(project), casting) == people


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["7=bob"], "no person 7 in it; found: 0, 1, 2"),
        (["cy=bob"], r"'cy' is not named in it \(named: ann, bob"),
        (["0=dee"], "does not know 'dee'; it was trained on ann, bob, cy"),
        (["0=bob", "ann=cy"], "ann is cast twice"),
        (["0=leave"], "nobody is replaced"),
        ([], "nobody is replaced"),
    ],
)
def test_what_cannot_be_meant_is_refused(project, words, said) -> None:
    with pytest.raises(ValueRefused, match=said):
        read_casting(project, clip(project), words, TRAINED)


def test_nobody_without_a_name_is_replaced(project) -> None:
    """Consent is declared by person: who has no name has not agreed."""
    for casting in ({"2": "ann"}, {"all": "ann"}):
        with pytest.raises(ConsentMissing, match=r"who person 2 is in it.*clip:2=NAME.*2=leave"):
            people_of(project, clip(project), casting)
    project.name_found("clip", {"all": "dee" if project.add_person("dee") else None})
    assert people_of(project, clip(project), {"all": "cy"}) == (["ann", "bob", "dee"], ["cy"])
    assert people_of(project, clip(project), {"2": "cy"}) == (["dee"], ["cy"])


def test_two_persons_need_not_be_told(project) -> None:
    assert usual_casting(clip(project), ("ann", "bob")) is None
    project.name_found("clip", {"1": None})
    assert usual_casting(clip(project), ("ann", "bob")) == {"0": "bob"}
    assert usual_casting(clip(project), TRAINED) is None
    assert usual_casting(clip(project), ("bob", "cy")) is None
    project.name_found("clip", {"0": None, "all": "bob"})
    assert usual_casting(clip(project), ("ann", "bob")) == {"all": "ann"}


def test_what_is_not_there_is_named_with_what_is(project, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no source 'nope'; there are: clip"):
        source_of(project, "nope")
    assert source_of(project, str(tmp_path / "clip.mp4")).id == "clip"
    with pytest.raises(StoreError, match="train first"):
        chosen_model(project, None)
    with pytest.raises(StoreError, match="no person 'dee'; there are: ann, bob, cy"):
        persons_to_train(project, ["ann", "dee"], "model")
    with pytest.raises(StoreError, match="nobody has face pictures"):
        persons_to_train(project, [], "model")
    with pytest.raises(ValueRefused, match="two or more, got ann"):
        persons_to_train(project, ["ann", "ann"], "model")
