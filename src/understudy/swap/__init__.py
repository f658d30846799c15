"""Face-swapping models: one encoder for both people, one decoder for each.

The encoder learns what both faces share (pose, expression, gaze, light), a decoder how one
person looks in it. A swap is one person's face through the other's decoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from understudy.geometry import Centering

if TYPE_CHECKING:
    from torch import Tensor, nn

Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")


@dataclass(frozen=True, slots=True)
class Crop:
    """What a model sees of a face.

    Attributes:
        input_px: side of the crop that goes in.
        output_px: side of the same crop as it comes out.
        centering: which centre and padding the crop has.
        coverage: share of that crop that is shown, 0.1..1.
    """

    input_px: int
    output_px: int
    centering: Centering
    coverage: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model likes to be trained, where the person does not say otherwise.

    Attributes:
        learning_rate: peak of Adam's step size.
        betas: Adam's two momenta.
        epsilon: Adam's epsilon.
        warm_up: iterations over which the learning rate rises linearly.
        final_rate: share of the learning rate left at the planned end (cosine), 1 for no decay.
        ema: decay of the running mean of the weights that converts, 0 for none.
        dssim: weight of the structural loss.
        dssim_stride: pixels between the windows of the structural loss.
        mae: weight of the absolute error.
        gradient: weight of the edge loss.
        batch: faces of each side in one iteration.
        warp: strength of the random warp, 1 for the field's.
        transform: strength of rotation, zoom and shift, 1 for the field's.
        flip: share of the faces that is mirrored.
    """

    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-7
    warm_up: int = 0
    final_rate: float = 1.0
    ema: float = 0.0
    dssim: float = 1.0
    dssim_stride: int = 1
    mae: float = 1.0
    gradient: float = 0.0
    batch: int = 16
    warp: float = 1.0
    transform: float = 1.0
    flip: float = 0.5


class SwapModel(Protocol):
    """A face-swapping net, as a `torch.nn.Module` with these parts. Constructed with nothing."""

    crop: Crop
    recipe: Recipe
    encoder: nn.Module
    decoders: Mapping[str, nn.Module]

    def __call__(self, faces: Tensor, side: Side) -> Tensor:
        """Show faces as one side's person.

        Args:
            faces: (n, 3, input_px, input_px) float32 RGB 0..1, of anybody.
            side: whose decoder.

        Returns:
            (n, 3, output_px, output_px) float32 RGB, about 0..1.
        """

    def both(self, faces_a: Tensor, faces_b: Tensor) -> tuple[Tensor, Tensor]:
        """Each side's faces through its own decoder, with one pass of the encoder for all."""

    def init_from(self, faces_a: Tensor, faces_b: Tensor) -> None:
        """Look at the faces once before training begins; deterministic.

        Args:
            faces_a: (n, 4, output_px, output_px) float32: RGB 0..1, augmented as in training, and
                how much each pixel counts.
            faces_b: the other side's.
        """
