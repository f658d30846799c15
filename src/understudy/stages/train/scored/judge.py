"""Who scores a model in training. Training knows neither films nor scores: it is handed a judge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from understudy.stages.train.moments.read import FaceKey
from understudy.swap.loading import Swapper


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model is worth.

    Attributes:
        combined: 0..100, higher is better, or not a number where it cannot be told.
        parts: each part of the score, 0..1, as far as it was measured.
        why: why it cannot be told, for people; "" where it can.
    """

    combined: float
    parts: Mapping[str, float] = field(default_factory=dict)
    why: str = ""


class Judge(Protocol):
    """Swaps the same faces with every model it is shown, and scores them.

    Equal weights are judged equally, and nothing of the training is touched: no random number is
    drawn and no weight changed.
    """

    @property
    def left_out(self) -> Collection[FaceKey]:
        """Faces that training must not see."""

    @property
    def key(self) -> str:
        """Names the faces and how they are looked at: scores of other keys are not compared."""

    def prepare(self) -> None:
        """Look at what the swaps are compared with; called once, before the first score.

        Raises:
            UnderstudyError: nothing can be scored here; says why.
        """

    def __call__(self, swapper: Swapper) -> Judged:
        """Score a model.

        Raises:
            UnderstudyError: nothing can be scored here; says why.
        """
