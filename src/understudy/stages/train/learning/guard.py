"""Keeps a training from leaving what it has learnt: which steps count, and when to go back.

One bad batch can throw a net so far that hours of learning are gone, and the loss alone tells it
soon enough. A step whose loss lies far over the usual one is left out. When several in a row do,
it is not the batch but the model that has left: the trainer goes back to the running mean of the
weights, which steps of doubtful loss never entered, and goes on at a lower rate.

All of it follows from the losses in their order, and its state lies in the checkpoint, so that a
training interrupted after a spike ends as one that was not. That is also why the way back is the
running mean: it is in every checkpoint already, and does not hang on when the last one was saved.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from statistics import median
from typing import Any, Literal

import torch
from torch import Tensor

from understudy.errors import TrainingError
from understudy.options import to_mapping
from understudy.stages.train.options import TrainOptions

Verdict = Literal["taken", "doubtful", "left out", "gone back"]

WINDOW, FEWEST = 101, 20
"""Losses that say what is usual, and how many there must be before anything is left out."""
TIMES, SPREADS = 2.0, 6.0
"""A loss counts as a spike over this many medians and this many spreads over the median."""
IN_A_ROW = 5
"""Spikes one after another that mean that the model has left, not that a batch was bad."""
AT_MOST = 4
"""How often training goes back without `CALM` good steps in between before it gives up."""
CALM = 400
_CEILING, _LOWERED, _RAMP, _RECOVERY = 0.8, 0.5, 40, 1000
_MAD_TO_SIGMA = 1.4826

_CHANGE_THE_LOSS = (
    "batch",
    "learning_rate",
    "warp",
    "flip",
    "transform",
    "colour",
    "even",
    "mask",
    "masked",
    "eyes",
    "mouth",
)


def comparable(trained: Mapping[str, Any], options: TrainOptions) -> bool:
    """Whether the losses of an earlier run, and the rate it held, say anything under these options.

    Args:
        trained: the options before, as a checkpoint keeps them.
        options: now.
    """
    now = to_mapping(options)
    return all(trained.get(name) == now.get(name) for name in _CHANGE_THE_LOSS)


class Guard:
    """Judges each iteration's loss by those before it.

    Attributes:
        left_out: steps left out since training began.
        gone_back: how often training went back.
    """

    def __init__(self) -> None:
        self._losses: deque[float] = deque(maxlen=WINDOW)
        self.left_out = self.gone_back = 0
        self._in_a_row = self._returns = self._calm = 0
        self._since = -1
        self._ceiling = 1.0

    @property
    def usual(self) -> float:
        """Median of the newest good losses, NaN where there are too few to say."""
        return median(self._losses) if len(self._losses) >= FEWEST else math.nan

    @property
    def limit(self) -> float:
        """Losses over this are spikes; infinite where too little is known.

        Where batches are small, a hard face alone doubles the loss; it must not be left out every
        time it comes, so the losses' own spread counts as well.
        """
        if len(self._losses) < FEWEST:
            return math.inf
        usual = median(self._losses)
        spread = _MAD_TO_SIGMA * median(abs(x - usual) for x in self._losses)
        return max(TIMES * usual, usual + SPREADS * spread)

    @property
    def lowered(self) -> float:
        """Share of the learning rate that training goes on with after going back."""
        return _LOWERED * self._ceiling

    def share(self, number: int) -> float:
        """Share of the learning rate at an iteration: less for a while after going back.

        It ends under what it was before, so that what did not hold is not tried again.
        """
        if self._since < 0:
            return 1.0
        gone = number - self._since
        ramp = min(1.0, gone / _RAMP)
        regained = _LOWERED + (1 - _LOWERED) * min(1.0, gone / _RECOVERY)
        return ramp * regained * self._ceiling

    def forget(self) -> None:
        """Learn anew what is usual: what is trained has another loss from here on."""
        self._losses.clear()
        self._in_a_row = 0

    def rewarm(self, number: int) -> None:
        """Raise the rate gently from here on, for a model that was last trained at a lower one."""
        self._since = number - 1

    def judge(self, number: int, loss: float, *, held: bool = True) -> Verdict:
        """What an iteration's loss means.

        Args:
            number: of the iteration.
            loss: of all persons.
            held: whether everything else about the step is finite.

        Returns:
            "taken": the step counts. "doubtful": it does, but the running mean should not follow
            it. "left out": it is not to be applied. "gone back": neither is it, and the trainer
            is to go back.

        Raises:
            TrainingError: going back did not help.
        """
        limit, usual = self.limit, self.usual
        if held and math.isfinite(loss) and loss <= limit:
            self._losses.append(loss)
            self._in_a_row = 0
            self._calm += 1
            if self._calm >= CALM:
                self._returns = 0
            return "doubtful" if loss > (limit + usual) / 2 else "taken"
        self.left_out += 1
        self._in_a_row += 1
        if self._in_a_row < IN_A_ROW:
            return "left out"
        self._go_back(number, loss)
        return "gone back"

    def _go_back(self, number: int, loss: float) -> None:
        if self._returns == AT_MOST:
            raise TrainingError(
                f"training does not hold: at iteration {number + 1} the loss is {loss:g} again "
                f"after going back {AT_MOST} times; the last checkpoint is good; run again with "
                "a lower --learning-rate"
            )
        if self._returns and not self._calm:
            # nothing held after going back either: it is the faces or the options that changed
            # the loss, so what was usual says nothing any more
            self._losses.clear()
        self._returns += 1
        self.gone_back += 1
        self._in_a_row = self._calm = 0
        self._since = number
        self._ceiling *= _CEILING

    def words(self, step: int, loss: float, learning_rate: float, *, back: bool) -> str:
        """What happened at a spike, for people, and what to do."""
        what = (
            "several times in a row, so training goes back to the mean of its weights and on from "
            f"there at {100 * self.lowered:.0f} % of its rate"
            if back
            else "that step was left out, and others like it will be without a word"
        )
        return (
            f"iteration {step}: the loss rose to {loss:.3g} where {self.usual:.3g} is usual; "
            f"{what}. If it happens often, train with a --learning-rate below {learning_rate:g}"
        )

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        counts = (
            self.left_out,
            self.gone_back,
            self._in_a_row,
            self._returns,
            self._calm,
            self._since,
        )
        return {
            "losses": torch.tensor(list(self._losses), dtype=torch.float64),
            "counts": torch.tensor(counts, dtype=torch.int64),
            "ceiling": torch.tensor(self._ceiling, dtype=torch.float64),
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` gave."""
        self._losses = deque(tensors["losses"].tolist(), maxlen=WINDOW)
        self.left_out, self.gone_back, self._in_a_row, self._returns, self._calm, self._since = (
            tensors["counts"].tolist()
        )
        self._ceiling = float(tensors["ceiling"])
