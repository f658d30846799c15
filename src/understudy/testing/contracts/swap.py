"""What every face-swapping model keeps to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from understudy.errors import UnderstudyError
from understudy.geometry.facemesh.build import nobody
from understudy.swap import Batch, Outputs, check_knobs

if TYPE_CHECKING:
    from torch import Tensor

PERSONS = ("ann", "keys", "d.e")
"""Ids that a careless model trips over, when it takes them for names of its parts."""
_EACH = 1
_ITERATIONS = 2


def check_swap(make: Callable[[Any, Sequence[str]], Any], options: Any = None) -> None:
    """A model for any number of persons that begins, learns, stops and goes on exactly.

    Makes its own faces: stripes that move, in another colour for each person. It trains a few
    iterations on the CPU; a model with a hundred million parameters takes half a minute.

    Args:
        make: constructs the model from options and persons, for example the class itself.
        options: of the model: an instance of its options dataclass, or None where it has none.
    """

    def new(seed: int = 1, persons: Sequence[str] = PERSONS) -> Any:
        import torch

        torch.manual_seed(seed)
        return make(options, persons)

    import torch

    with torch.random.fork_rng(devices=[]):
        model = new()
        _declares(model)
        _refuses(new)
        _same(model, new(), "two models of one seed differ")
        batch = together(model)
        _shows(model, batch)
        _begins(new)
        _learns_in_half(model, batch)
        _converts(model.eval(), batch)
        del model
        _goes_on_exactly(new, batch)


def _learns_in_half(model: Any, batch: Batch) -> None:
    """Training runs under autocast where that is faster; mixed types fail only there."""
    import torch

    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(batch)
    alpha = None if outputs.alpha is None else outputs.alpha.float()
    whole = Outputs(
        outputs.rgb.float(), alpha, None if outputs.code is None else outputs.code.float()
    )
    for group in model.groups():
        for name, term in model.loss(whole, batch, group.name).items():
            assert torch.isfinite(term).all(), f"{name}: not finite in bf16"


def faces_of(model: Any, number: int, count: int, persons: tuple[int, ...] | None = None) -> Batch:
    """A batch of one person's synthetic faces, with all that the model needs.

    Args:
        model: a `SwapModel`; its crop and needs say what the batch holds.
        number: of the person; gives colour and movement.
        count: how many.
        persons: what the batch says of whose faces they are; the person's number by default.
    """
    import torch

    size = model.crop.output_px
    where = torch.arange(size) / size
    phase = torch.rand(count, generator=torch.Generator().manual_seed(10 + number))
    waves = 0.5 + 0.3 * torch.sin(6.28 * (2 * where + phase[:, None]))
    tone = torch.tensor([0.9, 0.7, 0.5]).roll(number)[:, None, None]
    rgb = waves[:, None, None, :].expand(-1, 3, size, -1) * tone
    ones = torch.ones(count, 1, size, size)
    planes = {"rgb": rgb.contiguous(), "weight": ones}
    if model.needs.input:
        planes["input"] = _smaller(rgb, model)
    planes |= {f"mask:{kind}": ones.clone() for kind in model.needs.masks}
    signals = {name: signal_of(name, phase) for name in model.needs.signals}
    return Batch(planes, persons or (number,) * count, signals)


def _smaller(rgb: Tensor, model: Any) -> Tensor:
    """What a model is to show, (n, 3, s, s), at the size that it sees."""
    import torch.nn.functional as F

    small = model.crop.input_px
    return F.interpolate(rgb, (small, small), mode="bilinear", antialias=True)


def signal_of(name: str, phase: Tensor) -> Tensor:
    """A signal of synthetic faces, (n, ...), plausible and different for each phase (n,)."""
    import numpy as np
    import torch

    shapes = {"pose": (3,), "landmarks": (68, 2), "blendshapes": (52,)}
    if name in shapes:
        return torch.zeros(len(phase), *shapes[name])
    at_rest = nobody()
    if name == "build":
        lids = np.array([[0.3, 0.3, 0.0], [0.05, 0.05, 0.0]])
        every = torch.tensor(np.concatenate([at_rest, lids]), dtype=torch.float32)
        return every.expand(len(phase), -1, -1).clone()
    mesh = torch.tensor(at_rest * (0.08, -0.08, -0.08), dtype=torch.float32)
    meshes = mesh.expand(len(phase), -1, -1).clone()
    # a jaw that falls, by another amount for each face
    meshes[:, at_rest[:, 1].argsort()[:40].tolist(), 1] += 0.1 * phase[:, None]
    return meshes


def together(model: Any) -> Batch:
    """One batch of all persons, the first with one face more than the others."""
    import torch

    counts = [_EACH + (i == 0) for i in range(len(model.persons))]
    parts = [faces_of(model, i, n) for i, n in enumerate(counts)]
    return Batch(
        {k: torch.cat([p.planes[k] for p in parts]) for k in parts[0].planes},
        tuple(number for part in parts for number in part.persons),
        {k: torch.cat([p.signals[k] for p in parts]) for k in parts[0].signals},
    )


def _declares(model: Any) -> None:
    assert model.persons == PERSONS, f"persons: expected {PERSONS}, got {model.persons!r}"
    crop = model.crop
    assert crop.input_px > 0 and crop.output_px > 0, f"crop without a size: {crop}"
    assert crop.centering in ("legacy", "face", "head"), f"unknown centering {crop.centering!r}"
    assert 0.1 <= crop.coverage <= 1, f"coverage: expected 0.1 to 1, got {crop.coverage}"
    assert model.recipe.learning_rate > 0 and model.recipe.batch > 0, f"recipe: {model.recipe}"


def _refuses(new: Callable[..., Any]) -> None:
    for persons in (("ann",), ("ann", "ann")):
        _raises(partial(new, 1, persons), f"a model for {persons}")


def _shows(model: Any, batch: Batch) -> None:
    import torch

    given = {name: plane.clone() for name, plane in batch.planes.items()}
    _in_order(model, model(batch), len(batch))
    for name, plane in given.items():
        assert torch.equal(batch.planes[name], plane), f"the plane {name!r} was changed"


def _converts(model: Any, batch: Batch) -> None:
    import torch

    crops = _smaller(batch.planes["rgb"][[0, -1]], model)
    signals = {name: values[[0, -1]] for name, values in batch.signals.items()}
    signals |= {name: signal_of(name, torch.zeros(2)) for name in model.needs.of_plate}
    with torch.no_grad():
        for person in model.persons:
            shown = model.convert(crops, person, signals)
            _in_order(model, shown, len(crops))
            alone = model.convert(crops[:1], person, {k: v[:1] for k, v in signals.items()})
            apart = (alone.rgb - shown.rgb[:1]).abs().max()
            assert apart < 1e-3, f"company changes a face by {apart:.4f}"
        again = model.convert(crops, person, signals)
        assert torch.equal(shown.rgb, again.rgb), "two conversions of the same faces differ"
        for edge in ("low", "high"):
            chosen = {
                name: getattr(knob, edge) if knob.kind == "number" else model.persons[1]
                for name, knob in model.knobs.items()
            }
            check_knobs(model, chosen)
            turned = model.convert(crops, model.persons[0], signals, **chosen)
            _in_order(model, turned, len(crops))
    _raises(lambda: model.convert(crops, "nobody", signals), "converting to an unknown person")


def _begins(new: Callable[..., Any]) -> None:
    import torch

    for count in (1, 8):
        models = [new(), new()]
        with torch.no_grad():
            for model in models:
                model.init_from([faces_of(model, i, count) for i in range(len(PERSONS))])
        finite = all(torch.isfinite(v).all() for v in models[0].state_dict().values())
        assert finite, f"init_from {count} faces leaves numbers that are not finite"
        _same(models[0], models[1], f"init_from {count} faces gives two results")


def _goes_on_exactly(new: Callable[..., Any], batch: Batch) -> None:
    """Training twice as long at once, and in two runs with a save between, end the same."""
    import torch
    from safetensors.torch import load, save

    whole = new()
    optimizers = _optimizers(whole)
    losses = [_step(whole, optimizers, batch, n) for n in range(_ITERATIONS)]
    saved = {k: v.clone().contiguous() for k, v in whole.state_dict().items()}
    states = {name: copy.deepcopy(o.state_dict()) for name, o in optimizers.items()}
    resumed = new(seed=2)
    resumed.load_state_dict(load(save(saved)))
    _same(resumed, whole, "state_dict does not hold all of the model")
    taken_up = _optimizers(resumed)
    for name, optimizer in taken_up.items():
        optimizer.load_state_dict(states[name])
    for n in range(_ITERATIONS, 2 * _ITERATIONS):
        losses.append(_step(whole, optimizers, batch, n))
        _step(resumed, taken_up, batch, n)
    _same(resumed, whole, "training that was interrupted goes on differently")
    assert min(losses[1:]) < losses[0], f"training never lowered the loss: {losses}"
    moved = any(not torch.equal(saved[k], v) for k, v in whole.state_dict().items())
    assert moved, "training changes nothing"


def _optimizers(model: Any) -> dict[str, Any]:
    groups = list(model.groups())
    names = [group.name for group in groups]
    assert names and len(set(names)) == len(names), f"groups: expected different names, got {names}"
    own = {id(p) for p in model.parameters()}
    seen: set[int] = set()
    for group in groups:
        ids = {id(p) for p in group.parameters}
        assert ids, f"group {group.name!r} has no parameters"
        assert ids <= own, f"group {group.name!r} has parameters that are not the model's"
        assert not ids & seen, f"group {group.name!r} shares parameters with another"
        seen |= ids
    rate = model.recipe.learning_rate
    return {g.name: g.optimizer(g.parameters, rate * g.rate) for g in groups}


def _step(model: Any, optimizers: Mapping[str, Any], batch: Batch, number: int) -> float:
    """One iteration as the trainer does it; the first group's loss."""
    import torch

    groups, recipe = list(model.groups()), model.recipe
    outputs = model(batch)
    sums = [_sum(model.loss(outputs, batch, group.name), batch) for group in groups]
    for place, group in enumerate(groups):
        optimizers[group.name].zero_grad(set_to_none=True)
        torch.autograd.backward(
            sums[place], retain_graph=place + 1 < len(groups), inputs=list(group.parameters)
        )
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(group.parameters, recipe.clip)
    rate = recipe.learning_rate * min(1, (number + 1) / max(1, recipe.warm_up))
    for group in groups:
        for part in optimizers[group.name].param_groups:
            part["lr"] = rate * group.rate
        optimizers[group.name].step()
    return float(sums[0].detach())


def _sum(terms: Mapping[str, Tensor], batch: Batch) -> Tensor:
    import torch

    assert terms, "a loss without terms"
    for name, term in terms.items():
        shape = tuple(term.shape)
        assert shape in ((), (len(batch),)), f"loss {name!r}: expected a number a face, got {shape}"
        assert torch.isfinite(term).all(), f"loss {name!r} is not finite"
    return torch.stack([term.mean() for term in terms.values()]).sum()


def _in_order(model: Any, outputs: Outputs, count: int) -> None:
    import torch

    size = model.crop.output_px
    rgb, alpha, code = outputs.rgb, outputs.alpha, outputs.code
    assert tuple(rgb.shape) == (count, 3, size, size), (
        f"rgb: expected {(count, 3, size, size)}, got {tuple(rgb.shape)}"
    )
    assert rgb.dtype == torch.float32, f"rgb: expected float32, got {rgb.dtype}"
    assert torch.isfinite(rgb).all(), "rgb is not finite"
    if alpha is not None:
        assert tuple(alpha.shape) == (count, 1, size, size), f"alpha: {tuple(alpha.shape)}"
        assert float(alpha.min()) >= 0 and float(alpha.max()) <= 1, "alpha: expected 0 to 1"
    assert code is None or len(code) == count, "code: expected one a face"
    if outputs.mesh is not None:
        mesh = outputs.mesh
        assert model.crop.surface, "a mesh without a surface to draw on it; see Crop.surface"
        assert tuple(mesh.shape) == (count, 514, 3), f"mesh: {tuple(mesh.shape)}"
        assert torch.isfinite(mesh).all(), "mesh is not finite"


def _same(one: Any, other: Any, what: str) -> None:
    import torch

    theirs = other.state_dict()
    assert list(one.state_dict()) == list(theirs), f"{what}: other names"
    for name, values in one.state_dict().items():
        assert torch.equal(values, theirs[name]), f"{what}: {name}"


def _raises(job: Callable[[], object], what: str) -> None:
    try:
        job()
    except UnderstudyError as error:
        assert str(error), f"{what} was refused without a word"
    else:
        raise AssertionError(f"{what} was taken without an error of understudy.errors")
