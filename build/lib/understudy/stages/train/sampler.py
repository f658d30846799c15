"""Which faces an iteration takes: a function of seed, step and rank, and of nothing that happened.

So a resumed run goes on as if it had never stopped, and of several processes that train together
each takes its own share of the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from understudy.nn.augment import generator_for

ORDER, AUGMENT, INIT = 1, 2, 3
"""So that no two uses of the seed share a stream."""


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws faces.

    Attributes:
        seed: of the run.
        batch: faces of each person in one iteration of one process.
        rank, world: which of how many processes this is.
    """

    seed: int
    batch: int
    rank: int = 0
    world: int = 1

    def rows(self, person: int, n: int, step: int) -> Tensor:
        """(batch,) int64: which of a person's n faces; each comes once before any comes again."""
        first = (step * self.world + self.rank) * self.batch
        places = range(first, first + self.batch)
        return torch.stack([_order(self.seed, person, i // n, n)[i % n] for i in places])

    def augmenting(self, step: int) -> torch.Generator:
        """The random numbers that this process augments its faces by."""
        return generator_for(self.seed, AUGMENT, step * self.world + self.rank)

    def beginning(self, person: int) -> torch.Generator:
        """The random numbers for what a model is shown of a person before the first iteration."""
        return generator_for(self.seed, INIT, person)


@lru_cache(maxsize=256)
def _order(seed: int, person: int, epoch: int, n: int) -> Tensor:
    """The order in which one person's faces come in an epoch."""
    return torch.randperm(n, generator=generator_for(seed, ORDER, person, epoch))
