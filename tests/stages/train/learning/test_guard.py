"""What becomes of a training whose loss spikes: survived, told, and resumed to the same bits."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.errors import Cancelled, TrainingError
from understudy.flow import Silent
from understudy.mask.manifest import PLUGINS as MASKERS
from understudy.nn import checkpoint
from understudy.plugin import Registry
from understudy.stages.train.feeding.crops import Cutting, margin_px
from understudy.stages.train.feeding.faces import FaceArrays
from understudy.stages.train.learning import guard as guard_module
from understudy.stages.train.learning.guard import AT_MOST, FEWEST, IN_A_ROW, Guard
from understudy.stages.train.learning.loop import Trainer
from understudy.stages.train.learning.run import TrainReport
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, train
from understudy.store.faceset import FaceFolder
from understudy.swap import Crop
from understudy.swap.loading import new_model
from understudy.swap.manifest import PLUGINS
from understudy.testing.tiny import TINY

REGISTRY = Registry([TINY, *PLUGINS, *MASKERS])
CUTTING = Cutting(Crop(64, 96, "legacy", 1.0), "extended", 3.0, 2.0)


def _trainer() -> Trainer:
    """A small model of two persons with a few grey, noisy faces each."""
    generator, size = np.random.default_rng(1), 96 + 2 * margin_px(96)
    sources = {}
    for person, tone in (("a", 160), ("b", 90)):
        faces = np.zeros(6, CUTTING.dtype)
        faces["planes"] = 60
        faces["planes"][:, :3] = tone + generator.integers(-20, 20, (6, 3, size, size))
        sources[person] = FaceArrays(CUTTING, faces)
    model = new_model(REGISTRY.get("swap", "quick"), 1, ("a", "b"))
    options = TrainOptions(batch=2, device="cpu")
    return Trainer(model, sources, options, 1, torch.device("cpu"))


def _train(facesets, folder: Path, progress: Silent | None = None, **changes) -> TrainReport:
    plain = {"model": "tiny", "batch": 2, "device": "cpu", "threads": 1, "previews": 0} | changes
    persons = {name: (FaceFolder(path),) for name, path in zip("ab", facesets, strict=True)}
    inputs = TrainInputs(persons, folder)
    return train(inputs, TrainOptions(**plain), progress or Silent(), REGISTRY)


def _tensors(folder: Path, step: int) -> dict[str, bytes]:
    path = folder / f"step_{step:08d}"
    return {p.name: p.read_bytes() for p in path.glob("*.safetensors")}


class _StopAt(Silent):
    """Asks to stop as soon as a bar stands at this iteration."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration
        super().__init__()

    def emit(self, event) -> None:
        super().emit(event)
        if event.kind == "advance" and event.data["note"].startswith(
            f"iteration {self.iteration},"
        ):
            self.cancelled = True


def _settled(level: float = 0.1, spread: float = 0.01) -> Guard:
    guard = Guard()
    noise = np.random.default_rng(1).normal(0, spread, 60)
    for k, n in enumerate(noise):
        assert guard.judge(k, level + n) != "left out"
    return guard


def test_a_spike_is_left_out_and_several_in_a_row_go_back():
    guard = _settled()
    assert guard.judge(60, 0.3) == "left out"
    assert guard.judge(61, 0.1) == "taken"
    assert guard.judge(62, math.nan) == "left out"
    assert guard.judge(63, 0.1, held=False) == "left out"
    said = [guard.judge(64 + k, 3.0) for k in range(IN_A_ROW - 2)]
    assert said == ["left out"] * (IN_A_ROW - 3) + ["gone back"]
    assert (guard.left_out, guard.gone_back) == (IN_A_ROW + 1, 1)


def test_nothing_finite_is_left_out_before_it_is_known_what_is_usual():
    guard = Guard()
    losses = np.geomspace(1, 1e4, FEWEST)
    assert [guard.judge(k, x) for k, x in enumerate(losses)] == ["taken"] * FEWEST
    assert Guard().judge(0, math.inf) == "left out"


def test_a_wide_spread_of_losses_makes_no_spike_of_a_hard_face():
    calm, wide = _settled(spread=0.002), _settled(spread=0.03)
    assert calm.judge(60, 0.22) == "left out"
    assert wide.judge(60, 0.22) != "left out"


def test_losses_between_the_usual_and_a_spike_are_doubtful():
    guard = _settled(spread=0.002)
    assert guard.judge(60, 0.13) == "taken"
    assert guard.judge(61, 0.17) == "doubtful"


def test_after_going_back_the_rate_is_low_and_never_what_did_not_hold():
    guard = _settled()
    assert guard.share(60) == 1.0
    back = 60 + IN_A_ROW - 1
    for k in range(60, back + 1):
        guard.judge(k, 9.0)
    shares = [guard.share(back + k) for k in (1, 40, 500, 2000, 10**6)]
    assert shares == sorted(shares)
    assert shares[0] < 0.02 and shares[1] == pytest.approx(guard.lowered, abs=0.02)
    assert shares[-1] == pytest.approx(0.8)


def test_it_gives_up_when_going_back_never_helps():
    guard = _settled()
    with pytest.raises(TrainingError, match=r"loss is nan again.*lower --learning-rate"):
        for k in range(1000):
            guard.judge(60 + k, math.nan)
    assert guard.gone_back == AT_MOST


def test_a_new_level_is_taken_when_going_back_shows_that_it_is_not_the_model():
    guard = _settled()
    said = [guard.judge(60 + k, 0.5) for k in range(3 * IN_A_ROW)]
    assert said.count("gone back") == 2 and said[-IN_A_ROW:] == ["taken"] * IN_A_ROW


def test_what_it_knows_comes_back_from_its_tensors():
    guard = _settled()
    for k in range(60, 60 + IN_A_ROW + 2):
        guard.judge(k, 9.0)
    other = Guard()
    other.restore(guard.tensors())
    assert other.limit == guard.limit and other.share(90) == guard.share(90)
    rest = [*np.full(3, 9.0), 0.1, 0.19, 0.4]
    assert [other.judge(70 + k, x) for k, x in enumerate(rest)] == [
        guard.judge(70 + k, x) for k, x in enumerate(rest)
    ]


def test_a_poisoned_batch_leaves_no_trace(monkeypatch):
    monkeypatch.setattr(guard_module, "FEWEST", 4)
    trainer = _trainer()
    for k in range(6):
        trainer.step(k)
    real = trainer.batch_of

    def poisoned(number):
        batch = real(number)
        batch.planes["rgb"].mul_(40)
        return batch

    before = trainer.tensors()
    monkeypatch.setattr(trainer, "batch_of", poisoned)
    assert sum(trainer.step(6).values()) > 5 and trainer.verdict == "left out"
    monkeypatch.undo()
    for file in ("weights", "ema", "optimizer"):
        assert all(torch.equal(v, before[file][k]) for k, v in trainer.tensors()[file].items())


def test_gradients_that_are_not_finite_are_left_out_too():
    trainer = _trainer()
    trainer.step(0)
    before = trainer.tensors()["weights"]
    parameter = trainer.groups[0].parameters[0]
    handle = parameter.register_hook(lambda g: g * math.nan)
    trainer.step(1)
    handle.remove()
    assert trainer.verdict == "left out"
    assert all(torch.equal(v, before[k]) for k, v in trainer.tensors()["weights"].items())


def test_gradients_are_clipped():
    trainer = _trainer()
    trainer.step(0)
    grads = [p.grad for p in trainer.groups[0].parameters if p.grad is not None]
    assert float(torch.stack([g.norm() for g in grads]).norm()) <= trainer.recipe.clip * 1.001


def _poison(monkeypatch, at: int) -> None:
    """From an iteration on the model has left: its weights are ruined behind the trainer's back."""
    real = Trainer.batch_of

    def batch_of(self, number):
        if number == at:
            with torch.no_grad():
                for parameter in self.model.parameters():
                    parameter.mul_(3)
        return real(self, number)

    monkeypatch.setattr(Trainer, "batch_of", batch_of)
    monkeypatch.setattr(guard_module, "FEWEST", 4)


def test_a_model_that_left_is_brought_back_and_it_is_said(facesets, tmp_path, monkeypatch):
    plain = Silent()
    _train(facesets, tmp_path / "plain", plain, iterations=30)
    _poison(monkeypatch, at=12)
    progress = Silent()
    report = _train(facesets, tmp_path / "m", progress, iterations=30)
    assert (report.left_out, report.gone_back) == (IN_A_ROW, 1)
    told = [event for event in progress.events if event.code == "spike"]
    assert [event.data["gone_back"] for event in told] == [False, True]
    assert told[1].data["loss"] > 2 * told[1].data["usual"]
    assert "train with a --learning-rate below" in told[1].text
    assert f"{IN_A_ROW} of 30 steps were left out" in progress.said[-1]
    losses = {
        where: [e.data["value"] for e in p.events if e.code == "loss/a"]
        for where, p in (("plain", plain), ("m", progress))
    }
    assert losses["m"][-1] < 1.5 * losses["plain"][-1]
    assert not [event for event in plain.events if event.code == "spike"]


@pytest.mark.parametrize("stops", [(3,), (14,), (20,), (14, 18)])
def test_resuming_around_a_spike_is_bit_identical(facesets, tmp_path, monkeypatch, stops):
    _poison(monkeypatch, at=12)
    report = _train(facesets, tmp_path / "whole", iterations=24)
    assert report.gone_back == 1
    for stop in stops:
        with pytest.raises(Cancelled, match=f"saved at iteration {stop}"):
            _train(facesets, tmp_path / "m", _StopAt(stop), iterations=24)
    _train(facesets, tmp_path / "m", iterations=24)
    assert _tensors(tmp_path / "whole", 24) == _tensors(tmp_path / "m", 24)


def test_a_plan_that_is_raised_ends_as_one_that_was_longer_at_once(facesets, tmp_path):
    _train(facesets, tmp_path / "whole", iterations=9)
    _train(facesets, tmp_path / "m", iterations=4)
    _train(facesets, tmp_path / "m", iterations=9)
    assert _tensors(tmp_path / "whole", 9) == _tensors(tmp_path / "m", 9)


def test_other_options_make_the_losses_before_no_measure(facesets, tmp_path):
    _train(facesets, tmp_path / "m", iterations=3)
    _train(facesets, tmp_path / "m", iterations=5)
    kept = checkpoint.newest(tmp_path / "m").tensors("guard")["losses"]
    assert len(kept) == 5
    _train(facesets, tmp_path / "m", iterations=7, eyes=1.0)
    kept = checkpoint.newest(tmp_path / "m").tensors("guard")["losses"]
    assert len(kept) == 2


def test_a_checkpoint_without_a_guard_goes_on_gently(facesets, tmp_path):
    _train(facesets, tmp_path / "m", iterations=30)
    found = checkpoint.newest(tmp_path / "m")
    groups = {name: found.tensors(name) for name in ("weights", "ema", "optimizer")}
    (tmp_path / "old").mkdir()
    checkpoint.save(tmp_path / "old", replace(found.state, files={}), groups)
    rates = {}
    for name in ("m", "old"):
        progress = Silent()
        _train(facesets, tmp_path / name, progress, iterations=40)
        rates[name] = [e.data["value"] for e in progress.events if e.code == "learning_rate"][-1]
    assert rates["old"] == pytest.approx(rates["m"] * 10 / 40 * 0.505, rel=0.02)
