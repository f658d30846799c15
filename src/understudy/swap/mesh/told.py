"""What models on a mesh are told of faces, out of tensors into the numbers of geometry."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from understudy.errors import ValueRefused
from understudy.geometry import Float64
from understudy.geometry.facemesh import Heads
from understudy.swap.mesh.numbers import heads_of


def in_double(values: Tensor) -> Float64:
    """The same numbers on the CPU, float64: poses are fitted in no less."""
    found: Float64 = values.detach().to("cpu", torch.float64).numpy()
    return found


def heads_told(signals: Mapping[str, Tensor]) -> tuple[Heads, Float64]:
    """Poses, and canonical points (n, 478, 3), of the signal "mesh"."""
    return heads_of(in_double(signals["mesh"]))


def require_told(signals: Mapping[str, Tensor] | None) -> Mapping[str, Tensor]:
    """The signals, if a face can be drawn in another's build by them.

    Raises:
        ValueRefused: mesh or build is missing.
    """
    if signals is None or not {"mesh", "build"} <= set(signals):
        raise ValueRefused("signals: this model needs mesh and build of each face")
    return signals
