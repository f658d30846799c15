"""`understudy swap --instant`, and the first look that every swap gives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.media import FilmReader, probe
from understudy.nn import checkpoint
from understudy.plugin import default_registry

EXTRACT = ("--size", 96, "--min-face-px", 30, "--workers", 1)
SMALL = ("--swap.mesh.texture", 128, "--swap.mesh.components", 8)


def test_a_swap_without_training_and_then_with(place, understudy, tmp_path):
    out, project = tmp_path / "out.mp4", tmp_path / "p"
    job = ("swap", place.a, place.b, "-o", out, "--project", project, "--consent", place.consent)
    job = (*job, *EXTRACT, *SMALL, "--no-score")
    first = understudy(*job, "--instant").worked()
    look = project / "renders" / "out" / "first_look.png"
    assert str(look.name) in first.out + first.err
    picture = cv2.imread(str(look))
    assert picture.shape[0] > 260 and picture.shape[1] == 3 * 4 + 2 * 260
    assert checkpoint.newest(project / "models" / "model").state.step == 0
    when = look.stat().st_mtime_ns
    again = understudy(
        *job, "--iterations", 2, "--batch", 2, "--score-faces", 0, "--overwrite"
    ).worked()
    assert checkpoint.newest(project / "models" / "model").state.step == 2
    assert look.stat().st_mtime_ns == when, "what stood before training is not shown twice"
    assert "minutes 0" not in again.out + again.err


@pytest.mark.parametrize("also", [("--minutes", 3), ("--iterations", 3)])
def test_instant_and_a_plan_exclude_each_other(place, understudy, tmp_path, also):
    refused = understudy(
        "swap", place.a, place.b, "-o", tmp_path / "o.mp4", "--consent", place.consent,
        "--instant", *also,
    )  # fmt: skip
    assert refused.code != 0
    assert f"{also[0]} cannot be said as well" in " ".join((refused.out + refused.err).split())
    assert not (tmp_path / "o.understudy").exists()


@pytest.mark.parametrize(
    ("model", "also"),
    [
        ("mesh", (*SMALL, "--instant")),
        ("hybrid", ("--swap.hybrid.crop", "64", "--swap.hybrid.width", "8", "--iterations", "2")),
    ],
)
def test_a_mesh_driven_swap_from_two_films_to_a_signed_one(
    people, film, place, understudy, tmp_path, build, model, also
):
    build(default_registry().get("align", "mediapipe"))
    film(place.a, list(people.a[:12]))
    film(place.b, list(people.b[:12]))
    out = tmp_path / "out.mp4"
    told = understudy(
        "swap", place.a, place.b, "-o", out, "--consent", place.consent, "--aligner", "mediapipe",
        "--model", model, *also, *EXTRACT, "--batch", 2, "--score-faces", 0,
    ).worked()  # fmt: skip
    assert out.is_file()
    words = " ".join((told.out + told.err).split())
    assert f"model {model}, step {2 * (model == 'hybrid')}" in words and "first look" in words
    before = [f.pixels.astype(int) for f in FilmReader(probe(place.a)).frames()]
    after = [f.pixels.astype(int) for f in FilmReader(probe(out)).frames()]
    changed = np.abs(np.stack(after) - np.stack(before)).max(-1) > 12
    assert 0.01 < changed.mean() < 0.5, "a face is changed, and not the frame around it"
    # and on from there
    done = 2 * (model == "hybrid")
    more = ("--model", model, "--iterations", done + 1, "--batch", 2, "--overwrite")
    more = (*more, "--no-score", "--score-faces", 0)
    understudy("swap", place.a, place.b, "-o", out, *more, *EXTRACT).worked()
    folder = tmp_path / "out.understudy" / "models" / "model"
    assert checkpoint.newest(folder).state.step == done + 1


def test_the_demo_trains_either_not_at_all_or_some_minutes(understudy, tmp_path):
    told = understudy("demo", "--out", tmp_path / "demo", "--instant", "--minutes", 5)
    told.refused("--instant", "--minutes", code=2)
    assert not (tmp_path / "demo").exists()
