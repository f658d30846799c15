"""Optimizers that models ask for: makers that wait for the parameters and the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn import Parameter
from torch.optim import Optimizer

Maker = Callable[[Sequence[Parameter], float], Optimizer]


def adam(betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-7) -> Maker:
    """Adam, in one kernel where the parameters' device has it.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    """

    def make(parameters: Sequence[Parameter], learning_rate: float) -> Optimizer:
        fused = all(p.device.type in ("cpu", "cuda") for p in parameters)
        return torch.optim.Adam(parameters, lr=learning_rate, betas=betas, eps=epsilon, fused=fused)

    return make
