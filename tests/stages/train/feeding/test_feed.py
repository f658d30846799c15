"""What a trainer is fed: each process its own share, in an order of its own, fetched ahead."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from understudy.stages.train.feeding.crops import Cutting
from understudy.stages.train.feeding.faces import FaceArrays
from understudy.stages.train.feeding.feed import Feed
from understudy.stages.train.feeding.sampler import Sampler
from understudy.stages.train.learning.loop import Trainer
from understudy.stages.train.options import TrainOptions
from understudy.swap import Batch, Crop, Needs, Outputs, Recipe
from understudy.swap.standard import StandardModel

CROP = Crop(16, 16, "face", 0.9)
CUTTING = Cutting(CROP, None, 1.0, 1.0, ("components",), ("pose", "landmarks"))


def _source(n: int) -> FaceArrays:
    faces = np.zeros(n, CUTTING.dtype)
    faces["planes"] = np.arange(n)[:, None, None, None]
    faces["signals"] = np.arange(n)[:, None]
    return FaceArrays(CUTTING, faces)


def test_processes_that_train_together_share_an_epoch():
    taken = [
        Sampler(1, 4, rank, 3).rows(0, 24, step).tolist() for step in range(2) for rank in range(3)
    ]
    assert sorted(i for rows in taken for i in rows) == list(range(24))
    alone = [Sampler(1, 4).rows(0, 24, step).tolist() for step in range(6)]
    assert taken == alone  # of one order, whoever takes which part of it
    numbers = {
        int(torch.randint(2**40, (), generator=Sampler(1, 4, rank, 3).augmenting(step)))
        for step in range(2)
        for rank in range(3)
    }
    assert len(numbers) == 6


def test_steps_in_a_row_are_fetched_ahead_and_any_step_can_be_asked_for():
    before = set(threading.enumerate())
    feed = Feed([_source(10), _source(7)], Sampler(1, 3), pinned=False)
    alone = Feed([_source(10), _source(7)], Sampler(1, 3), pinned=False)
    names = []
    original = feed._gather

    def gather(number: int) -> Any:
        names.append((number, threading.current_thread().name))
        return original(number)

    feed._gather = gather  # type: ignore[method-assign]
    for step in (0, 1, 2, 9, 3):
        raw, want = feed.step(step), alone.step(step)
        assert torch.equal(raw.planes, want.planes) and raw.persons == (0, 0, 0, 1, 1, 1)
        alone.close()
    feed.close()
    assert {n for n, _ in names} > {0, 1, 2, 3, 9}
    assert threading.main_thread().name not in {name for _, name in names}
    assert set(threading.enumerate()) <= before


def test_signals_are_told_in_their_shapes():
    raw = Feed([_source(5)], Sampler(1, 2), pinned=False).evenly(0, 3, 1)
    assert raw.planes[:, 0, 0, 0].tolist() == [0, 1, 3]
    assert {k: tuple(v.shape) for k, v in raw.signals.items()} == {
        "pose": (3, 3),
        "landmarks": (3, 68, 2),
    }
    assert raw.signals["landmarks"][:, 5, 1].tolist() == [0, 1, 3]


class Told(StandardModel):
    """Draws nothing but what it is told of the pose, within the mask that it asked for."""

    crop, recipe = CROP, Recipe(1e-2, batch=2, dssim_stride=2)
    needs = Needs(masks=("components",), signals=("pose", "landmarks"))

    def __init__(self, options: None, persons: tuple[str, ...]) -> None:
        super().__init__(persons)
        self.seen = torch.nn.Linear(3, 3 * 16 * 16)

    def forward(self, batch: Batch) -> Outputs:
        assert batch.planes["mask:components"].shape == (len(batch), 1, 16, 16)
        assert batch.signals["landmarks"].shape == (len(batch), 68, 2)
        return self.convert(batch.planes["input"], "a", batch.signals)

    def convert(
        self, crops: Tensor, to: str, signals: Mapping[str, Tensor] | None = None
    ) -> Outputs:
        assert signals is not None
        return Outputs(self.seen(signals["pose"] / 30).view(-1, 3, 16, 16))


def test_a_model_is_fed_the_masks_and_signals_that_it_needs():
    model = Told(None, ("a", "b"))
    options = TrainOptions(device="cpu", masked=False)
    assert Cutting.of(model, options).masks == ("components",)
    faces = {p: _source(8) for p in model.persons}
    trainer = Trainer(model, faces, options, 1, torch.device("cpu"))
    chances = [trainer.batch_of(k).chance for k in (0, 1, 0)]
    assert chances[0] == chances[2] != chances[1], "random numbers of the iteration's own"
    losses = [trainer.step(k)["a"] for k in range(30)]
    trainer.feed.close()
    assert losses[-1] < 0.9 * losses[0] or pytest.fail(str(losses))
