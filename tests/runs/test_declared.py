"""Declarations of consent and the films that they were made for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ConsentMissing
from understudy.flow import Reporter
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import Declaration, digest, read_declarations
from understudy.runs.consent.declared import foreign, keep_declared, refuse_foreign, settle
from understudy.runs.project import add
from understudy.store.project import Project

INLINE = (
    'format = 2\nperson = [{person = "ann", basis = "synthetic", adult = true, intimate = false, '
    'scope = "x", purpose = "research", declared_by = "Bo", declared_at = 2026-11-01T09:00:00Z}]\n'
)


def declaration(person: str = "ann") -> Declaration:
    at = datetime(2026, 11, 1, 9, tzinfo=UTC)
    return Declaration(person, "", "synthetic", True, False, "x", "research", "Bo", at)


@pytest.fixture
def projects(film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Project, Project]:
    """Two projects in which different films show ann."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    found = []
    for number in range(2):
        picture = np.full((48, 64, 3), 60 + 90 * number, np.uint8)
        film(tmp_path / f"f{number}.mp4", [picture] * 3)
        project = Project.open(tmp_path / f"p{number}", create=True)
        add(project, tmp_path / f"f{number}.mp4", "ann")
        found.append(project)
    return found[0], found[1]


class Heard(Reporter):
    def __init__(self) -> None:
        super().__init__()
        self.codes: list[str] = []

    def warn(self, text: str, *, code: str, **data: object) -> None:
        self.codes.append(code)


def test_a_declaration_is_of_the_films_that_were_there(projects) -> None:
    one, other = projects
    keep_declared(one, [declaration()])
    (kept,) = read_declarations(one.consent)
    assert kept.films == (one.sources[0].fingerprint,)
    refuse_foreign(one, ["ann"])
    other.consent.write_bytes(one.consent.read_bytes())
    assert foreign(other, read_declarations(other.consent)) == [kept]
    with pytest.raises(ConsentMissing, match="made about other films"):
        refuse_foreign(other, ["ann"])
    refuse_foreign(other, ["bob"])
    assert AuditLog(other.audit).entries()[-1].event == "refused"


def test_a_film_that_was_taken_out_was_declared_all_the_same(projects) -> None:
    one, _ = projects
    keep_declared(one, [declaration()])
    one.remove_source(one.sources[0].id)
    refuse_foreign(one, ["ann"])


def test_what_was_written_by_hand_is_told_once_and_bound(projects) -> None:
    one, _ = projects
    keep_declared(one, [declaration()])
    text = one.consent.read_text()
    one.consent.write_text("# mine\n" + text.replace('"x"', '"y"').split("\nfilms")[0] + "\n")
    told = Heard()
    settle(one, ["ann"], told)
    settle(one, ["ann"], told)
    assert told.codes == ["declared-by-hand"]
    (kept,) = read_declarations(one.consent)
    assert kept.films and kept.scope == "y" and one.consent.read_text().startswith("# mine\n")
    last = AuditLog(one.audit).entries()[-1]
    assert last.event == "declared" and last.facts["how"] == "by hand"


def test_a_form_that_cannot_be_added_to_holds_as_it_is(projects) -> None:
    one, _ = projects
    one.consent.write_text(INLINE)
    told = Heard()
    settle(one, ["ann"], told)
    settle(one, ["ann"], told)
    assert told.codes == ["declared-by-hand"] and one.consent.read_text() == INLINE


def test_digests_of_before_hold() -> None:
    """As outputs that were signed before films were noted name them."""
    known = "d92827bcbb9907fd40f775fefc6e392fa175b5b443eba2f389cc53e6172a30aa"
    assert digest([declaration()]) == known
