"""Scores in training: what is kept of them, what follows from them, and what must not."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

import understudy
from understudy.errors import Cancelled, NoFaces, StoreError, ValueRefused
from understudy.flow import Silent
from understudy.mask.manifest import PLUGINS as MASKERS
from understudy.nn import checkpoint
from understudy.plugin import Registry
from understudy.stages.train.feeding.feed import Feed
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.scored import watch
from understudy.stages.train.scored.judge import Judged
from understudy.stages.train.scored.kept import read_best, read_curve
from understudy.stages.train.stage import TrainInputs, train
from understudy.store import atomic
from understudy.store.faceset import FaceFolder
from understudy.swap.loading import load_swapper
from understudy.swap.manifest import PLUGINS
from understudy.testing.stops import StopsAfter
from understudy.testing.tiny import TINY

REGISTRY = Registry([TINY, *PLUGINS, *MASKERS])


def _faces(size: int = 32) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, size, size, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _scores_may_cost_what_they_cost(request, monkeypatch):
    """Beside so small a model even these judges would be asked for less often."""
    if "cost_too_much" not in request.node.name:
        monkeypatch.setattr(watch, "BUDGET", 1e9)


@dataclass
class Told:
    """A judge that says what it was told to say of each iteration, and shows the model faces."""

    scores: dict[int, float]
    left_out: frozenset[tuple[str, str]] = frozenset()
    key: str = "these faces"
    seconds: float = 0.0
    faces_px: int = 32
    prepared: int = 0
    why: str = ""
    asked: list[int] = field(default_factory=list)
    shown: dict[int, np.ndarray] = field(default_factory=dict)

    def prepare(self) -> None:
        self.prepared += 1

    def __call__(self, swapper) -> Judged:
        time.sleep(self.seconds)
        self.asked.append(swapper.step)
        self.shown[swapper.step] = swapper.convert(_faces(self.faces_px), "b").rgb
        score = self.scores.get(swapper.step, 50.0)
        return Judged(score, {"identity": score / 100}, self.why)


def _train(facesets, folder, judge=None, progress=None, **changes):
    plain = {"iterations": 4, "batch": 2, "device": "cpu", "threads": 1, "previews": 0}
    # the probe of precisions may choose otherwise for the next one
    plain |= {"model": "tiny", "precision": "fp32"}
    options = TrainOptions(**plain | changes)
    persons = {name: (FaceFolder(path),) for name, path in zip("ab", facesets, strict=True)}
    inputs = TrainInputs(persons, folder, judge=judge)
    return train(inputs, options, progress or Silent(), REGISTRY)


def _tensors(folder: Path, step: int) -> dict[str, bytes]:
    path = folder / f"step_{step:08d}"
    return {p.name: p.read_bytes() for p in path.glob("*.safetensors")}


def _weights(folder: Path, step: int) -> dict[str, bytes]:
    return {name: x for name, x in _tensors(folder, step).items() if name != "plateau.safetensors"}


def test_a_model_is_scored_at_saves_and_the_best_is_kept_beside_the_last(facesets, tmp_path):
    judge, progress = Told({2: 40.0, 4: 63.4, 6: 61.2}), Silent()
    report = _train(
        facesets, tmp_path / "m", judge, progress, iterations=6, score_every=2, previews=1
    )
    assert (judge.asked, judge.prepared) == ([2, 4, 6], 1)
    assert (report.score, report.best_score, report.best_step) == (61.2, 63.4, 4)
    assert report.score_words() == ", score 61 (best 63 at 4)"
    assert "iteration 6: score 61 (best 63 at 4)" in progress.said
    told = [e for e in progress.events if e.code.startswith("held_out/")]
    metrics = {(e.code, e.data["step"]): e.data["value"] for e in told}
    assert metrics[("held_out/combined", 4)] == 63.4
    assert metrics[("held_out/identity", 6)] == pytest.approx(0.612)
    points = read_curve(tmp_path / "m")
    assert [(p.step, p.combined) for p in points] == [(2, 40.0), (4, 63.4), (6, 61.2)]
    assert not math.isnan(points[0].trained_s) and points[0].key == "these faces"
    best = read_best(tmp_path / "m")
    assert best is not None and (best.step, best.combined) == (4, 63.4)
    last, first = (
        load_swapper(tmp_path / "m", "cpu", REGISTRY, which) for which in ("last", "best")
    )
    assert (last.step, first.step) == (6, 4)
    assert np.array_equal(first.convert(_faces(), "b").rgb, judge.shown[4])
    assert np.array_equal(last.convert(_faces(), "b").rgb, judge.shown[6])
    assert not (tmp_path / "m/best/step_00000004/optimizer.safetensors").exists()
    assert [p.name for p in (tmp_path / "m/best").iterdir()] == ["step_00000004"]


def test_scoring_touches_nothing_of_the_training(facesets, tmp_path):
    _train(facesets, tmp_path / "plain", iterations=6)
    _train(facesets, tmp_path / "scored", Told({}), iterations=6, score_every=2)
    assert _weights(tmp_path / "plain", 6) == _weights(tmp_path / "scored", 6)


def test_people_see_the_closed_form_before_it_is_scored(facesets, tmp_path):
    judge, seen = Told({0: 20.0, 2: 10.0}, faces_px=64), []
    persons = {name: (FaceFolder(path),) for name, path in zip("ab", facesets, strict=True)}
    inputs = TrainInputs(persons, tmp_path / "m", lambda _: seen.append(list(judge.asked)), judge)
    options = TrainOptions(iterations=2, batch=2, device="cpu", threads=1, previews=0)
    train(inputs, options, Silent(), REGISTRY)
    assert (seen, judge.asked) == ([[]], [0, 2])
    assert load_swapper(tmp_path / "m", "cpu", REGISTRY, "best").step == 0


def test_the_time_of_scoring_is_no_time_of_training(facesets, tmp_path):
    judge, started = Told({}, seconds=1.0), time.monotonic()
    _train(facesets, tmp_path / "m", judge, iterations=None, minutes=0.02, score_every=1)
    whole_s = time.monotonic() - started
    found = checkpoint.newest(tmp_path / "m")
    assert judge.asked and found.state.trained_s >= 1.2
    assert found.state.trained_s <= whole_s - len(judge.asked)


def test_a_score_that_cannot_be_told_says_why(facesets, tmp_path):
    progress, judge = Silent(), Told({4: math.nan}, why="is it the donor? no pictures")
    report = _train(facesets, tmp_path / "m", judge, progress, score_every=4)
    words = "no score in all: is it the donor? no pictures"
    assert f"iteration 4: {words}" in progress.said
    assert report.score is None


def test_scores_that_cost_too_much_are_asked_for_less_often_and_at_the_end(facesets, tmp_path):
    judge = Told({}, seconds=0.3)
    _train(facesets, tmp_path / "m", judge, iterations=9, save_every=1)
    assert judge.asked[0] == 1 and judge.asked[-1] == 9 and len(judge.asked) <= 3


def test_the_rate_falls_at_a_plateau_and_a_resumed_run_is_bit_identical(facesets, tmp_path):
    choices = {"iterations": 12, "score_every": 2, "at_plateau": "slow", "patience": 2}
    scores = {2: 40.0, 4: 50.0, 6: 50.1, 8: 50.2, 10: 44.0, 12: 44.0}
    progress = Silent()
    _train(facesets, tmp_path / "whole", Told(scores), progress, **choices)
    assert [s for s in progress.said if "learning rate falls to 50 %" in s]
    assert [s for s in progress.said if "learning rate falls to 25 %" in s]
    _train(facesets, tmp_path / "never", Told(scores), **choices | {"at_plateau": "go-on"})
    assert _weights(tmp_path / "never", 8) == _weights(tmp_path / "whole", 8)
    assert _weights(tmp_path / "never", 10) != _weights(tmp_path / "whole", 10)
    for looks in (7, 9, 10):
        parts = tmp_path / f"parts{looks}"
        with pytest.raises(Cancelled):
            _train(facesets, parts, Told(scores), StopsAfter(looks), **choices)
        judge = Told(scores)
        _train(facesets, parts, judge, **choices)
        assert judge.asked and judge.asked[-1] == 12
        assert _tensors(parts, 12) == _tensors(tmp_path / "whole", 12)
        assert read_best(parts) == read_best(tmp_path / "whole")
        assert [p.step for p in read_curve(parts)] == [2, 4, 6, 8, 10, 12]


def test_the_rate_falls_at_fixed_iterations_only(facesets, tmp_path):
    with pytest.raises(ValueRefused, match="needs score_every"):
        _train(facesets, tmp_path / "m", Told({}), at_plateau="slow")
    with pytest.raises(ValueRefused, match="nothing is scored here"):
        _train(facesets, tmp_path / "m", at_plateau="stop")


def test_training_ends_at_a_plateau_where_that_is_wished_and_says_why(facesets, tmp_path):
    choices = {"iterations": 50, "score_every": 1, "at_plateau": "stop", "patience": 3}
    judge, progress = Told({1: 30.0, 2: 60.0, 3: 60.2, 4: 59.9, 5: 58.0}), Silent()
    report = _train(facesets, tmp_path / "m", judge, progress, **choices)
    assert report.step == 5 and judge.asked == [1, 2, 3, 4, 5]
    said = " ".join(progress.said)
    assert "the last 3 scores are not better than 60.0 at iteration 2" in said
    assert "training ends, as --at-plateau stop says" in said
    assert "the best score was 60 at iteration 3, the last is 58; to convert with the best" in said
    progress = Silent()
    again = _train(facesets, tmp_path / "m", judge, progress, **choices)
    assert (again.step, again.iterations) == (5, 0) and judge.asked[5:] == []
    assert "--at-plateau go-on" in " ".join(progress.said)
    on = _train(facesets, tmp_path / "m", judge, **choices | {"iterations": 6, "patience": 9})
    assert on.iterations == 1


def test_scores_of_other_faces_are_not_compared(facesets, tmp_path):
    _train(facesets, tmp_path / "m", Told({2: 80.0}), iterations=2, score_every=2)
    progress = Silent()
    _train(
        facesets, tmp_path / "m", Told({4: 40.0}, key="others"), progress,
        iterations=4, score_every=2,
    )  # fmt: skip
    assert "the scores so far were of other faces or by other eyes" in " ".join(progress.said)
    best = read_best(tmp_path / "m")
    assert best is not None and (best.step, best.combined) == (4, 40.0)


def test_what_is_left_out_is_never_shown(facesets, tmp_path, monkeypatch):
    hidden, seen, real = {1, 3}, set(), Feed._raw

    def raw(self, wanted):
        seen.update((person, row) for person, rows in wanted for row in rows)
        return real(self, wanted)

    monkeypatch.setattr(Feed, "_raw", raw)
    out = frozenset(("f" * 8, f"{i}_0") for i in hidden)
    for even in (True, False):
        seen.clear()
        _train(facesets, tmp_path / f"m{even}", Told({}, left_out=out), iterations=9, even=even)
        # both persons' films have one fingerprint here
        assert seen == {(p, row) for p in (0, 1) for row in range(5) if row not in hidden}


def test_a_full_disk_costs_the_new_best_and_nothing_else(facesets, tmp_path, monkeypatch):
    real = atomic.ops.replace

    def full(source, target):
        if Path(target).parts[-2:] == ("best", "step_00000004"):
            raise OSError(errno.ENOSPC, "No space left on device", str(source))
        real(source, target)

    monkeypatch.setattr(atomic.ops, "replace", full)
    progress = Silent()
    scores = Told({2: 40.0, 4: 63.0, 6: 61.0})
    report = _train(facesets, tmp_path / "m", scores, progress, iterations=6, score_every=2)
    assert "not-saved" in progress.warned and report.step == 6
    best = read_best(tmp_path / "m")
    assert best is not None and (best.step, best.combined) == (6, 61.0)
    assert (report.best_step, report.best_score) == (6, 61.0)


KILLED = """
import os, signal, sys
from pathlib import Path
from understudy.nn import checkpoint
from understudy.flow import Silent
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.scored import watch
from understudy.stages.train.scored.judge import Judged
from understudy.stages.train.stage import TrainInputs, train
from understudy.mask.manifest import PLUGINS as MASKERS
from understudy.plugin import Registry
from understudy.store.faceset import FaceFolder
from understudy.testing.tiny import TINY

watch.BUDGET = 1e9

class Rising:
    left_out, key = frozenset(), "these faces"
    def prepare(self): pass
    def __call__(self, swapper): return Judged(10.0 * swapper.step)

real, folder, when = checkpoint.save, Path(sys.argv[1]), sys.argv[2]
def save(place, state, tensors):
    mine = state.step == 4 and (place.name == "best") == (when != "after")
    if mine and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = real(place, state, tensors)
    if mine:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
checkpoint.save = save
persons = {name: (FaceFolder(Path(path)),) for name, path in zip("ab", sys.argv[3:])}
plain = dict(batch=2, device="cpu", threads=1, previews=0, score_every=2, precision="fp32")
options = TrainOptions(model="tiny", iterations=6, **plain)
train(TrainInputs(persons, folder, judge=Rising()), options, Silent(), Registry([TINY, *MASKERS]))
"""


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_a_kill_while_the_best_is_kept_loses_nothing(facesets, tmp_path, when):
    env = {**os.environ, "PYTHONPATH": str(Path(understudy.__file__).parents[1])}
    folder = tmp_path / "m"
    command = [sys.executable, "-c", KILLED, str(folder), when, *map(str, facesets)]
    assert subprocess.run(command, env=env, check=False).returncode == -signal.SIGKILL
    best = read_best(folder)
    assert best is not None and best.step == (2 if when == "before" else 4)
    assert load_swapper(folder, "cpu", REGISTRY, "best").step == best.step
    scores = Told({step: 10.0 * step for step in range(9)})
    _train(facesets, folder, scores, iterations=6, score_every=2)
    assert scores.asked == ([6] if when == "after" else [4, 6])
    assert [p.step for p in read_curve(folder)] == [2, 4, 6]
    assert [p.name for p in (folder / "best").iterdir()] == ["step_00000006"]
    _train(facesets, tmp_path / "whole", Told(scores.scores), iterations=6, score_every=2)
    assert _tensors(folder, 6) == _tensors(tmp_path / "whole", 6)


def test_a_judge_that_fails_ends_no_training(facesets, tmp_path):
    class Blind(Told):
        def prepare(self) -> None:
            raise NoFaces("no face was found again")

    progress = Silent()
    report = _train(facesets, tmp_path / "m", Blind({}), progress, score_every=2)
    assert report.step == 4 and report.score is None
    assert progress.warned.count("not-scored") == 1
    with pytest.raises(StoreError, match="no checkpoint was scored"):
        load_swapper(tmp_path / "m", "cpu", REGISTRY, "best")
    unknown = Told({2: math.nan, 4: math.nan})
    report = _train(facesets, tmp_path / "n", unknown, Silent(), score_every=2)
    assert report.score is None and read_best(tmp_path / "n") is None
    assert json.loads((tmp_path / "n/scores.json").read_text())["points"][0]["combined"] is None


def test_a_damaged_curve_or_best_keeps_nobody_from_training(facesets, tmp_path):
    _train(facesets, tmp_path / "m", Told({2: 80.0}), iterations=2, score_every=2)
    (tmp_path / "m/scores.json").write_text("[")
    (tmp_path / "m/best/step_00000002/ema.safetensors").write_bytes(b"torn")
    assert read_best(tmp_path / "m") is None
    _train(facesets, tmp_path / "m", Told({4: 40.0}), iterations=4, score_every=2)
    best = read_best(tmp_path / "m")
    assert best is not None and best.step == 4
    assert torch.get_num_threads() >= 1
