"""The face-swapping models: sizes, shapes, any number of persons, and what can be turned."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from understudy.errors import StoreError, ValueRefused
from understudy.nn import checkpoint
from understudy.plugin import Registry
from understudy.swap import Batch, check_knobs
from understudy.swap.loading import load_into, load_swapper, new_model
from understudy.swap.manifest import PLUGINS

REGISTRY = Registry(PLUGINS)


def _batch(*faces: torch.Tensor) -> Batch:
    """Each person's inputs, persons in order."""
    persons = tuple(i for i, shown in enumerate(faces) for _ in shown)
    return Batch({"input": torch.cat(faces)}, persons)


@pytest.mark.parametrize(
    ("name", "parameters"), [("original", 82_062_470), ("lightweight", 51_066_374)]
)
def test_the_fields_models_have_the_fields_size(name, parameters):
    with torch.device("meta"):  # shapes without numbers: no memory, no time
        model = REGISTRY.get("swap", name).load()(None, ("a", "b"))
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("persons", [("a", "b"), ("ann", "bob", "keys", "d.e")])
@pytest.mark.parametrize("name", ["quick", "original", "lightweight"])
def test_faces_come_out_at_the_promised_size(name, persons):
    with torch.device("meta"):
        model = REGISTRY.get("swap", name).load()(None, persons)
        faces = torch.empty(2, 3, model.crop.input_px, model.crop.input_px)
        shown = model(_batch(*[faces] * len(persons)))
        swapped = model.convert(faces, persons[-1])
    size = (3, model.crop.output_px, model.crop.output_px)
    assert shown.rgb.shape == (2 * len(persons), *size) and shown.alpha is None
    assert len(shown.code) == 2 * len(persons)
    assert swapped.rgb.shape == (2, *size)


@pytest.mark.parametrize("persons", [(), ("a",), ("a", "a")])
def test_a_model_is_for_two_different_persons_at_least(persons):
    with pytest.raises(ValueRefused, match="two or more different"):
        new_model(REGISTRY.get("swap", "quick"), 1, persons)


def _random(n: int, planes: int, size: int, seed: int) -> torch.Tensor:
    return torch.rand(n, planes, size, size, generator=torch.Generator().manual_seed(seed))


def test_everybody_together_is_each_person_alone():
    model = new_model(REGISTRY.get("swap", "quick"), 1, ("a", "b", "c"))
    faces = [_random(n, 3, 64, n) for n in (2, 3, 1)]
    together = model(_batch(*faces)).rgb.split([2, 3, 1])
    for shown, person, seen in zip(together, model.persons, faces, strict=True):
        torch.testing.assert_close(model.convert(seen, person).rgb, shown, atol=1e-5, rtol=0)
    with pytest.raises(ValueRefused, match="knows a, b, c, not 'd'"):
        model.convert(faces[0], "d")


def test_a_morph_lies_between_two_persons():
    model = new_model(REGISTRY.get("swap", "quick"), 1, ("a", "b", "c"))
    with torch.no_grad():
        model.init_from([_person(tone, 16, 1) for tone in (0.3, 0.6, 0.9)])
        faces = _random(2, 3, 64, 1)
        a, c = (model.convert(faces, to).rgb for to in "ac")
        between = model.convert(faces, "a", morph=0.25, toward="c").rgb
    torch.testing.assert_close(between, 0.75 * a + 0.25 * c)
    assert not torch.allclose(a, c, atol=0.1)
    with pytest.raises(ValueRefused, match="toward whom"):
        model.convert(faces, "a", morph=0.25)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"beard": 1.0}, "beard: this model has no such knob; it has: morph (0 to 1), toward ("),
        ({"morph": 1.5}, "expected 0 to 1, got 1.5"),
        ({"morph": "much"}, "expected a number, got 'much'"),
        ({"morph": 0.5, "toward": "zoe"}, "toward: expected one of a, b, got 'zoe'"),
    ],
)
def test_knobs_that_a_model_does_not_have_are_refused(knobs, words):
    model = new_model(REGISTRY.get("swap", "quick"), 1, ("a", "b"))
    with pytest.raises(ValueRefused, match=re.escape(words)):
        check_knobs(model, knobs)


def test_a_seed_gives_the_same_model_and_leaves_the_world_alone():
    before = torch.get_rng_state()
    plugin = REGISTRY.get("swap", "quick")
    first, again, other = (new_model(plugin, s, ("a", "b")) for s in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    equal = [torch.equal(x, y) for x, y in zip(first.parameters(), again.parameters(), strict=True)]
    differs = [
        not torch.equal(x, y) for x, y in zip(first.parameters(), other.parameters(), strict=True)
    ]
    assert all(equal) and any(differs)


def _person(base: float, n: int, seed: int) -> Batch:
    """Pictures whose left half gets brighter or darker around a person's own tone."""
    what = torch.rand(n, generator=torch.Generator().manual_seed(seed))
    faces = torch.full((n, 3, 96, 96), base)
    faces[..., :48] += 0.3 * (what[:, None, None, None] - 0.5)
    small = torch.nn.functional.interpolate(faces, (64, 64), mode="area")
    planes = {"input": small, "rgb": faces, "weight": torch.ones(n, 1, 96, 96)}
    return Batch(planes, (0,) * n)


@pytest.mark.parametrize("persons", ["ab", "abc"])
def test_quick_begins_with_a_swap_that_carries_what_the_face_does(persons):
    model = new_model(REGISTRY.get("swap", "quick"), 1, tuple(persons))
    faces = [_person(tone, 64, i) for i, tone in enumerate((0.3, 0.6, 0.8)[: len(persons)])]
    with torch.no_grad():
        model.init_from(faces)
        swapped = model.convert(faces[0].planes["input"], "b").rgb
    right, left = swapped[..., 60:].mean((1, 2, 3)), swapped[..., :36].mean((1, 2, 3))
    assert (right - 0.6).abs().max() < 0.05  # B's tone
    done = torch.corrcoef(torch.stack([left, faces[0].planes["rgb"][:, 0, 0, 0]]))[0, 1]
    assert done > 0.9  # A's doing


def test_quick_begins_the_same_every_time():
    models = [new_model(REGISTRY.get("swap", "quick"), 1, ("a", "b")) for _ in range(2)]
    with torch.no_grad():
        for model in models:
            model.init_from([_person(0.3, 16, 1), _person(0.6, 16, 2)])
    for (name, x), y in zip(
        models[0].state_dict().items(), models[1].state_dict().values(), strict=True
    ):
        assert torch.equal(x, y), name


def test_quick_begins_sound_with_one_picture_a_person():
    model = new_model(REGISTRY.get("swap", "quick"), 1, ("a", "b"))
    with torch.no_grad():
        model.init_from([_person(0.3, 1, 1), _person(0.6, 1, 2)])
        shown = model.convert(torch.rand(1, 3, 64, 64), "a").rgb
    assert torch.isfinite(shown).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_never_converted_with(tmp_path, value):
    """All of them, as after a training that exploded, gave a signed film of black faces."""
    model = new_model(REGISTRY.get("swap", "original"), 1, ("a", "b"))
    weights = model.state_dict()
    load_into(model, weights, tmp_path)
    for spoilt in (dict.fromkeys(weights), {next(iter(weights)): None}):
        bad = {n: t if n not in spoilt else torch.full_like(t, value) for n, t in weights.items()}
        with pytest.raises(StoreError, match="not finite"):
            load_into(model, bad, tmp_path)


def test_pixels_that_are_no_numbers_are_never_shown(tmp_path):
    """Finite weights can still come to more than a number holds."""
    plugin = REGISTRY.get("swap", "original")
    model = new_model(plugin, 1, ("a", "b"))
    large = {n: 3e38 * t.sign() for n, t in model.state_dict().items()}
    state = checkpoint.State(1, plugin.name, plugin.version, {}, 1, 1.0, ("a", "b"))
    checkpoint.save(tmp_path, state, {"weights": large})
    swapper = load_swapper(tmp_path, "cpu", REGISTRY)
    with pytest.raises(StoreError, match="no numbers at iteration 1"):
        swapper.convert(np.ones((1, swapper.input_px, swapper.input_px, 3), np.float32), "a")
