"""What most models have in common: losses and one Adam after the recipe, no start from faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from understudy.errors import ValueRefused
from understudy.nn.losses import dssim_map, gradient_map, mae_map, masked_means, paste
from understudy.nn.optimizers import adam
from understudy.swap import Batch, Crop, Knob, Needs, Outputs, ParameterGroup, Recipe

GROUP = "model"
"""Name of the one group of models that are trained as a whole."""


class StandardModel(nn.Module):
    """A `SwapModel` but for its net: `forward` and `convert` are missing."""

    crop: Crop
    recipe: Recipe
    needs: Needs = Needs()
    knobs: Mapping[str, Knob] = {}
    instant: bool = False

    def __init__(self, persons: Sequence[str]) -> None:
        """Remember for whom the model is.

        Raises:
            ValueRefused: fewer than two persons, or one twice.
        """
        super().__init__()
        self.persons = tuple(persons)
        if len(self.persons) < 2 or len(set(self.persons)) < len(self.persons):
            raise ValueRefused(f"persons: expected two or more different ones, got {self.persons}")

    def number_of(self, person: str) -> int:
        """A person's number.

        Raises:
            ValueRefused: the model does not know that person.
        """
        if person not in self.persons:
            known = ", ".join(self.persons)
            raise ValueRefused(f"person: this model knows {known}, not {person!r}")
        return self.persons.index(person)

    def init_from(self, batches: Sequence[Batch]) -> None:
        """Nothing: these models begin from chance."""

    def groups(self) -> Sequence[ParameterGroup]:
        """All parameters that learn, in one group."""
        learning = [p for p in self.parameters() if p.requires_grad]
        return [ParameterGroup(GROUP, learning, adam(self.recipe.betas, self.recipe.epsilon))]

    def loss(self, outputs: Outputs, batch: Batch, group: str) -> Mapping[str, Tensor]:
        """The recipe's mixture of pixels, edges and structure, weighted by the mask."""
        recipe, target, weight = self.recipe, batch.planes["rgb"], batch.planes["weight"]
        pasted = paste(outputs.rgb, target, weight.clamp_max(1))
        pixelwise = recipe.mae * mae_map(pasted, target)
        if recipe.gradient:
            pixelwise = pixelwise + recipe.gradient * gradient_map(pasted, target)
        every = recipe.dssim_stride
        structure = masked_means(dssim_map(pasted, target, every), weight[..., ::every, ::every])
        return {
            "pixels": masked_means(pixelwise, weight),
            "structure": recipe.dssim * structure,
        }


def refuse_aimless(morph: float, toward: str | None) -> None:
    """Refuse a morph toward nobody.

    Raises:
        ValueRefused: says what is missing.
    """
    if morph and toward is None:
        raise ValueRefused(f"morph: {morph:g} toward whom? Give toward as well")


class SharedEncoder(StandardModel):
    """One encoder for everybody, one decoder a person.

    The encoder learns what all faces share (pose, expression, gaze, light), a decoder how one
    person looks in it. A swap is anybody's face through another person's decoder.
    """

    knobs: Mapping[str, Knob] = {
        "morph": Knob("How far to go from the person asked for to the one named by toward."),
        "toward": Knob("The person that morph leads to.", kind="person"),
    }

    def __init__(
        self, persons: Sequence[str], encoder: nn.Module, decoders: Sequence[nn.Module]
    ) -> None:
        super().__init__(persons)
        self.encoder = encoder
        # by number: a ModuleDict refuses ids such as "keys" and "a.b"
        self.decoders = nn.ModuleList(decoders)

    def forward(self, batch: Batch) -> Outputs:
        """Each face through its own person's decoder, with one pass of the encoder for all."""
        code = self.encoder(batch.planes["input"])
        shown = [self.decoders[person](code[place]) for person, place in batch.blocks()]
        return Outputs(torch.cat(shown), code=code)

    def convert(
        self,
        crops: Tensor,
        to: str,
        signals: Mapping[str, Tensor] | None = None,
        *,
        morph: float = 0.0,
        toward: str | None = None,
    ) -> Outputs:
        """Faces of anybody, shown as one person or as somebody between two.

        Args:
            crops: (n, 3, input_px, input_px).
            to: whose face.
            signals: not looked at.
            morph: share of the other person's picture of the same expression, 0..1.
            toward: the other person.

        Raises:
            ValueRefused: an unknown person, or a morph toward nobody.
        """
        code: Any = self.encoder(crops)
        shown: Tensor = self.decoders[self.number_of(to)](code)
        refuse_aimless(morph, toward)
        if morph and toward is not None:
            shown = torch.lerp(shown, self.decoders[self.number_of(toward)](code), morph)
        return Outputs(shown, code=code)
