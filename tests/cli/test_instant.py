"""`understudy swap --instant`, and the first look that every swap gives."""

from __future__ import annotations

import cv2
import pytest

from understudy.nn import checkpoint


def test_a_swap_without_training_and_then_with(place, understudy, tmp_path):
    out, project = tmp_path / "out.mp4", tmp_path / "p"
    job = ("swap", place.a, place.b, "-o", out, "--project", project, "--consent", place.consent)
    first = understudy(*job, "--instant").worked()
    look = project / "renders" / "out" / "first_look.png"
    assert str(look.name) in first.out + first.err
    picture = cv2.imread(str(look))
    assert picture.shape[0] > 260 and picture.shape[1] == 3 * 4 + 2 * 260
    assert checkpoint.newest(project / "models" / "model").state.step == 0
    when = look.stat().st_mtime_ns
    again = understudy(*job, "--iterations", 2, "--overwrite").worked()
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
