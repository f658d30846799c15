"""The face-swapping models: sizes, shapes, and one encoder for both people."""

from __future__ import annotations

import pytest
import torch

from understudy.plugin import Registry
from understudy.swap.loading import new_model
from understudy.swap.manifest import PLUGINS

REGISTRY = Registry(PLUGINS)


@pytest.mark.parametrize(
    ("name", "parameters"), [("original", 82_062_470), ("lightweight", 51_066_374)]
)
def test_the_fields_models_have_the_fields_size(name, parameters):
    with torch.device("meta"):  # shapes without numbers: no memory, no time
        model = REGISTRY.get("swap", name).load()()
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("name", [p.name for p in PLUGINS])
def test_faces_come_out_at_the_promised_size(name):
    with torch.device("meta"):
        model = REGISTRY.get("swap", name).load()()
        faces = torch.empty(2, 3, model.crop.input_px, model.crop.input_px)
        a, b = model.both(faces, faces)
    assert a.shape == b.shape == (2, 3, model.crop.output_px, model.crop.output_px)


def _random(n: int, planes: int, size: int, seed: int) -> torch.Tensor:
    return torch.rand(n, planes, size, size, generator=torch.Generator().manual_seed(seed))


def test_both_is_each_side_on_its_own():
    model = new_model(REGISTRY.get("swap", "quick"), seed=1)
    a, b = _random(2, 3, 64, 1), _random(3, 3, 64, 2)
    both = model.both(a, b)
    for faces, side, together in ((a, "a", both[0]), (b, "b", both[1])):
        torch.testing.assert_close(model(faces, side), together, atol=1e-5, rtol=0)


def test_a_seed_gives_the_same_model_and_leaves_the_world_alone():
    before = torch.get_rng_state()
    first, again, other = (new_model(REGISTRY.get("swap", "quick"), s) for s in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    equal = [torch.equal(x, y) for x, y in zip(first.parameters(), again.parameters(), strict=True)]
    differs = [
        not torch.equal(x, y) for x, y in zip(first.parameters(), other.parameters(), strict=True)
    ]
    assert all(equal) and any(differs)


def _person(base: float, n: int, seed: int) -> torch.Tensor:
    """Pictures whose left half gets brighter or darker around a person's own tone."""
    what = torch.rand(n, generator=torch.Generator().manual_seed(seed))
    faces = torch.full((n, 4, 96, 96), base)
    faces[:, :3, :, :48] += 0.3 * (what[:, None, None, None] - 0.5)
    faces[:, 3] = 1
    return faces


def test_quick_begins_with_a_swap_that_carries_what_the_face_does():
    model = new_model(REGISTRY.get("swap", "quick"), seed=1)
    a, b = _person(0.3, 64, 1), _person(0.6, 64, 2)
    with torch.no_grad():
        model.init_from(a, b)
        inputs = torch.nn.functional.interpolate(a[:, :3], (64, 64), mode="area")
        swapped = model(inputs, "b")
    right, left = swapped[..., 60:].mean((1, 2, 3)), swapped[..., :36].mean((1, 2, 3))
    assert (right - 0.6).abs().max() < 0.05  # B's tone
    done = torch.corrcoef(torch.stack([left, a[:, 0, 0, 0]]))[0, 1]
    assert done > 0.9  # A's doing


def test_quick_begins_the_same_every_time():
    models = [new_model(REGISTRY.get("swap", "quick"), seed=1) for _ in range(2)]
    with torch.no_grad():
        for model in models:
            model.init_from(_person(0.3, 16, 1), _person(0.6, 16, 2))
    for (name, x), y in zip(
        models[0].state_dict().items(), models[1].state_dict().values(), strict=True
    ):
        assert torch.equal(x, y), name


def test_quick_begins_sound_with_one_picture_a_side():
    model = new_model(REGISTRY.get("swap", "quick"), seed=1)
    with torch.no_grad():
        model.init_from(_person(0.3, 1, 1), _person(0.6, 1, 2))
        shown = model(torch.rand(1, 3, 64, 64), "a")
    assert torch.isfinite(shown).all()
