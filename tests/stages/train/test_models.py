"""Models of other kinds than ours, trained by the same stage: what the protocol has to bear."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from understudy.nn import checkpoint
from understudy.nn.optimizers import adam
from understudy.options import check, option
from understudy.plugin import Plugin, Registry
from understudy.stages.train.feeding.crops import Cutting, margin_px
from understudy.stages.train.feeding.faces import FaceArrays
from understudy.stages.train.learning.loop import Trainer
from understudy.stages.train.options import TrainOptions
from understudy.swap import Batch, Crop, Needs, Outputs, ParameterGroup, Recipe
from understudy.swap.loading import new_model
from understudy.swap.manifest import PLUGINS
from understudy.swap.standard import StandardModel

SIZE = 32


@dataclass(frozen=True, slots=True)
class WideOptions:
    """How wide the net is."""

    width: int = option(4, "Channels.", low=1, high=64)

    def __post_init__(self) -> None:
        check(self)


class Played(StandardModel):
    """One net for everybody that is told who, with an edge of its own, against a judge."""

    crop = Crop(input_px=SIZE, output_px=SIZE, centering="face", coverage=0.8)
    recipe = Recipe(learning_rate=1e-2, batch=2)

    def __init__(self, options: WideOptions, persons: Sequence[str]) -> None:
        super().__init__(persons)
        self.who = nn.Embedding(len(self.persons), options.width)
        self.seen = nn.Conv2d(3, options.width, 3, padding=1)
        self.shown = nn.Conv2d(options.width, 4, 3, padding=1)
        self.judge = nn.Conv2d(3, 1, 4, 4)

    def forward(self, batch: Batch) -> Outputs:
        return self._show(batch.planes["input"], torch.tensor(batch.persons))

    def convert(
        self, crops: Tensor, to: str, signals: Mapping[str, Tensor] | None = None
    ) -> Outputs:
        return self._show(crops, torch.full((len(crops),), self.number_of(to)))

    def _show(self, faces: Tensor, persons: Tensor) -> Outputs:
        code = torch.relu(self.seen(faces) + self.who(persons)[..., None, None])
        planes = self.shown(code).sigmoid()
        return Outputs(planes[:, :3], planes[:, 3:], code)

    def groups(self) -> Sequence[ParameterGroup]:
        maker = [p for n, p in self.named_parameters() if not n.startswith("judge")]
        judge = list(self.judge.parameters())
        return [
            ParameterGroup("maker", maker, adam()),
            ParameterGroup("judge", judge, adam((0.5, 0.9)), rate=0.5),
        ]

    def loss(self, outputs: Outputs, batch: Batch, group: str) -> Mapping[str, Tensor]:
        target = batch.planes["rgb"]
        if group == "judge":
            real, made = self.judge(target), self.judge(outputs.rgb.detach())
            return {"judging": ((real - 1) ** 2 + made**2).mean((1, 2, 3))}
        assert outputs.alpha is not None
        edge = (outputs.alpha - batch.planes["weight"].clamp_max(1)).abs().mean((1, 2, 3))
        fooled = ((self.judge(outputs.rgb) - 1) ** 2).mean((1, 2, 3))
        quiet = 1e-3 * self.who.weight.square().mean()  # of nobody's own
        return {**super().loss(outputs, batch, group), "edge": edge, "fooled": fooled, "q": quiet}


@pytest.fixture(scope="module")
def registry():
    module: Any = types.ModuleType("tests_played")
    module.Played, module.WideOptions = Played, WideOptions
    sys.modules[module.__name__] = module
    target, options = "tests_played:Played", "tests_played:WideOptions"
    yield Registry([Plugin("swap", "played", target, "a game", options=options), *PLUGINS])
    del sys.modules[module.__name__]


def _faces(n: int, tone: tuple[int, int, int], seed: int, inner: int = SIZE) -> FaceArrays:
    """Squares in a person's colour, with a mouth that opens as far as chance says."""
    margin = margin_px(inner)
    pixels = np.full((n, 4, inner + 2 * margin, inner + 2 * margin), 60, np.uint8)
    pixels[:, :3] = np.array(tone, np.uint8)[:, None, None]
    top, left, right = margin + inner // 2, margin + inner // 3, margin + 2 * inner // 3
    heights = np.random.default_rng(seed).integers(1, inner // 3, n)
    for picture, height in zip(pixels, heights, strict=True):
        picture[:3, top : top + height, left:right] = 30
    cutting = Cutting(Crop(inner, inner, "face", 0.8), "extended", 1.0, 1.0)
    faces = np.zeros(n, cutting.dtype)
    faces["planes"] = pixels
    return FaceArrays(cutting, faces)


TONES = {"ann": (220, 120, 120), "bob": (90, 200, 90), "cem": (80, 110, 230)}


def _trainer(model: Any, **options: Any) -> Trainer:
    inner = model.crop.output_px
    faces = {p: _faces(8, TONES[p], i, inner) for i, p in enumerate(model.persons)}
    plain = {"batch": 4, "device": "cpu", "colour": False, "warp": False} | options
    return Trainer(model, faces, TrainOptions(**plain), 1, torch.device("cpu"))


def test_each_of_three_decoders_learns_its_own_person_and_follows_anybodys_mouth():
    model = new_model(Registry(PLUGINS).get("swap", "quick"), 1, tuple(TONES))
    trainer = _trainer(model, transform=False, batch=8)
    trainer.init_from_faces(each=4)
    losses = [trainer.step(k) for k in range(40)]
    assert list(losses[0]) == list(TONES)
    seen = trainer.batch_of(1000)
    found = []
    opened = 1 - _mouth(seen.planes["input"])
    for number, place in seen.blocks():
        for person, tone in TONES.items():
            with torch.no_grad():
                shown = trainer.averaged().convert(seen.planes["input"][place], person).rgb
            cheeks = shown[:, :, 60:, :24].mean((0, 2, 3))
            torch.testing.assert_close(cheeks, torch.tensor(tone) / 255, atol=0.06, rtol=0)
            follows = torch.corrcoef(torch.stack([opened[place], 1 - _mouth(shown)]))[0, 1]
            assert follows > 0.4, (model.persons[number], person, follows)
            found.append(follows)
    assert torch.stack(found).mean() > 0.75, found


def test_a_model_that_never_looks_at_the_bent_input_is_not_made_one():
    trainer = _trainer(new_model(Registry(PLUGINS).get("swap", "quick"), 1, ("ann", "bob")))
    bent = trainer.batch_of(0)
    trainer.model.needs = Needs(input=False)
    plain = trainer.batch_of(0)
    assert set(bent.planes) - set(plain.planes) == {"input"}
    for name, plane in plain.planes.items():
        torch.testing.assert_close(plane, bent.planes[name])


def _mouth(images: Tensor) -> Tensor:
    """How bright the middle of the lower half is, (n,)."""
    n, _, height, width = images.shape
    rows = slice(height // 2, height // 2 + height // 3)
    return images[:, :, rows, width // 3 : 2 * width // 3].reshape(n, -1).mean(1)


def test_groups_answer_the_same_state_and_only_their_own_losses(registry):
    plugin = registry.get("swap", "played")
    trainer = _trainer(new_model(plugin, 1, ("ann", "bob", "cem"), {"width": 3}))
    twin = _trainer(new_model(plugin, 1, ("ann", "bob", "cem"), {"width": 3}))
    trainer.recipe = replace(trainer.recipe, clip=0.0)
    batch = twin.batch_of(0)
    outputs = twin.model(batch)
    wanted = {}
    for group in twin.groups:
        total = torch.stack(twin.losses(outputs, batch, group.name)).sum()
        found = torch.autograd.grad(total, group.parameters, retain_graph=True)
        wanted.update({id(p): g for p, g in zip(group.parameters, found, strict=True)})
    losses = trainer.step(0)
    assert list(losses) == ["ann", "bob", "cem"]
    for mine, his in zip(trainer.groups, twin.groups, strict=True):
        for p, q in zip(mine.parameters, his.parameters, strict=True):
            torch.testing.assert_close(p.grad, wanted[id(q)])
    rates = {n: o.param_groups[0]["lr"] for n, o in trainer.optimizers.items()}
    assert rates == {"maker": pytest.approx(1e-2), "judge": pytest.approx(5e-3)}


def test_what_is_of_nobodys_own_counts_once(registry):
    trainer = _trainer(new_model(registry.get("swap", "played"), 1, ("ann", "bob")))
    batch = trainer.batch_of(0)
    outputs = trainer.model(batch)
    terms = trainer.model.loss(outputs, batch, "maker")
    single = sum(t.view(2, 4).mean(1).sum() for n, t in terms.items() if n != "q")
    total = torch.stack(trainer.losses(outputs, batch, "maker")).sum()
    torch.testing.assert_close(total, single + terms["q"])


def test_a_model_with_groups_and_an_edge_is_kept_and_comes_back(registry, tmp_path):
    plugin = registry.get("swap", "played")
    model = new_model(plugin, 1, ("ann", "bob"))
    whole, first = _trainer(model), _trainer(new_model(plugin, 1, ("ann", "bob")))
    for k in range(4):
        whole.step(k)
    for k in range(2):
        first.step(k)
    assert sorted(first.tensors()) == ["ema", "guard", "optimizer", "optimizer.judge", "weights"]
    state = checkpoint.State(2, "played", "1", {"width": 4}, 1, 0.0, ("ann", "bob"))
    checkpoint.save(tmp_path, state, first.tensors())
    found = checkpoint.newest(tmp_path)
    again = _trainer(new_model(plugin, 7, found.state.persons, found.state.model_options))
    moments = {"maker": found.tensors("optimizer"), "judge": found.tensors("optimizer.judge")}
    again.restore(found.tensors("weights"), moments, None)
    for k in (2, 3):
        again.step(k)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name
