"""One iteration of training: a pure function of the faces, the options and the step's number.

Which faces, how they are augmented and how far the model steps depend on (seed, step) and on how
much of the plan is done, never on what happened in between, so a resumed run is bit-identical to
one that was never interrupted (with a plan in iterations, on the same machine).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from understudy.errors import StoreError, TrainingError
from understudy.nn import augment
from understudy.nn.blocks import all_finite
from understudy.nn.losses import dssim_map, gradient_map, mae_map, masked_mean, paste
from understudy.stages.train.faces import WEIGHT_UNIT, FaceArrays
from understudy.stages.train.options import TrainOptions
from understudy.swap import SIDES, Recipe, Side

_ORDER, _AUGMENT, _INIT = 1, 2, 3  # so that no two uses of the seed share a stream


class Trainer:
    """A model, its optimizer and its running mean, and how they step."""

    def __init__(
        self,
        model: Any,
        faces: Mapping[Side, FaceArrays],
        options: TrainOptions,
        seed: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        # measured: as fast or faster for every model here, 1.4 times for quick on a CPU
        self.model = model.to(device, memory_format=torch.channels_last)
        self.recipe: Recipe = model.recipe
        self.batch = options.batch or self.recipe.batch
        self.learning_rate = options.learning_rate or self.recipe.learning_rate
        self.switches = augment.Switches(
            warp=options.warp * self.recipe.warp,
            transform=options.transform * self.recipe.transform,
            flip=options.flip * self.recipe.flip,
            colour=options.colour,
        )
        self.seed, self.device, self.dtype = seed, device, dtype
        self.inner = faces["a"].inner
        self.pixels = {side: torch.from_numpy(faces[side].pixels).to(device) for side in SIDES}
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(
            self.parameters,
            lr=self.learning_rate,
            betas=self.recipe.betas,
            eps=self.recipe.epsilon,
            fused=device.type in ("cpu", "cuda"),
        )
        self.ema = self._copy()

    def init_from_faces(self, most: int = 384, each: int = 16) -> None:
        """Show the model what it will have to show, before the first iteration.

        Args:
            most: pictures of each side.
            each: how often one face is shown at most, every time augmented in another way.
        """
        size = self.model.crop.output_px
        shown = []
        for side in SIDES:
            pixels = self.pixels[side]
            count = min(most, each * len(pixels))
            chosen = torch.arange(count, device=self.device) * len(pixels) // count
            generator = augment.generator_for(self.seed, _INIT, SIDES.index(side))
            drawn = augment.draw(count, self.switches, generator).to(self.device)
            planes = augment.cut(
                pixels[chosen].float() / 255, drawn, size, self.inner, warped=False
            )
            images = augment.recolour(planes[:, :3], drawn)
            shown.append(torch.cat([images, planes[:, 3:] * (255 / WEIGHT_UNIT)], 1))
        with torch.no_grad():
            self.model.init_from(*shown)
        self.ema = self._copy()

    def step(self, number: int, done: float) -> dict[Side, float]:
        """Iteration `number` (from 0) with the share `done` (0..1) of the plan behind it.

        Returns:
            The loss of each side.

        Raises:
            TrainingError: a loss is not finite; the model is left as it was.
        """
        inputs, targets, weights = self.batch_of(number)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * rate(self.recipe, number, done)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            shown = self.model.both(*inputs.chunk(2))
        losses = [
            self.loss(image.float(), target, weight)
            for image, target, weight in zip(shown, targets.chunk(2), weights.chunk(2), strict=True)
        ]
        values = torch.stack(losses).tolist()
        if not all(map(math.isfinite, values)):
            raise TrainingError(
                f"the loss at iteration {number + 1} is not finite (A {values[0]}, B {values[1]}); "
                f"nothing of it was saved; run again with a --learning-rate below "
                f"{self.learning_rate:g}"
            )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(losses)
        self.optimizer.step()
        self._average(number)
        return dict(zip(SIDES, values, strict=True))

    def batch_of(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, targets and weights of an iteration; side A first, then B."""
        pictures = torch.cat([self._pick(side, number) for side in SIDES]).float()
        pictures.mul_(1 / 255)
        generator = augment.generator_for(self.seed, _AUGMENT, number)
        drawn = augment.draw(2 * self.batch, self.switches, generator).to(self.device)
        crop = self.model.crop
        targets = augment.cut(pictures, drawn, crop.output_px, self.inner, warped=False)
        inputs = augment.cut(pictures[:, :3], drawn, crop.input_px, self.inner, warped=True)
        images, weights = targets[:, :3], targets[:, 3:] * (255 / WEIGHT_UNIT)
        if self.switches.colour:
            inputs, images = augment.recolour(inputs, drawn), augment.recolour(images, drawn)
        return inputs.contiguous(memory_format=torch.channels_last), images.contiguous(), weights

    def loss(self, shown: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """The recipe's mixture, weighted by the mask; a scalar."""
        recipe = self.recipe
        pasted = paste(shown, target, weight.clamp_max(1))
        pixelwise = recipe.mae * mae_map(pasted, target)
        if recipe.gradient:
            pixelwise = pixelwise + recipe.gradient * gradient_map(pasted, target)
        every = recipe.dssim_stride
        structure = masked_mean(dssim_map(pasted, target, every), weight[..., ::every, ::every])
        return masked_mean(pixelwise, weight) + recipe.dssim * structure

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """All that a checkpoint holds.

        Raises:
            TrainingError: a weight is not finite.
        """
        weights = dict(self.model.state_dict())
        if not all_finite(list(weights.values())):
            raise TrainingError(
                "the weights are not finite any more; they were not saved, the last checkpoint is "
                f"good; run again with a --learning-rate below {self.learning_rate:g}"
            )
        groups = {"weights": weights, "optimizer": self._optimizer_tensors()}
        if self.recipe.ema:
            groups["ema"] = self.ema
        return groups

    def averaged(self) -> Any:
        """The model with the weights that convert: the running mean where there is one."""
        if not self.recipe.ema:
            return self.model
        twin = copy.deepcopy(self.model)
        twin.load_state_dict(self.ema)
        return twin

    def restore(self, weights: Any, optimizer: Mapping[str, Tensor], ema: Any | None) -> None:
        """Go on from a checkpoint's tensors (the weights were checked by `load_into`)."""
        self.model.load_state_dict(weights)
        twin = copy.deepcopy(self.model)
        twin.load_state_dict(ema or weights)
        self.ema = {name: value.detach() for name, value in twin.state_dict().items()}
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in optimizer.items():
            index, _, name = key.partition(".")
            # moments lie in memory as their weights do
            layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
            state.setdefault(int(index), {})[name] = value.contiguous(memory_format=layout)
        groups = self.optimizer.state_dict()["param_groups"]
        try:
            self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        except (ValueError, KeyError, RuntimeError) as error:
            raise StoreError(f"the optimizer's state does not fit the model: {error}") from error

    def _optimizer_tensors(self) -> dict[str, Tensor]:
        state = self.optimizer.state_dict()["state"]
        return {f"{i}.{name}": value for i, s in state.items() for name, value in s.items()}

    def _pick(self, side: Side, number: int) -> Tensor:
        n = len(self.pixels[side])
        first = number * self.batch
        places = range(first, first + self.batch)
        order = [_order(self.seed, SIDES.index(side), i // n, n)[i % n] for i in places]
        return self.pixels[side][torch.stack(order).to(self.device)]

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


@lru_cache(maxsize=16)
def _order(seed: int, side: int, epoch: int, n: int) -> Tensor:
    """The order in which one side's faces come in an epoch."""
    return torch.randperm(n, generator=augment.generator_for(seed, _ORDER, side, epoch))
