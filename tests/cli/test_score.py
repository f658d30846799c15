"""`understudy score`: a render scored again, and two films that no project made."""

from __future__ import annotations

import json
import shutil

import pytest


def last_report(out: str) -> dict:
    events = [json.loads(line) for line in out.splitlines()]
    (report,) = (e["data"] for e in events if e["kind"] == "report" and e["code"] == "evaluate")
    assert {"score/combined", "score/expression"} & {e["code"] for e in events}
    return report


@pytest.fixture
def scored(done_place, tmp_path):
    """A copy of the finished job, to be scored."""
    place = type(done_place)(tmp_path / "place")
    shutil.copytree(done_place.folder, place.folder, symlinks=True)
    return place


def test_a_render_is_scored_again_and_its_report_written_anew(scored, understudy):
    render = scored.project / "renders" / "out"
    for name in ("report.md", "report.json", "curves.png", "contact_sheet.png"):
        (render / name).unlink()
    told = understudy("score", scored.project, "--samples", 4, "--json").worked()
    (part,) = last_report(told.out)["parts"].values()
    assert part["faces"] == 8 and part["looked_at"] + part["lost"] == 4
    kept = json.loads((render / "report.json").read_text())
    assert list(kept["parts"].values()) == [part]
    text = (render / "report.md").read_text()
    assert "scored again" in text and "| figure | swap | floor | ceiling |" in text
    assert all((render / name).stat().st_size for name in ("curves.png", "contact_sheet.png"))
    again = understudy("score", scored.project).worked()
    assert "evaluate, as before in this project: samples 4" in " ".join(
        (again.out + again.err).split()
    )


def test_two_films_without_a_project(place, understudy, tmp_path):
    into = tmp_path / "said"
    told = understudy("score", place.a, place.a, "--donor", place.b, "-o", into).worked()
    assert "score 0 of 100" in told.out and "identity: 0% of the way to the donor" in told.out
    assert "the mouth follows the plate in 100% of the range" in told.out
    assert sorted(p.name for p in into.iterdir()) == [
        "contact_sheet.png",
        "curves.png",
        "report.json",
        "report.md",
    ]
    assert not list(place.folder.glob("*.alignments")), "nothing is left beside the films"
    alone = understudy("score", place.a, place.a, "-o", into).worked()
    assert "no --donor was given" in " ".join((alone.out + alone.err).split())
    assert "score not known" in alone.out


def test_what_does_not_fit_is_refused(done_place, place, understudy, tmp_path):
    understudy("score", done_place.project, "--render", "other").refused("no render 'other'", "out")
    understudy("score", done_place.project, "--donor", place.b).refused("--donor", code=2)
    understudy("score", place.a, place.b, "--render", "out").refused("--render", code=2)
    understudy("score", tmp_path / "none", "--samples", 3).refused("none")
    understudy("score", done_place.project, "--readers", "nobody").refused("nobody", code=2)


def test_one_film_alone_is_told_what_is_missing(place, understudy):
    told = understudy("score", place.a)
    told.refused("is a film", "--donor", code=2)


def test_a_conversion_may_be_left_unscored_and_says_what_is_old(scored, understudy):
    """A report beside an output that it is not of was believed."""
    render = scored.project / "renders" / "out"
    convert = ("convert", scored.project, "--render-name", "out", "-o", scored.out, "--overwrite")
    before = (render / "report.md").read_bytes()
    told = understudy(*convert, "--no-score", "--preset", "ultrafast", "--feather", 0.1).worked()
    said = " ".join((told.out + told.err).split())
    assert "not scored; to do it: understudy score" in said
    assert "report.md: is of an earlier output" in said
    assert (render / "report.md").read_bytes() == before
    understudy("score", scored.project, "--render", "out", "--samples", 4).worked()
    assert "feather 0.1" in (render / "report.md").read_text()


@pytest.mark.parametrize(
    ("samples", "faces", "looked_at"),
    [
        *((None, n, k) for n, k in ((8, 8), (24, 24), (25, 24), (300, 25), (1200, 96), (9000, 96))),
        (0, 9000, 9000),
        (96, 50, 50),
        (4, 50, 4),
    ],
)
def test_how_many_faces_are_looked_at(samples, faces, looked_at):
    from understudy.stages.evaluate.options import ScoreOptions

    assert ScoreOptions(samples=samples).count(faces) == looked_at
