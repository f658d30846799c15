"""One iteration: which faces it takes, how far it steps, and that it learns."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from understudy.errors import TrainingError
from understudy.plugin import Registry
from understudy.stages.train.feeding.crops import Cutting, margin_px
from understudy.stages.train.feeding.faces import FaceArrays
from understudy.stages.train.learning.loop import Trainer, rate
from understudy.stages.train.options import TrainOptions
from understudy.swap import Crop, Recipe
from understudy.swap.loading import new_model
from understudy.swap.manifest import PLUGINS

QUICK = Cutting(Crop(64, 96, "legacy", 1.0), "extended", 3.0, 2.0)


def in_memory(planes: np.ndarray, cutting: Cutting) -> FaceArrays:
    """Faces that come from no picture."""
    faces = np.zeros(len(planes), cutting.dtype)
    faces["planes"] = planes
    return FaceArrays(cutting, faces)


def _faces(n: int, tone: int, seed: int, hidden: int = 0) -> FaceArrays:
    """Discs of one tone with two darker spots that move; so many rows the mask leaves out."""
    generator = np.random.default_rng(seed)
    size = 96 + 2 * margin_px(96)
    y, x = np.mgrid[:size, :size] - size / 2
    pixels = np.full((n, 4, size, size), 60, np.uint8)
    pixels[:, 3, :hidden] = 0
    for i, (dx, dy) in enumerate(generator.uniform(-8, 8, (n, 2))):
        pixels[i, :3, (x / 30) ** 2 + (y / 40) ** 2 < 1] = tone
        for side in (-14, 14):
            pixels[i, :3, (x - side - dx) ** 2 + (y + 8 - dy) ** 2 < 20] = tone // 3
    return in_memory(pixels, QUICK)


def _trainer(n: int = 5, hidden: int = 0, **changes) -> Trainer:
    options = TrainOptions(**{"iterations": 10, "batch": 2, "device": "cpu"} | changes)
    model = new_model(Registry(PLUGINS).get("swap", "quick"), 1, ("a", "b"))
    faces = {"a": _faces(n, 200, 1, hidden), "b": _faces(n + 2, 120, 2, hidden)}
    return Trainer(model, faces, options, 1, torch.device("cpu"))


def test_it_learns():
    trainer = _trainer(warp=False, flip=False, transform=False, colour=False)
    losses = [trainer.step(k) for k in range(80)]  # by 50 some processors halve it just not
    for side in ("a", "b"):
        first, last = (np.mean([x[side] for x in part]) for part in (losses[:3], losses[-5:]))
        assert last < 0.5 * first


def test_switches_change_between_two_iterations():
    trainer = _trainer(hidden=50)
    for number in range(3):
        trainer.step(number)
    inside = trainer.batch_of(3).planes["weight"]
    assert (trainer.change("masked", False), trainer.change("flip", False)) == ("", "")
    assert (trainer.change("warp", False), trainer.change("learning_rate", 1e-5)) == ("", "")
    whole = trainer.batch_of(3).planes["weight"]
    assert inside.min() < 0.99 and whole.min() >= 1
    assert trainer.switches.warp == trainer.switches.flip == 0
    assert trainer.switches.transform > 0
    trainer.step(3)
    assert trainer.current_rate <= 1e-5
    assert math.isnan(trainer.guard.usual), "what was usual says nothing of what is learnt now"
    assert trainer.change("learning_rate", None) == ""
    assert trainer.learning_rate == trainer.recipe.learning_rate
    assert trainer.change("masked", True) == ""
    assert trainer.batch_of(3).planes["weight"].min() < 0.99

    textures = _trainer()
    textures.model.crop = replace(textures.model.crop, surface=True)
    assert all(textures.change(name, False) for name in ("warp", "transform", "masked"))
    sided = _trainer()
    sided.recipe = replace(sided.recipe, flip=0.0)
    assert "without it" in sided.change("flip", True), "it would be told as done, and do nothing"
    unmasked = _trainer()
    unmasked.cutting = replace(unmasked.cutting, mask=None)
    assert "without a mask" in unmasked.change("masked", True)


def test_the_start_from_the_faces_is_worth_many_iterations():
    trainer = _trainer()
    trainer.init_from_faces(each=4)
    fresh = _trainer()
    for side in ("a", "b"):
        assert trainer.step(0)[side] < 0.8 * fresh.step(0)[side]


def test_every_face_comes_once_an_epoch_in_an_order_of_its_own():
    trainer = _trainer(n=6, warp=False, flip=False, transform=False, colour=False)
    faces = trainer.feed.sources[0].faces["planes"]
    names = {p.tobytes(): i for i, p in enumerate(faces)}
    taken = [names[p.numpy().tobytes()] for k in range(6) for p in trainer.feed.step(k).planes[:2]]
    assert sorted(taken[:6]) == sorted(taken[6:]) == list(range(6))
    assert taken[:6] != taken[6:]


def test_a_batch_depends_on_its_number_only():
    trainer, other = _trainer(), _trainer()
    for k in (0, 1, 2):
        other.batch_of(k)
    batch, same = trainer.batch_of(7), other.batch_of(7)
    for name, plane in batch.planes.items():
        assert torch.equal(plane, same.planes[name])
    shapes = {name: tuple(plane.shape) for name, plane in batch.planes.items()}
    assert shapes == {"input": (4, 3, 64, 64), "rgb": (4, 3, 96, 96), "weight": (4, 1, 96, 96)}
    assert batch.persons == (0, 0, 1, 1)


def test_input_and_target_are_the_same_but_for_the_warp():
    planes = _trainer(warp=False).batch_of(3).planes
    small = torch.nn.functional.interpolate(planes["rgb"], (64, 64), mode="bilinear")
    assert float((planes["input"] - small).abs().mean()) < 0.02


def test_a_loss_that_is_not_finite_never_touches_the_model_and_ends_training():
    trainer = _trainer()
    trainer.step(0)
    before = trainer.tensors()
    trainer.model.recipe = replace(trainer.model.recipe, mae=math.inf)
    trainer.step(1)
    assert all(
        torch.equal(v, before["weights"][k]) for k, v in trainer.tensors()["weights"].items()
    )
    with pytest.raises(TrainingError, match=r"does not hold.*lower --learning-rate"):
        for k in range(2, 100):
            trainer.step(k)
    # it went back to the running mean meanwhile, which nothing bad ever entered
    assert all(torch.equal(v, before["ema"][k]) for k, v in trainer.tensors()["weights"].items())


def test_weights_that_are_not_finite_are_never_handed_out():
    trainer = _trainer()
    next(trainer.model.parameters()).data.fill_(math.nan)
    with pytest.raises(TrainingError, match="the last checkpoint is good"):
        trainer.tensors()


def test_the_learning_rate_warms_up_stays_and_falls_without_an_end():
    recipe = Recipe(1e-3, warm_up=10, level=400)
    assert rate(recipe, 0) == pytest.approx(0.1)
    assert rate(recipe, 9) == rate(recipe, 399) == pytest.approx(1.0)
    assert rate(recipe, 1599) == pytest.approx(0.5)
    fallen = [rate(recipe, k) for k in range(400, 10**5, 100)]
    assert fallen == sorted(fallen, reverse=True)
    assert rate(Recipe(1e-3), 10**6) == 1.0
