"""Which faces an iteration takes: a function of seed, step and rank, and of nothing that happened.

So a resumed run goes on as if it had never stopped, and of several processes that train together
each takes its own share of the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.nn.augment import generator_for

ORDER, AUGMENT, INIT, OFFSET = 1, 2, 3, 4
"""So that no two uses of the seed share a stream."""


@dataclass(frozen=True, slots=True, eq=False)
class Sampler:
    """Draws faces.

    Attributes:
        seed: of the run.
        batch: faces of each person in one iteration of one process.
        rank, world: which of how many processes this is.
        weights: each person's faces' shares of what is shown, (n,) with sum 1, or None to show
            all equally often.
    """

    seed: int
    batch: int
    rank: int = 0
    world: int = 1
    weights: Sequence[NDArray[np.float64]] | None = None
    _epochs: dict[tuple[int, int], Tensor] = field(default_factory=dict, repr=False)

    def rows(self, person: int, n: int, step: int) -> Tensor:
        """(batch,) int64: which of a person's n faces.

        An epoch has n draws. In it each face comes as often as its weight says, rounded up or
        down: once, where all weigh the same.
        """
        first = (step * self.world + self.rank) * self.batch
        places = range(first, first + self.batch)
        return torch.stack([self._epoch(person, i // n, n)[i % n] for i in places])

    def augmenting(self, step: int) -> torch.Generator:
        """The random numbers that this process augments its faces by."""
        return generator_for(self.seed, AUGMENT, step * self.world + self.rank)

    def beginning(self, person: int) -> torch.Generator:
        """The random numbers for what a model is shown of a person before the first iteration."""
        return generator_for(self.seed, INIT, person)

    def _epoch(self, person: int, epoch: int, n: int) -> Tensor:
        """(n,) int64: the faces of an epoch in their order."""
        order = _order(self.seed, person, epoch, n)
        if self.weights is None:
            return order
        key = (person, epoch)
        known = self._epochs.get(key)
        if known is None:
            known = self._drawn(self.weights[person], person, epoch)[order]
            # threads may compute one twice, to the same numbers
            if len(self._epochs) >= 64:
                self._epochs.clear()
            self._epochs[key] = known
        return known

    def _drawn(self, share: NDArray[np.float64], person: int, epoch: int) -> Tensor:
        """Systematic sampling: one random offset, then equal strides over the summed weights.

        Neighbours in the film are neighbours in the sum, so of a stretch in which little happens
        faces come that lie evenly apart, others in the next epoch.

        Source: Madow, "On the theory of systematic sampling II", Ann. Math. Stat. 20, 1949.
        """
        n = len(share)
        offset = float(torch.rand((), generator=generator_for(self.seed, OFFSET, person, epoch)))
        ends = np.cumsum(share) * n
        found = np.searchsorted(ends, np.arange(n) + offset, side="right")
        # the sum of many floats may end a hair below n
        last = int(np.flatnonzero(share)[-1])
        return torch.from_numpy(np.minimum(found, last))


@lru_cache(maxsize=256)
def _order(seed: int, person: int, epoch: int, n: int) -> Tensor:
    """The order in which one person's faces come in an epoch."""
    return torch.randperm(n, generator=generator_for(seed, ORDER, person, epoch))
