"""Feeds a trainer: which faces an iteration takes, fetched before it asks, as tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from torch import Tensor

from understudy.flow import mapped
from understudy.nn.device import cpu_count
from understudy.stages.train.feeding.crops import SIGNALS
from understudy.stages.train.feeding.faces import FaceSource
from understudy.stages.train.feeding.sampler import Sampler

_MOST_WORKERS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Faces as they were cut.

    Attributes:
        planes: (n, c, s, s) uint8, as `Cutting.dtype` says.
        signals: by name, (n, ...) float32.
        persons: whose each one is.
    """

    planes: Tensor
    signals: dict[str, Tensor]
    persons: tuple[int, ...]


class Feed:
    """Faces of all persons; iterations that come in order are fetched ahead by threads."""

    def __init__(self, sources: Sequence[FaceSource], sampler: Sampler, *, pinned: bool) -> None:
        """Begin with nothing fetched.

        Args:
            sources: each person's faces, in the model's order.
            sampler: which faces an iteration takes.
            pinned: keep them where a GPU reads them at once.
        """
        self.sources, self.sampler = sources, sampler
        self._pinned = pinned
        self._ahead: Iterator[Raw] | None = None
        self._next = -1

    def step(self, number: int) -> Raw:
        """The faces of an iteration; from the second in a row on they are there already."""
        if self._ahead is None or number != self._next:
            self.close()
            # reading a cache needs one; cutting what it may not hold takes what there is
            workers = min(_MOST_WORKERS, max(2, cpu_count()))
            self._ahead = mapped(self._gather, count(number), workers, workers + 1)
        self._next = number + 1
        return next(self._ahead)

    def evenly(self, person: int, most: int, each: int) -> Raw:
        """At most `most` faces of a person, evenly spread, each at most `each` times.

        Where faces have weights, they are spread over these: a blink that lasts three frames of a
        thousand is then seen often enough to be learnt in one look.
        """
        n = len(self.sources[person])
        chosen = min(most, each * n)
        rows = [i * n // chosen for i in range(chosen)]
        if self.sampler.weights is not None:
            share = np.minimum(self.sampler.weights[person], each / chosen)
            ends = np.cumsum(share / share.sum()) * chosen
            found = np.searchsorted(ends, np.arange(chosen) + 0.5, side="right")
            rows = np.minimum(found, int(np.flatnonzero(share)[-1])).tolist()
        return self._raw([(person, rows)])

    def close(self) -> None:
        """End the threads; what they fetched is dropped."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()  # type: ignore[attr-defined]  # a generator

    def _gather(self, number: int) -> Raw:
        return self._raw(
            [
                (person, self.sampler.rows(person, len(source), number).tolist())
                for person, source in enumerate(self.sources)
            ]
        )

    def _raw(self, wanted: Sequence[tuple[int, list[int]]]) -> Raw:
        rows = np.concatenate([self.sources[person].rows(numbers) for person, numbers in wanted])
        planes = torch.from_numpy(np.ascontiguousarray(rows["planes"]))
        told = torch.from_numpy(np.ascontiguousarray(rows["signals"]))
        signals: dict[str, Tensor] = {}
        at = 0
        for name in self.sources[0].cutting.signals:
            end = at + math.prod(SIGNALS[name])
            signals[name] = told[:, at:end].reshape(len(told), *SIGNALS[name])
            at = end
        persons = tuple(person for person, numbers in wanted for _ in numbers)
        return Raw(planes.pin_memory() if self._pinned else planes, signals, persons)
