"""A job from end to end: the model is scored while it learns, and the best one can be had."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

from understudy.flow import Silent
from understudy.plugin import default_registry
from understudy.runs.rendering.judging import judge_for, plates_of
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.scored.kept import read_best, read_curve
from understudy.store.project import Project
from understudy.swap.loading import load_swapper


def test_a_swap_scores_the_model_as_it_learns(done_place, understudy, monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")
    model = done_place.project / "models" / "model"
    first, point = read_curve(model)
    best = read_best(model)
    assert (first.step, point.step) == (0, 2) and 0 < point.combined < 100
    assert best is not None and best.combined == max(first.combined, point.combined)
    assert {"identity", "pose", "light", "seam"} <= set(point.parts)
    assert all(0 <= value <= 1 for value in point.parts.values())
    report = (done_place.project / "renders" / "out" / "report.md").read_text()
    assert f"score {point.combined:.0f} (best {best.combined:.0f} at {best.step})" in report
    told = understudy("models", done_place.project).worked()
    assert f" {best.combined:.0f} at {best.step} " in told.out


def test_scores_are_repeatable_and_of_the_model_that_is_shown(done_place):
    with Project.open(done_place.project, read_only=True) as project:
        swapper = load_swapper(project.model("model"), "cpu")
        (plate,) = plates_of(project, "model", swapper.persons)
        assert (plate.source.id, dict(plate.casting)) == ("a", {"all": "b"})
        progress = Silent()
        options = TrainOptions(threads=1)
        judge = judge_for(project, [plate], options, default_registry(), progress)
        assert judge is not None and judge.left_out == frozenset()
        assert "training sees them too, since 8 are too few" in " ".join(progress.said)
        judge.prepare()
        first = judge(swapper)
        assert first == judge(swapper)
        # the model in training was shown as it is loaded; other parts have other eyes here
        told = read_curve(project.model("model"))[-1].parts
        same = ("pose", "light", "seam", "sharpness", "outline")
        assert [first.parts[name] for name in same] == [told[name] for name in same]
        bare = replace(plate, converting=replace(plate.converting, knob=("mouth=0", "shape=0")))
        turned = judge_for(project, [bare], options, default_registry(), Silent())
        assert turned is not None
        turned.prepare()
        assert turned(swapper) != first, "it is scored as it will be converted"
        for weights in swapper._model.parameters():
            weights.data.mul_(0)
        assert judge(swapper).parts["sharpness"] < first.parts["sharpness"], "all grey"
        again = judge_for(project, [plate], options, default_registry(), Silent())
        assert again is not None and again.key == judge.key
        fewer = TrainOptions(threads=1, score_faces=2)
        other = judge_for(project, [plate], fewer, default_registry(), Silent())
        assert other is not None and other.key != judge.key
        none = TrainOptions(score_faces=0)
        assert judge_for(project, [plate], none, default_registry(), Silent()) is None


def test_a_model_that_was_never_rendered_is_scored_as_its_second_person(done_place):
    with Project.open(done_place.project, read_only=True) as project:
        (plate,) = plates_of(project, "other", ("b", "a"))
        assert (plate.source.id, dict(plate.casting)) == ("b", {"all": "a"})
        assert plates_of(project, "other", ("zoe", "a")) == []


def test_the_best_model_converts(done, understudy):
    model = done.project / "models" / "model"
    command = (
        "convert",
        done.project,
        "-o",
        done.out,
        "--preset",
        "ultrafast",
        "--no-score",
        "--checkpoint",
    )
    told = understudy(*command, "best", "--json").worked()
    events = [json.loads(line) for line in told.out.splitlines()]
    assert any(", the best one, on" in event["text"] for event in events)
    shutil.rmtree(model / "best")
    understudy(*command, "best").refused("no checkpoint was scored", "--checkpoint last")


def test_the_best_of_nothing_is_refused_before_anything_is_done(place, understudy):
    refused = understudy(*place.swap(scored=True), "--score-faces", 0, "--checkpoint", "best")
    refused.refused("--score-faces 0", code=2)
    assert not (place.project / "models" / "model").exists()
