"""When a model in training is scored, what is told of it, and whether it is worth going on."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from understudy.errors import DiskFull, UnderstudyError, ValueRefused
from understudy.flow import Progress
from understudy.nn import checkpoint
from understudy.nn.device import Chosen
from understudy.stages.train.learning.loop import Trainer
from understudy.stages.train.learning.previews import Curves
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.scored.judge import Judge
from understudy.stages.train.scored.kept import (
    Best,
    Point,
    read_best,
    read_curve,
    write_best,
    write_curve,
)
from understudy.stages.train.scored.plateau import Plateau
from understudy.swap.loading import Swapper

BUDGET = 0.05
"""Share of the training's time that scores may take on top of it."""
PLATEAU = "plateau"
"""What a checkpoint calls the plateau's state."""


class Watch:
    """Has the model judged at saves, and remembers.

    Attributes:
        spent_s: how long scoring took in this run; no part of the training's time.
        best: the best model so far, or None.
        last: the newest scoring, or None.
    """

    def __init__(
        self,
        folder: Path,
        judge: Judge | None,
        trainer: Trainer,
        options: TrainOptions,
        found: checkpoint.Checkpoint | None,
        progress: Progress,
    ) -> None:
        """Look at what was scored before.

        Args:
            folder: the model folder.
            judge: who scores; None scores nothing.
            trainer: whose model it is; its rate is lowered at a plateau where that is wished.
            options: when to score and what follows.
            found: the checkpoint that training goes on from, or None.
            progress: told.

        Raises:
            ValueRefused: the rate is to fall, but not at iterations that are the same everywhere.
        """
        if options.at_plateau == "slow" and options.score_every is None:
            raise ValueRefused(
                "at_plateau: slow needs score_every, so that the rate falls at the same iteration "
                "on every machine; say --score-every 500, or --at-plateau stop"
            )
        self._folder, self._judge, self._trainer = folder, judge, trainer
        self._options, self._progress = options, progress
        self.spent_s = self._looks_s = self._cost_s = 0.0
        self._prepared, self._keeps, self._why = False, judge is not None, ""
        self.plateau = Plateau(options.patience, judge.key if judge else "")
        self.best: Best | None = None
        self.last: Point | None = None
        self._points: list[Point] = []
        self._best_point: Point | None = None
        self._best_before: Best | None = None
        if judge is not None:
            self._restore(judge, found)

    def _restore(self, judge: Judge, found: checkpoint.Checkpoint | None) -> None:
        step = found.state.step if found else -1
        # what was scored after the checkpoint that training goes on from comes again
        self._points = [p for p in read_curve(self._folder) if p.step <= step]
        mine = [p for p in self._points if p.key == judge.key]
        self.last = mine[-1] if mine else None
        best = read_best(self._folder)
        if best is not None and best.key == judge.key:
            self.best = best
        if self._points and not mine:
            self._progress.say(
                "the scores so far were of other faces or by other eyes, so they count no more"
            )
        if found is not None and found.has(PLATEAU):
            self.plateau.restore(found.tensors(PLATEAU))
            self._slow_down()

    def fixed(self, step: int) -> bool:
        """Whether this iteration is one at which scores are asked for whatever they cost."""
        every = self._options.score_every
        return self._judge is not None and every is not None and step > 0 and not step % every

    def due(self, step: int, trained_s: float, *, last: bool) -> bool:
        """Whether the model is to be scored now that it is saved.

        Args:
            step: iterations it has had.
            trained_s: seconds of this run's training so far.
            last: whether training ends here.
        """
        if self._judge is None or (self.last is not None and self.last.step == step):
            return False
        if last or self.fixed(step):
            return True
        if self._options.score_every is not None:
            return False
        return self._looks_s + self._cost_s <= BUDGET * trained_s

    def look(self, state: checkpoint.State, curves: Curves) -> None:
        """Have the model scored, tell what came of it, and lower the rate where that is wished."""
        judge = self._judge
        if judge is None:
            return
        began = started = time.monotonic()
        try:
            if not self._prepared:
                judge.prepare()
                self._prepared, started = True, time.monotonic()
            judged = judge(self._swapper(state))
        except (UnderstudyError, RuntimeError) as error:
            # hours of training must not end because nobody can score them
            self._judge = None
            self._progress.warn(
                f"the model is not scored from here on: {error}; training goes on",
                code="not-scored",
                step=state.step,
            )
            return
        finally:
            now = time.monotonic()
            self.spent_s += now - began
            # what is looked at once is no reason to score less often
            self._cost_s = now - started
            self._looks_s += self._cost_s
        parts = {name: value for name, value in judged.parts.items() if math.isfinite(value)}
        point = Point(state.step, state.trained_s, judged.combined, parts, judge.key)
        self._points.append(point)
        self.last, self._why = point, judged.why
        if math.isfinite(point.combined) and (
            self.best is None or point.combined > self.best.combined
        ):
            self._best_before, self._best_point = self.best, point
            self.best = Best(point.step, point.combined, point.key)
        self._tell(point, curves)
        try:
            write_curve(self._folder, self._points)
        except DiskFull as error:
            self._progress.warn(
                f"the curve of scores is not saved: {error}; training goes on",
                code="not-saved",
                step=point.step,
            )
        if self._options.score_every is None or self.fixed(point.step):
            # a plan's end is no place where a longer plan would have looked
            self.plateau.add(point.step, point.combined)
            self._act()

    def keep(self, state: checkpoint.State, tensors: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Write the model beside the last one if it is the best; safe in another thread.

        Raises:
            DiskFull: no room; the best one before is untouched.
        """
        point = self._best_point
        if point is None or point.step != state.step:
            return
        self._best_point = None
        try:
            write_best(self._folder, state, tensors, point)
        except UnderstudyError:
            self.best = self._best_before
            raise

    def keeps(self, step: int) -> bool:
        """Whether the model of this iteration is the best and not written yet."""
        return self._best_point is not None and self._best_point.step == step

    @property
    def ends(self) -> bool:
        """Whether training is to end because scores do not rise any more."""
        return self._options.at_plateau == "stop" and self.plateau.reached

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """What a checkpoint keeps of it."""
        return {PLATEAU: self.plateau.tensors()} if self._keeps else {}

    def words(self) -> str:
        """The newest score and the best one, for people; "" where nothing was scored."""
        if self.last is None:
            return ""
        if not math.isfinite(self.last.combined):
            return f"no score in all: {self._why}" if self._why else "no score in all"
        score = f"score {self.last.combined:.0f}"
        if self.best is None or self.best.step == self.last.step:
            return f"{score} (the best so far)" if self.best is not None else score
        return f"{score} (best {self.best.combined:.0f} at {self.best.step:,})"

    def tell_end(self) -> None:
        """Say why training ends where the scores are the reason, and where a better model lies."""
        if self.ends:
            self._progress.say(f"{self.plateau.words()}: training ends, as --at-plateau stop says")
        best, last = self.best, self.last
        if best is not None and last is not None and self.better(best, last):
            self._progress.say(
                f"the best score was {best.combined:.0f} at iteration {best.step:,}, the last is "
                f"{last.combined:.0f}; to convert with the best: understudy convert PROJECT "
                "--checkpoint best"
            )

    def better(self, best: Best, last: Point) -> bool:
        """Whether the best model is better than the last by more than noise."""
        return best.combined - last.combined > self.plateau.noise

    def _act(self) -> None:
        if self._options.at_plateau == "slow" and self.plateau.reached:
            words = self.plateau.words()
            if self.plateau.fall():
                self._slow_down()
                self._progress.say(
                    f"{words}: the learning rate falls to {100 * self.plateau.share:g} %"
                )

    def _slow_down(self) -> None:
        if self._options.at_plateau == "slow":
            self._trainer.slowed = self.plateau.share

    def _tell(self, point: Point, curves: Curves) -> None:
        figures = {f"held_out/{name}": value for name, value in point.parts.items()}
        if math.isfinite(point.combined):
            figures["held_out/combined"] = point.combined
        for name, value in figures.items():
            self._progress.metric(name, value, step=point.step)
        curves.figures(point.step, figures)
        self._progress.say(f"iteration {point.step:,}: {self.words()}")

    def _swapper(self, state: checkpoint.State) -> Swapper:
        model: Any = self._trainer.averaged()
        if model is self._trainer.model:
            # it is put into another mode, which must not reach the one that learns
            model = copy.deepcopy(model)
        here = checkpoint.Checkpoint(self._folder, state, "")
        return Swapper(model, here, Chosen(self._trainer.device, "where it is trained"))
