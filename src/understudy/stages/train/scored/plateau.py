"""Whether scores still rise, and what becomes of the learning rate when they do not.

It follows from the scores in their order and from nothing else, and its state lies in the
checkpoint: where scores are asked for at fixed iterations, a training that was interrupted slows
down where an uninterrupted one does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

import torch
from torch import Tensor

SLOWED, AT_MOST = 0.5, 4
"""Share of the learning rate that is left after each fall, and how often it falls."""
_LEAST_NOISE, _MOST_NOISE = 0.5, 3.0
"""Points of 100: nobody sees fewer, however steadily they come, and more are no noise."""
_FEWEST = 4
_SPREADS = 2.0
_MAD_TO_SIGMA = 1.4826


class Plateau:
    """Judges scores by those before them.

    Attributes:
        patience: scores in a row that must not rise by more than noise.
        falls: how often the learning rate fell.
    """

    def __init__(self, patience: int, key: str = "") -> None:
        """Nothing is scored yet.

        Args:
            patience: see there.
            key: of the scores, see `Judge.key`.
        """
        self.patience, self.falls, self._key = patience, 0, key
        self._steps: list[int] = []
        self._scores: list[float] = []
        self._since = 0

    def add(self, step: int, score: float) -> None:
        """One score more; what is not a number says nothing."""
        if math.isfinite(score):
            self._steps.append(step)
            self._scores.append(score)

    @property
    def noise(self) -> float:
        """Points by which scores differ without meaning it.

        Of three in a row the middle one lies between the others but for noise, whatever the
        trend; for white noise that difference has a variance of six times the noise's. Only the
        newest count, since the steep rise at the beginning bends by itself.
        """
        newest = self._scores[-self.patience - 2 :]
        bends = [abs(a - 2 * b + c) for a, b, c in _threes(newest)]
        if len(bends) < _FEWEST:
            return _LEAST_NOISE
        sigma = _MAD_TO_SIGMA * median(bends) / math.sqrt(6)
        return min(max(_LEAST_NOISE, _SPREADS * sigma), _MOST_NOISE)

    @property
    def reached(self) -> bool:
        """Whether the last `patience` scores are no better than the best one before them."""
        n = len(self._scores)
        if n <= self.patience or n - self._since < self.patience:
            return False
        before, last = self._scores[: -self.patience], self._scores[-self.patience :]
        return max(last) <= max(before) + self.noise

    def fall(self) -> bool:
        """Lower the rate once more and wait anew; whether it still may.

        What was reached before stays the mark: a fall has to bring something.
        """
        if self.falls == AT_MOST:
            return False
        self.falls += 1
        self._since = len(self._scores)
        return True

    @property
    def share(self) -> float:
        """Of the learning rate, what is left."""
        return SLOWED**self.falls

    def words(self) -> str:
        """What was found, for people."""
        best = self._scores.index(max(self._scores[: -self.patience]))
        return (
            f"the last {self.patience} scores are not better than {self._scores[best]:.1f} at "
            f"iteration {self._steps[best]:,} by more than {self.noise:.1f}, which is noise"
        )

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        return {
            "steps": torch.tensor(self._steps, dtype=torch.int64),
            "scores": torch.tensor(self._scores, dtype=torch.float64),
            "counts": torch.tensor((self.falls, self._since), dtype=torch.int64),
            "key": torch.tensor(list(self._key.encode()), dtype=torch.uint8),
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` gave; of scores with another key only the falls hold."""
        self.falls, since = tensors["counts"].tolist()
        if bytes(tensors["key"].tolist()).decode() == self._key:
            self._steps, self._scores = tensors["steps"].tolist(), tensors["scores"].tolist()
            self._since = since


def _threes(values: Sequence[float]) -> zip[tuple[float, float, float]]:
    return zip(values, values[1:], values[2:], strict=False)
