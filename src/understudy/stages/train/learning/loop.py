"""One iteration of training: a pure function of the faces, the options and the step's number.

Which faces, how they are augmented and how far the model steps depend on (seed, step) and on the
losses before it, never on the clock or on how long the plan is. So a run that was interrupted, or
whose plan was raised, is bit-identical to one that was planned that long and never interrupted
(on the same machine).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from understudy.errors import StoreError, TrainingError
from understudy.nn import augment
from understudy.nn.blocks import all_finite
from understudy.stages.train.feeding.crops import WEIGHT_UNIT
from understudy.stages.train.feeding.faces import FaceSource
from understudy.stages.train.feeding.feed import Feed, Raw
from understudy.stages.train.feeding.sampler import Sampler
from understudy.stages.train.learning.guard import Guard, Verdict
from understudy.stages.train.options import TrainOptions
from understudy.swap import Batch, Outputs, ParameterGroup, Recipe

_INIT_FACES, INIT_EACH = 768, 16


class Trainer:
    """A model, its optimizers and its running mean, and how they step.

    Attributes:
        slowed: share of the learning rate that is left where scores said that it is too high.
    """

    def __init__(
        self,
        model: Any,
        faces: Mapping[str, FaceSource],
        options: TrainOptions,
        seed: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        weights: Sequence[NDArray[np.float64]] | None = None,
    ) -> None:
        """Put a model on its device, with nothing learnt.

        Args:
            model: a `SwapModel`.
            faces: by person.
            options: batch, rate and augmentation are taken from here.
            seed: of all random numbers.
            device: where to train.
            dtype: of convolutions and matrix products.
            weights: how often each person's faces are shown, see `Sampler`.
        """
        # measured: as fast or faster for every model here, 1.4 times for quick on a CPU
        self.model = model.to(device, memory_format=torch.channels_last)
        self.recipe: Recipe = model.recipe
        self.persons: tuple[str, ...] = model.persons
        self.batch = options.batch or self.recipe.batch
        self.learning_rate = options.learning_rate or self.recipe.learning_rate
        taken = self._taken()
        self.switches = augment.Switches(
            warp=options.warp * taken["warp"],
            transform=options.transform * taken["transform"],
            flip=options.flip * taken["flip"],
            colour=options.colour,
        )
        self._whole = False
        self.seed, self.device, self.dtype = seed, device, dtype
        self.sampler = Sampler(seed, self.batch, weights=weights)
        self.current_rate = self.learning_rate
        self.slowed = 1.0
        self.guard = Guard()
        self.verdict: Verdict = "taken"
        sources = [faces[person] for person in self.persons]
        self.cutting = sources[0].cutting
        self.feed = Feed(sources, self.sampler, pinned=device.type == "cuda")
        self.groups: Sequence[ParameterGroup] = self.model.groups()
        self.optimizers = self._optimizers()
        self.ema = self._copy()

    def change(self, name: str, value: Any) -> str:
        """Set a switch between two iterations, see `live.SWITCHES`.

        Args:
            name: of the option.
            value: of it.

        Returns:
            Why that cannot be, or "".
        """
        if name == "learning_rate":
            self.learning_rate = value or self.recipe.learning_rate
        elif name == "colour":
            self.switches = replace(self.switches, colour=value)
        elif name == "masked":
            surface = self.model.crop.surface
            if surface or self.cutting.mask is None:
                what = "textures" if surface else "faces without a mask"
                return f"its faces are cut as {what}; stop it and begin with the other"
            self._whole = not value
        elif taken := self._taken()[name]:
            self.switches = replace(self.switches, **{name: value * taken})
        else:
            return "this model learns without it, whatever is said"
        self.guard.forget()
        return ""

    def _taken(self) -> dict[str, float]:
        """How much of each augmentation this model takes where it is asked for."""
        own = self.recipe
        # a texture lies still: how it is bent on the face is what the mesh says
        bent = not self.model.crop.surface
        return {"warp": bent * own.warp, "transform": bent * own.transform, "flip": own.flip}

    @property
    def precision(self) -> str:
        """What the net computes in, as the option calls it."""
        return "bf16" if self.dtype == torch.bfloat16 else "fp32"

    def init_from_faces(self, each: int | None = None) -> None:
        """Show the model what it will have to show, before the first iteration.

        Args:
            each: how often one face is shown at most, every time augmented in another way;
                `INIT_EACH` unless given.
        """
        most = max(64, _INIT_FACES // len(self.persons))
        shown = []
        for number in range(len(self.persons)):
            raw = self.feed.evenly(number, most, each or INIT_EACH)
            drawn = augment.draw(len(raw.persons), self.switches, self.sampler.beginning(number))
            pictures = raw.planes.to(self.device).float() / 255
            shown.append(self._batch(raw, pictures, drawn, warped=False))
        with torch.no_grad():
            self.model.init_from(shown)
        self.ema = self._copy()

    def step(self, number: int) -> dict[str, float]:
        """Iteration `number` (from 0); `verdict` says what came of it.

        Returns:
            The loss of each person.

        Raises:
            TrainingError: losses explode, or are not finite, again and again.
        """
        batch = self.batch_of(number)
        self.current_rate = (
            self.learning_rate * rate(self.recipe, number) * self.guard.share(number) * self.slowed
        )
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            outputs = _in_full(self.model(batch))
        losses = {g.name: self.losses(outputs, batch, g.name) for g in self.groups}
        values = {name: torch.stack(group).tolist() for name, group in losses.items()}
        first = values[self.groups[0].name]
        held = all(math.isfinite(v) for group in values.values() for v in group)
        # a spike's gradients are not worth computing
        held = held and sum(first) <= self.guard.limit and self._find_gradients(losses)
        self.verdict = self.guard.judge(number, sum(first), held=held)
        if self.verdict in ("taken", "doubtful"):
            self._descend()
        if self.verdict == "taken":
            self._average(number)
        if self.verdict == "gone back":
            self._go_back()
        return dict(zip(self.persons, first, strict=True))

    def losses(self, outputs: Outputs, batch: Batch, group: str) -> list[Tensor]:
        """A group's loss of each person, scalars; terms of nobody's own count once for all."""
        terms = self.model.loss(outputs, batch, group)
        shared = [term for term in terms.values() if term.ndim == 0]
        single = [term for term in terms.values() if term.ndim]
        losses = [_sum([term[place].mean() for term in single]) for _, place in batch.blocks()]
        return [loss + _sum(shared) / len(losses) for loss in losses] if shared else losses

    def _find_gradients(self, losses: Mapping[str, list[Tensor]]) -> bool:
        """Each group's gradients of that group's losses only, clipped; whether all are finite.

        All are taken before any optimizer steps, so groups that play against each other (a GAN's)
        answer the same state.
        """
        norms = []
        for number, group in enumerate(self.groups):
            self.optimizers[group.name].zero_grad(set_to_none=True)
            torch.autograd.backward(
                losses[group.name],
                retain_graph=number + 1 < len(self.groups),
                inputs=list(group.parameters),
            )
            most = self.recipe.clip or math.inf
            norms.append(torch.nn.utils.clip_grad_norm_(group.parameters, most))
        return all_finite(norms)

    def _descend(self) -> None:
        for group in self.groups:
            optimizer = self.optimizers[group.name]
            for part in optimizer.param_groups:
                part["lr"] = self.current_rate * group.rate
            optimizer.step()

    def _go_back(self) -> None:
        """To the running mean of the weights, where there is one, and with no momentum."""
        if self.recipe.ema:
            self.model.load_state_dict(self.ema)
        self.optimizers = self._optimizers()

    def batch_of(self, number: int) -> Batch:
        """The faces of an iteration, persons in order."""
        raw = self.feed.step(number)
        generator = self.sampler.augmenting(number)
        drawn = augment.draw(len(raw.persons), self.switches, generator)
        pictures = raw.planes.to(self.device, non_blocking=True).float()
        pictures.mul_(1 / 255)
        batch = self._batch(raw, pictures, drawn, warped=True)
        return replace(batch, chance=int(torch.randint(2**40, (), generator=generator)))

    def _batch(self, raw: Raw, pictures: Tensor, drawn: augment.Draw, *, warped: bool) -> Batch:
        crop, inner = self.model.crop, self.cutting.inner
        drawn = drawn.to(self.device)
        targets = augment.cut(pictures, drawn, crop.output_px, inner, warped=False)
        images, weights = targets[:, :3], targets[:, 3:4] * (255 / WEIGHT_UNIT)
        if self._whole:
            # the mask's weight is 1 inside and less at its edge; eyes and mouth weigh more
            weights = weights.clamp(min=1.0)
        if self.switches.colour:
            images = augment.recolour(images, drawn)
        planes = {"rgb": images.contiguous(), "weight": weights}
        if self.model.needs.input:
            inputs = augment.cut(pictures[:, :3], drawn, crop.input_px, inner, warped=warped)
            if self.switches.colour:
                inputs = augment.recolour(inputs, drawn)
            planes["input"] = inputs.contiguous(memory_format=torch.channels_last)
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
        groups = {"weights": weights, "guard": self.guard.tensors(), **self._optimizer_tensors()}
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
        self,
        weights: Any,
        optimizers: Mapping[str, Mapping[str, Tensor]],
        ema: Any | None,
        guard: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Go on from a checkpoint's tensors (the weights were checked by `load_into`).

        Args:
            weights: of the model.
            optimizers: moments by the name of their group.
            ema: running mean of the weights, or None.
            guard: what the guard knows, or None to let it begin anew.

        Raises:
            StoreError: the moments are another model's.
        """
        self.model.load_state_dict(weights)
        twin = copy.deepcopy(self.model)
        twin.load_state_dict(ema or weights)
        self.ema = {name: value.detach() for name, value in twin.state_dict().items()}
        if guard is not None:
            self.guard.restore(guard)
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

    def _optimizers(self) -> dict[str, Optimizer]:
        return {g.name: g.optimizer(g.parameters, self.learning_rate * g.rate) for g in self.groups}

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


def rate(recipe: Recipe, number: int) -> float:
    """Share of the learning rate: linear warm-up, level, then falling with the square root.

    It knows no end, so training on never jumps; the running mean of the weights, which reaches
    back a share of all iterations, does what a decay at the end would.

    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, 5.3.
    """
    warm = min(1.0, (number + 1) / recipe.warm_up) if recipe.warm_up else 1.0
    fallen = math.sqrt(recipe.level / (number + 1)) if recipe.level else 1.0
    return warm * min(1.0, fallen)


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
