"""The hybrid model: what it draws, that it begins as the drawing, and what it learns beside it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from understudy.geometry.facemesh.surface import with_ring
from understudy.swap import Batch, Outputs
from understudy.swap.hybrid import CRITIC, Hybrid
from understudy.swap.hybrid.drawing import places_of, shaken, softened, unwrapped
from understudy.swap.mesh.numbers import builds_of, heads_of
from understudy.swap.options import HybridOptions
from understudy.testing.contracts import check_swap
from understudy.testing.meshes import acting

SIZE = 64
SMALL = {"crop": "64", "components": 4, "width": 16, "depth": 1}


def meshes(count: int, seed: int) -> np.ndarray:
    """(n, 478, 3) somebody who blinks, speaks and looks about, in a crop."""
    rng = np.random.default_rng(seed)
    every = [
        acting(rng.uniform(0, 1.1), rng.choice([0.05, 0.4, 1.0]), rng.uniform(-0.4, 0.4))
        for _ in range(count)
    ]
    return np.stack(every) * (0.08, -0.08, -0.08)


def batch_of(person: int, count: int = 12, chance: int = 0) -> Batch:
    at = torch.linspace(0, 3.14, SIZE)
    wave = 0.5 + 0.2 * torch.sin(at)[None] * torch.cos(2 * at)[:, None]
    tone = torch.tensor(((0.9, 0.7, 0.6), (0.6, 0.5, 0.45))[person])
    rgb = (wave * tone[:, None, None]).expand(count, -1, -1, -1).contiguous()
    planes = {"rgb": rgb, "input": rgb, "weight": torch.ones(count, 1, SIZE, SIZE)}
    mesh = torch.tensor(meshes(count, person), dtype=torch.float32)
    return Batch(planes, (person,) * count, {"mesh": mesh}, chance)


def both(chance: int = 0) -> Batch:
    parts = [batch_of(0, 2), batch_of(1, 2)]
    planes = {k: torch.cat([p.planes[k] for p in parts]) for k in parts[0].planes}
    signals = {"mesh": torch.cat([p.signals["mesh"] for p in parts])}
    return Batch(planes, (0, 0, 1, 1), signals, chance)


def new(**chosen: object) -> Hybrid:
    torch.manual_seed(1)
    model = Hybrid(HybridOptions(**{**SMALL, **chosen}), ("ann", "bob"))  # type: ignore[arg-type]
    with torch.no_grad():
        model.init_from([batch_of(0), batch_of(1)])
    return model


@pytest.fixture(scope="module")
def begun() -> Hybrid:
    return new().eval()


def plate(count: int = 3) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    seen = batch_of(0, count)
    build = builds_of([meshes(12, 0)])[0]
    row = np.concatenate([build.rest, [[*build.open_lids, 0.0], [*build.shut_lids, 0.0]]])
    told = torch.tensor(row, dtype=torch.float32).expand(count, -1, -1)
    return seen.planes["input"], {"mesh": seen.signals["mesh"], "build": told}


def learn(model: Hybrid, batch: Batch, steps: int) -> Outputs:
    group = model.groups()[0]
    optimizer = group.optimizer(group.parameters, 3e-3)
    for _ in range(steps):
        terms = model.loss(model(batch), batch, group.name)
        optimizer.zero_grad()
        sum(term.sum() for term in terms.values()).backward()  # type: ignore[union-attr]
        optimizer.step()
    with torch.no_grad():
        return model(batch)


def test_a_face_unwrapped_and_drawn_again_is_itself() -> None:
    batch = batch_of(0, 2)
    heads, points = heads_of(batch.signals["mesh"].double().numpy())
    at = heads.picture(with_ring(points))
    textures = unwrapped(batch.planes["rgb"], at, 128)
    places = places_of(at, SIZE, torch.device("cpu"))
    assert 0.3 < places.drawn.mean() < 0.95, "the face fills a good part of its crop"
    wrong = (places.of(textures) - batch.planes["rgb"]).abs() * places.drawn
    assert wrong.mean() < 0.003 and wrong.max() < 0.1
    outside = places.drawn == 0
    assert not places.of(textures)[outside.expand(-1, 3, -1, -1)].any()


def test_before_training_it_shows_what_mesh_draws(begun: Hybrid) -> None:
    crops, signals = plate()
    with torch.no_grad():
        shown = begun.convert(crops, "bob", signals, mouth=0.0)
        heads, points = heads_of(signals["mesh"].double().numpy())
        seen = unwrapped(crops, heads.picture(with_ring(points)), 128)
        small = torch.nn.functional.interpolate(seen, (64, 64), mode="area")
        made = begun.base.convert(small, "bob", signals, mouth=0.0)
    places = places_of(made.mesh.double().numpy(), SIZE, torch.device("cpu"))
    torch.testing.assert_close(shown.rgb * places.drawn, places.of(made.rgb), atol=1e-4, rtol=0)
    torch.testing.assert_close(shown.alpha, places.of(made.alpha), atol=1e-4, rtol=0)
    assert shown.mesh is None
    wanted = torch.tensor([0.6, 0.5, 0.45])
    found = (shown.rgb * shown.alpha).sum((0, 2, 3)) / shown.alpha.sum()
    torch.testing.assert_close(found / found.sum(), wanted / wanted.sum(), atol=0.02, rtol=0)


def test_it_learns_what_the_drawing_lacks_and_how_far_the_mask_reaches() -> None:
    model, batch = new(), both()
    planes = dict(batch.planes)
    # a scar that skin of four components and half the size does not hold, and a fringe
    planes["rgb"] = planes["rgb"].clone()
    planes["rgb"][..., 38:44, 20:24] *= 0.5
    planes["weight"] = planes["weight"].clone()
    planes["weight"][..., :20, :] = 0
    batch = Batch(planes, batch.persons, batch.signals)
    scar = (..., slice(39, 43), slice(21, 23))
    with torch.no_grad():
        first = model(batch)
    last = learn(model, batch, 60)
    target = planes["rgb"][scar]
    assert (last.rgb[scar] - target).abs().mean() < 0.6 * (first.rgb[scar] - target).abs().mean()
    forehead = (..., slice(15, 18), slice(28, 36))
    assert first.alpha[forehead].mean() > 0.8
    assert last.alpha[forehead].mean() < 0.5 * first.alpha[forehead].mean()


def test_chance_bends_the_drawing_and_nothing_else_does(begun: Hybrid) -> None:
    with torch.no_grad():
        one, again, other = (begun(both(chance)).rgb for chance in (1, 1, 2))
    assert torch.equal(one, again)
    assert (one - other).abs().mean() > 1e-4
    generator = torch.Generator().manual_seed(1)
    points = acting()[None].repeat(50, 0)
    moved = shaken(points, generator, 0.1) - points
    assert moved.std() == pytest.approx(0.1, rel=0.1)
    assert np.abs(moved[:, 159] - moved[:, 158]).mean() < 0.03, "neighbours move together"
    noisy = torch.rand(64, 3, 16, 16, generator=generator)
    shares = (softened(noisy, generator).flatten(1).std(1) / noisy.flatten(1).std(1)).tolist()
    assert min(shares) < 0.5 and sum(share > 0.999 for share in shares) > 16


def test_knobs_go_all_the_way(begun: Hybrid) -> None:
    model = copy.deepcopy(begun)
    with torch.no_grad():
        model.heads[1].last.bias.fill_(0.1)  # bob has learnt something
        crops, signals = plate()
        bob = model.convert(crops, "bob", signals)
        there = model.convert(crops, "ann", signals, morph=1.0, toward="bob")
        own = model.convert(crops, "bob", signals, mouth=0.0)
    torch.testing.assert_close(there.rgb, bob.rgb, atol=1e-5, rtol=0)
    torch.testing.assert_close(there.alpha, bob.alpha, atol=1e-5, rtol=0)
    hole = own.alpha - bob.alpha
    assert hole.min() >= 0 and hole.amax((1, 2, 3)).max() > 0.5, "an open mouth is the plate's"


def test_the_skin_is_trained_where_that_is_asked_for() -> None:
    names = {True: set(), False: set()}
    for trained in (True, False):
        model = new(skin="trained" if trained else "kept")
        known = {id(p): name for name, p in model.named_parameters()}
        names[trained] = {known[id(p)] for p in model.groups()[0].parameters}
        before = copy.deepcopy(model.base.state_dict())
        learn(model, both(), 2)
        same = [torch.equal(v, before[k]) for k, v in model.base.state_dict().items()]
        assert all(same) is not trained
    added = names[True] - names[False]
    assert added == {name for name in names[True] if name.startswith("base.")}


def test_a_critic_learns_apart_from_the_net() -> None:
    model = new(adversarial=0.05)
    made, judging = model.groups()
    assert (made.name, judging.name) == ("model", CRITIC)
    batch = both()
    with torch.no_grad():
        model.heads[0].last.bias.fill_(0.3)
        model.heads[1].last.bias.fill_(0.3)
    outputs = model(batch)
    optimizer = judging.optimizer(judging.parameters, 2e-4)
    losses = []
    for _ in range(40):
        loss = model.loss(outputs, batch, CRITIC)["critic"].mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss, inputs=list(judging.parameters), retain_graph=True)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.95 * losses[0], "faces that are off are told from filmed ones"
    judged = model.loss(outputs, batch, "model")["judged"]
    grads = torch.autograd.grad(judged.sum(), model.heads[0].last.bias)
    assert grads[0].abs().max() > 0


def test_half_precision_stays_near() -> None:
    model, batch = new(), both()
    with torch.no_grad():
        full = model(batch)
        with torch.autocast("cpu", torch.bfloat16):
            half = model(batch)
    assert (full.rgb - half.rgb.float()).abs().max() < 0.05


@pytest.mark.parametrize(
    "chosen",
    [
        {"block": "convnext", "features": 0},
        pytest.param({"adversarial": 0.001}, marks=pytest.mark.slow),
        pytest.param({"skin": "trained"}, marks=pytest.mark.slow),
    ],
)
def test_every_build_keeps_to_the_contract(chosen: dict[str, object]) -> None:
    check_swap(Hybrid, HybridOptions(**{**SMALL, **chosen}))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("crop", ["128", "256", "384", "512"])
def test_every_size_is_built(crop: str) -> None:
    model = Hybrid(HybridOptions(crop=crop, components=4, width=8, depth=1), ("a", "b"))  # type: ignore[arg-type]
    faces = torch.rand(1, 3, int(crop), int(crop))
    _, signals = plate(1)
    with torch.no_grad():
        shown = model.convert(faces, "b", signals)
    assert shown.rgb.shape == (1, 3, int(crop), int(crop))
    assert shown.alpha.shape == (1, 1, int(crop), int(crop))
