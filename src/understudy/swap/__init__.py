"""Face-swapping models: what goes into one, what comes out, and what a trainer may ask of it.

A model is built for a number of persons. In training it sees each person's faces and shows them
as that person; in a conversion it is shown somebody's faces and asked for another person. What it
is made of inside, and how many losses and optimizers it takes to train it, is its own business.

Convention: tensors are (n, channels, h, w); colours are RGB 0..1; places are -1..1 from the left
and upper edge of the crop to its right and lower one, as PyTorch's `grid_sample` has them with
`align_corners=False`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, Protocol

from understudy.errors import ValueRefused

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter
    from torch.optim import Optimizer

    from understudy.geometry import Centering

SignalName = Literal["pose", "landmarks", "blendshapes", "mesh", "build"]


@dataclass(frozen=True, slots=True)
class Crop:
    """What a model sees of a face.

    Attributes:
        input_px: side of the crop that goes in.
        output_px: side of the same crop as it comes out.
        centering: which centre and padding the crop has.
        coverage: share of that crop that is shown, 0.1..1.
        surface: whether planes are not squares of the picture but textures of the face's surface
            (`geometry.facemesh.surface`), with as many texels a side. The crop then only gives
            places their unit.
    """

    input_px: int
    output_px: int
    centering: Centering
    coverage: float
    surface: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model wants to be fed, beside the planes "rgb" and "weight".

    Attributes:
        input: whether it wants the plane "input"; a model that looks at the unbent "rgb", or draws
            what it sees, does not.
        masks: kinds of masks that it wants as planes "mask:<kind>".
        signals: what it wants to know of each face.
        of_plate: what it wants to know beside these when it converts.
    """

    input: bool = True
    masks: tuple[str, ...] = ()
    signals: tuple[SignalName, ...] = ()
    of_plate: tuple[SignalName, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Faces of one iteration. The faces of a person lie together, persons in the model's order.

    Attributes:
        planes: pictures by name. "input": (n, 3, input_px, input_px) what the model sees, bent at
            random, where it asks for that. "rgb": (n, 3, output_px, output_px) what it shall show.
            "weight": (n, 1, output_px, output_px) how much each pixel counts, 0 outside the mask,
            more than 1 on eyes and mouth. "mask:<kind>": (n, 1, output_px, output_px) 0..1, those
            asked for.
        signals: numbers by name, those asked for, augmented as the pictures are. "pose": (n, 3)
            pitch, yaw and roll in degrees. "landmarks": (n, 68, 2) places in the crop.
            "blendshapes": (n, 52). "mesh": (n, 478, 3) points of the face mesh in the crop, depth
            in the same unit, smaller is nearer. "build": (n, 480, 3) the face at rest of whoever
            is seen, in canonical space, a row with how far right and left eye open and one with
            what is left of that when they are shut, see `geometry.facemesh.build`; never
            part of a training batch.
        persons: whose face each one is, by number.
        chance: a number from the run's seed and the iteration, for a model that draws random
            numbers of its own: keyed by it, an interrupted training goes on to the same bits.
    """

    planes: Mapping[str, Tensor]
    persons: tuple[int, ...]
    signals: Mapping[str, Tensor] = field(default_factory=dict)
    chance: int = 0

    def __len__(self) -> int:
        return len(self.persons)

    def blocks(self) -> list[tuple[int, slice]]:
        """Each person's number and where that person's faces lie."""
        found, start = [], 0
        for person, faces in groupby(self.persons):
            end = start + len(list(faces))
            found.append((person, slice(start, end)))
            start = end
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What a model shows.

    Attributes:
        rgb: (n, 3, output_px, output_px), about 0..1.
        alpha: (n, 1, output_px, output_px) 0..1, how far the shown face reaches, or None where the
            model knows of no edge.
        code: (n, ...) what the model found out about the faces, or None where it has no such place.
        mesh: (n, 514, 3) where the surface lies that rgb and alpha are textures of, in the crop,
            depth in the same unit, smaller is nearer; None where they are crops.
    """

    rgb: Tensor
    alpha: Tensor | None = None
    code: Tensor | None = None
    mesh: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Knob:
    """Something that can be chosen anew for every conversion, without training again.

    Attributes:
        help: what it does, for people.
        kind: a number, or the name of one of the model's persons.
        low, high: what a number may be.
    """

    help: str
    kind: Literal["number", "person"] = "number"
    low: float = 0.0
    high: float = 1.0

    def range_words(self, persons: Sequence[str] = ()) -> str:
        """What it takes: "0 to 1", or the names of persons."""
        if self.kind == "person":
            return " or ".join(persons) or "a person"
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model likes to be trained, where the person does not say otherwise.

    Attributes:
        learning_rate: peak of Adam's step size.
        betas: Adam's two momenta.
        epsilon: Adam's epsilon.
        warm_up: iterations over which the learning rate rises linearly.
        level: iterations after which the learning rate falls as the inverse square root of the
            iterations done, 0 for never.
        clip: norm that a group's gradients are clipped to, 0 for none.
        ema: decay of the running mean of the weights that converts, and to which training goes
            back after a spike; 0 for none. The mean reaches back over a tenth of the iterations
            done, and at most over 1 / (1 - ema).
        dssim: weight of the structural loss.
        dssim_stride: pixels between the windows of the structural loss.
        mae: weight of the absolute error.
        gradient: weight of the edge loss.
        batch: faces of each person in one iteration.
        warp: strength of the random warp, 1 for the field's.
        transform: strength of rotation, zoom and shift, 1 for the field's.
        flip: share of the faces that is mirrored.
    """

    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-7
    warm_up: int = 0
    level: int = 0
    clip: float = 1.0
    ema: float = 0.999
    dssim: float = 1.0
    dssim_stride: int = 1
    mae: float = 1.0
    gradient: float = 0.0
    batch: int = 16
    warp: float = 1.0
    transform: float = 1.0
    flip: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class ParameterGroup:
    """Parameters that one optimizer moves against one sum of losses.

    Attributes:
        name: unique in the model; `SwapModel.loss` is asked for it.
        parameters: of the group.
        optimizer: makes the optimizer from the parameters and a learning rate.
        rate: share of the run's learning rate that this group takes.
    """

    name: str
    parameters: Sequence[Parameter]
    optimizer: Callable[[Sequence[Parameter], float], Optimizer]
    rate: float = 1.0


class SwapModel(Protocol):
    """A face-swapping net: a `torch.nn.Module` with these parts.

    Constructed with its options (an instance of the dataclass that its plug-in names, or None)
    and the persons' ids. `swap.standard.StandardModel` brings all but `forward` and `convert`.
    """

    crop: Crop
    recipe: Recipe
    needs: Needs
    knobs: Mapping[str, Knob]
    persons: tuple[str, ...]
    instant: bool
    """Whether it shows somebody before the first iteration, after `init_from` alone."""

    def __init__(self, options: Any, persons: Sequence[str]) -> None: ...

    def __call__(self, batch: Batch) -> Outputs:
        """Show each face as the person that it is of."""

    def convert(
        self, crops: Tensor, to: str, signals: Mapping[str, Tensor] | None = None, **knobs: Any
    ) -> Outputs:
        """Show faces of anybody as one person.

        Args:
            crops: (n, 3, input_px, input_px).
            to: id of the person to show.
            signals: those that the model needs, as in `Batch`.
            **knobs: of those that the model has; checked by `check_knobs`.
        """

    def init_from(self, batches: Sequence[Batch]) -> None:
        """Look at the faces once before training begins; deterministic.

        Args:
            batches: one a person, augmented as in training, "input" unbent.
        """

    def groups(self) -> Sequence[ParameterGroup]:
        """What is trained, and by which optimizers."""

    def loss(self, outputs: Outputs, batch: Batch, group: str) -> Mapping[str, Tensor]:
        """What a group's parameters are to lower.

        Returns:
            Terms by name, weighted already; their sum counts. A term is (n,), one number a face,
            of which each person's mean is taken and all persons' means are added, or a scalar.
        """


class Turnable(Protocol):
    """Something with knobs: a model, or a trained one."""

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """What can be chosen, by name."""

    @property
    def persons(self) -> tuple[str, ...]:
        """Whom it can show."""


def read_knobs(
    model: Turnable, said: Sequence[str], given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Knobs in people's words as values; all of them checked.

    Args:
        model: whose knobs.
        said: "NAME=VALUE" each; of one name the last counts.
        given: values, which go before what is said.

    Raises:
        ValueRefused: words without a value, no number, or as `check_knobs`.
    """
    found: dict[str, Any] = {}
    for words in said:
        name, equals, value = (part.strip() for part in words.partition("="))
        if not equals or not name or not value:
            raise ValueRefused(
                f"knob: expected NAME=VALUE, got {words!r}; this model has: {_known(model)}"
            )
        found[name] = value
        knob = model.knobs.get(name)
        if knob is None:
            raise ValueRefused(
                f"knob {name}: this model has no such knob; it has: {_known(model)}; "
                '--knob "" takes back what was said or is remembered from another model'
            )
        if knob.kind == "number":
            try:
                found[name] = float(value)
            except ValueError:
                raise ValueRefused(f"knob {name}: expected a number, got {value!r}") from None
    found |= given or {}
    check_knobs(model, found)
    return found


def _known(model: Turnable) -> str:
    """The knobs of a model, for people."""
    return ", ".join(f"{n} ({k.range_words(model.persons)})" for n, k in model.knobs.items()) or (
        "none"
    )


def check_knobs(model: Turnable, knobs: Mapping[str, Any]) -> None:
    """Refuse knobs that the model does not have, or values that they do not take.

    Raises:
        ValueRefused: says which there are.
    """
    for name, value in knobs.items():
        knob = model.knobs.get(name)
        if knob is None:
            raise ValueRefused(f"{name}: this model has no such knob; it has: {_known(model)}")
        if knob.kind == "person":
            if value not in model.persons:
                raise ValueRefused(
                    f"{name}: expected one of {', '.join(model.persons)}, got {value!r}"
                )
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueRefused(f"{name}: expected a number, got {value!r}")
        elif not knob.low <= value <= knob.high:
            raise ValueRefused(f"{name}: expected {knob.low:g} to {knob.high:g}, got {value!r}")
