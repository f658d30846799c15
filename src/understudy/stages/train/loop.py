"""One iteration of training: a pure function of the faces, the options and the step's number.

Which faces, how they are augmented and how far the model steps depend on (seed, step) and on how
much of the plan is done, never on what happened in between, so a resumed run is bit-identical to
one that was never interrupted (with a plan in iterations, on the same machine).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from understudy.errors import StoreError, TrainingError
from understudy.nn import augment
from understudy.nn.blocks import all_finite
from understudy.stages.train.crops import WEIGHT_UNIT
from understudy.stages.train.faces import FaceSource
from understudy.stages.train.feed import Feed, Raw
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.sampler import Sampler
from understudy.swap import Batch, Outputs, ParameterGroup, Recipe

_INIT_FACES, _INIT_EACH = 768, 16


class Trainer:
    """A model, its optimizers and its running mean, and how they step."""

    def __init__(
        self,
        model: Any,
        faces: Mapping[str, FaceSource],
        options: TrainOptions,
        seed: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        # measured: as fast or faster for every model here, 1.4 times for quick on a CPU
        self.model = model.to(device, memory_format=torch.channels_last)
        self.recipe: Recipe = model.recipe
        self.persons: tuple[str, ...] = model.persons
        self.batch = options.batch or self.recipe.batch
        self.learning_rate = options.learning_rate or self.recipe.learning_rate
        self.switches = augment.Switches(
            warp=options.warp * self.recipe.warp,
            transform=options.transform * self.recipe.transform,
            flip=options.flip * self.recipe.flip,
            colour=options.colour,
        )
        self.seed, self.device, self.dtype = seed, device, dtype
        self.sampler = Sampler(seed, self.batch)
        self.current_rate = self.learning_rate
        sources = [faces[person] for person in self.persons]
        self.cutting = sources[0].cutting
        self.feed = Feed(sources, self.sampler, pinned=device.type == "cuda")
        self.groups: Sequence[ParameterGroup] = self.model.groups()
        self.optimizers: dict[str, Optimizer] = {
            g.name: g.optimizer(g.parameters, self.learning_rate * g.rate) for g in self.groups
        }
        self.ema = self._copy()

    def init_from_faces(self, each: int = _INIT_EACH) -> None:
        """Show the model what it will have to show, before the first iteration.

        Args:
            each: how often one face is shown at most, every time augmented in another way.
        """
        most = max(64, _INIT_FACES // len(self.persons))
        shown = []
        for number in range(len(self.persons)):
            raw = self.feed.evenly(number, most, each)
            drawn = augment.draw(len(raw.persons), self.switches, self.sampler.beginning(number))
            pictures = raw.planes.to(self.device).float() / 255
            shown.append(self._batch(raw, pictures, drawn, warped=False))
        with torch.no_grad():
            self.model.init_from(shown)
        self.ema = self._copy()

    def step(self, number: int, done: float) -> dict[str, float]:
        """Iteration `number` (from 0) with the share `done` (0..1) of the plan behind it.

        Returns:
            The loss of each person.

        Raises:
            TrainingError: a loss is not finite; the model is left as it was.
        """
        batch = self.batch_of(number)
        self.current_rate = self.learning_rate * rate(self.recipe, number, done)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            outputs = _in_full(self.model(batch))
        losses = {g.name: self.losses(outputs, batch, g.name) for g in self.groups}
        values = {name: torch.stack(group).tolist() for name, group in losses.items()}
        if not all(math.isfinite(v) for group in values.values() for v in group):
            raise TrainingError(
                f"the loss at iteration {number + 1} is not finite ({self._words(values)}); "
                f"nothing of it was saved; run again with a --learning-rate below "
                f"{self.learning_rate:g}"
            )
        self._descend(losses)
        self._average(number)
        return dict(zip(self.persons, values[self.groups[0].name], strict=True))

    def losses(self, outputs: Outputs, batch: Batch, group: str) -> list[Tensor]:
        """A group's loss of each person, scalars; terms of nobody's own count once for all."""
        terms = self.model.loss(outputs, batch, group)
        shared = [term for term in terms.values() if term.ndim == 0]
        single = [term for term in terms.values() if term.ndim]
        losses = [_sum([term[place].mean() for term in single]) for _, place in batch.blocks()]
        return [loss + _sum(shared) / len(losses) for loss in losses] if shared else losses

    def _descend(self, losses: Mapping[str, list[Tensor]]) -> None:
        """Move each group's parameters against that group's losses only.

        All gradients are taken before any optimizer steps, so groups that play against each other
        (a GAN's) answer the same state.
        """
        for number, group in enumerate(self.groups):
            self.optimizers[group.name].zero_grad(set_to_none=True)
            torch.autograd.backward(
                losses[group.name],
                retain_graph=number + 1 < len(self.groups),
                inputs=list(group.parameters),
            )
        for group in self.groups:
            optimizer = self.optimizers[group.name]
            for part in optimizer.param_groups:
                part["lr"] = self.current_rate * group.rate
            optimizer.step()

    def batch_of(self, number: int) -> Batch:
        """The faces of an iteration, persons in order."""
        raw = self.feed.step(number)
        drawn = augment.draw(len(raw.persons), self.switches, self.sampler.augmenting(number))
        pictures = raw.planes.to(self.device, non_blocking=True).float()
        pictures.mul_(1 / 255)
        return self._batch(raw, pictures, drawn, warped=True)

    def _batch(self, raw: Raw, pictures: Tensor, drawn: augment.Draw, *, warped: bool) -> Batch:
        crop, inner = self.model.crop, self.cutting.inner
        drawn = drawn.to(self.device)
        targets = augment.cut(pictures, drawn, crop.output_px, inner, warped=False)
        inputs = augment.cut(pictures[:, :3], drawn, crop.input_px, inner, warped=warped)
        images, weights = targets[:, :3], targets[:, 3:4] * (255 / WEIGHT_UNIT)
        if self.switches.colour:
            inputs, images = augment.recolour(inputs, drawn), augment.recolour(images, drawn)
        planes = {
            "input": inputs.contiguous(memory_format=torch.channels_last),
            "rgb": images.contiguous(),
            "weight": weights,
        }
        for i, kind in enumerate(self.cutting.masks, 4):
            planes[f"mask:{kind}"] = targets[:, i : i + 1]
        signals = {name: values.to(self.device) for name, values in raw.signals.items()}
        return Batch(planes, raw.persons, augment.signals(signals, drawn))

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """All that a checkpoint holds, copied to the CPU, so that training can go on meanwhile.

        Raises:
            TrainingError: a weight is not finite.
        """
        weights = dict(self.model.state_dict())
        if not all_finite(list(weights.values())):
            raise TrainingError(
                "the weights are not finite any more; they were not saved, the last checkpoint is "
                f"good; run again with a --learning-rate below {self.learning_rate:g}"
            )
        groups = {"weights": weights, **self._optimizer_tensors()}
        if self.recipe.ema:
            groups["ema"] = self.ema
        return {
            file: {name: value.detach().to("cpu", copy=True) for name, value in group.items()}
            for file, group in groups.items()
        }

    def averaged(self) -> Any:
        """The model with the weights that convert: the running mean where there is one."""
        if not self.recipe.ema:
            return self.model
        twin = copy.deepcopy(self.model)
        twin.load_state_dict(self.ema)
        return twin

    def restore(
        self, weights: Any, optimizers: Mapping[str, Mapping[str, Tensor]], ema: Any | None
    ) -> None:
        """Go on from a checkpoint's tensors (the weights were checked by `load_into`).

        Args:
            weights: of the model.
            optimizers: moments by the name of their group.
            ema: running mean of the weights, or None.

        Raises:
            StoreError: the moments are another model's.
        """
        self.model.load_state_dict(weights)
        twin = copy.deepcopy(self.model)
        twin.load_state_dict(ema or weights)
        self.ema = {name: value.detach() for name, value in twin.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in optimizers[name].items():
                index, _, moment = key.partition(".")
                # moments lie in memory as their weights do
                layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
                state.setdefault(int(index), {})[moment] = value.contiguous(memory_format=layout)
            parts = optimizer.state_dict()["param_groups"]
            try:
                optimizer.load_state_dict({"state": state, "param_groups": parts})
            except (ValueError, KeyError, RuntimeError) as error:
                raise StoreError(
                    f"the optimizer's state does not fit the model: {error}"
                ) from error

    def _optimizer_tensors(self) -> dict[str, dict[str, Tensor]]:
        return {
            optimizer_file(name, self.groups): {
                f"{i}.{moment}": value
                for i, moments in optimizer.state_dict()["state"].items()
                for moment, value in moments.items()
            }
            for name, optimizer in self.optimizers.items()
        }

    def _words(self, values: Mapping[str, list[float]]) -> str:
        return "; ".join(
            ", ".join(f"{p} {v:g}" for p, v in zip(self.persons, group, strict=True))
            for group in values.values()
        )

    def _average(self, number: int) -> None:
        if not self.recipe.ema:
            return
        # early on the mean follows closely, or it would remember the beginning for too long
        keep = min(self.recipe.ema, (1 + number) / (10 + number))
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                self.ema[name].lerp_(parameter, 1 - keep)

    def _copy(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}


def rate(recipe: Recipe, number: int, done: float) -> float:
    """Share of the learning rate: linear warm-up, then a cosine to `final_rate`."""
    warm = min(1.0, (number + 1) / recipe.warm_up) if recipe.warm_up else 1.0
    cosine = (1 + math.cos(math.pi * min(max(done, 0.0), 1.0))) / 2
    return warm * (recipe.final_rate + (1 - recipe.final_rate) * cosine)


def optimizer_file(group: str, groups: Sequence[ParameterGroup]) -> str:
    """What the tensors of a group's optimizer are called in a checkpoint."""
    return "optimizer" if group == groups[0].name else f"optimizer.{group}"


def _in_full(outputs: Outputs) -> Outputs:
    """Losses are computed in float32, whatever the net computes in."""
    alpha = None if outputs.alpha is None else outputs.alpha.float()
    code = None if outputs.code is None else outputs.code.float()
    return Outputs(outputs.rgb.float(), alpha, code)


def _sum(terms: Sequence[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
