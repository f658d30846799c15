"""One run of training: iterations, saves, previews and curves until its plan is done."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.errors import Cancelled, DiskFull
from understudy.flow import Beside, Progress
from understudy.nn import checkpoint
from understudy.options import to_mapping
from understudy.plugin import Plugin
from understudy.stages.train.feeding.faces import FaceSource
from understudy.stages.train.learning.loop import Trainer
from understudy.stages.train.learning.previews import Curves, sheet, write_sheet
from understudy.stages.train.live import Live
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.scored.watch import Watch
from understudy.words import counted

_ASKED_FOR = 6
"""Faces of a sheet that is asked for where none is drawn otherwise."""


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What training did.

    Attributes:
        model: the plug-in's name.
        step: iterations that the model has had in all.
        losses: mean loss over the last iterations by person, lower is better.
        seconds: time of this run's iterations.
        iterations: iterations of this run.
        checkpoint: the newest checkpoint.
        preview: the newest preview sheet, or None.
        left_out: iterations of this run whose step was left out because the loss spiked.
        gone_back: how often this run went back to the mean of its weights.
        score: of the newest scoring on faces that training does not see, 0..100, or None.
        best_score, best_step: of the best model so far, or None.
    """

    model: str
    step: int
    losses: Mapping[str, float]
    seconds: float
    iterations: int
    checkpoint: Path
    preview: Path | None
    left_out: int = 0
    gone_back: int = 0
    score: float | None = None
    best_score: float | None = None
    best_step: int | None = None

    def loss_words(self) -> str:
        """Each person's loss, for people: "ann 0.0412, bob 0.0523"."""
        told = (f"{person} {loss:.4f}" for person, loss in self.losses.items() if loss == loss)
        return ", ".join(told) or "none yet, it stands in closed form"

    def score_words(self) -> str:
        """The score, for people: ", score 61 (best 63 at 1,200)"; "" where nothing was scored."""
        if self.score is None:
            return ""
        best = ""
        if self.best_score is not None and self.best_step is not None:
            best = f" (best {self.best_score:.0f} at {self.best_step:,})"
        return f", score {self.score:.0f}{best}"


class Run:
    """One run: iterations, saves, previews and curves until the plan is done."""

    def __init__(
        self,
        folder: Path,
        plugin: Plugin,
        model_options: Mapping[str, Any],
        trainer: Trainer,
        faces: Mapping[str, FaceSource],
        options: TrainOptions,
        found: checkpoint.Checkpoint | None,
        watch: Watch,
        progress: Progress,
        origins: Mapping[str, Sequence[str]],
    ) -> None:
        self.watch, self.origins = watch, origins
        self.folder, self.plugin, self.trainer, self.faces = folder, plugin, trainer, faces
        self.model_options, self.options, self.progress = model_options, options, progress
        self.first = self.step = found.state.step if found else 0
        self.saved = self.step if found else -1
        self.trained_before_s = found.state.trained_s if found else 0.0
        self.trained_s = self.trained_before_s
        known = found.state.losses if found else {}
        self.losses = {p: known.get(p, float("nan")) for p in trainer.persons}
        self.path = found.path if found else folder
        self.left_out_before = trainer.guard.left_out
        self.gone_back_before = trainer.guard.gone_back
        self.started = self.last_save = time.monotonic()
        self.scored_before_s = 0.0
        before = found.state.training if found else None
        self.live = Live(folder, options, before, trainer.change, progress)

    def finish_plan(self, begun: Callable[[Path], None] | None) -> TrainReport:
        """Iterate until the plan is done; save on the way, at the end and when cancelled.

        Args:
            begun: see `TrainInputs`; called only where nothing was saved before.
        """
        o = self.options
        if self.watch.ends:
            self.watch.tell_end()
            self.progress.say("to train on all the same: --at-plateau go-on, or more --patience")
            return self.report()
        if self.done() >= 1:
            self.progress.say(
                f"the model has had its {self.plan()} already (iteration {self.step}); "
                "raise it to train on"
            )
            return self.report()
        total = o.iterations if o.iterations else o.minutes * 60
        at = self.step if o.iterations else self.trained_before_s
        name = f"training {self.plugin.name}"
        with (
            Curves(self.folder, self.step, self.progress) as self.curves,
            Beside[Path]() as self.writing,
            self.progress.task(name, total, "it" if o.iterations else "s", at) as bar,
        ):
            looked_at = begun is not None or not (o.minutes or o.iterations)
            if self.saved < 0 and looked_at:
                self.begin(begun)
            self.started = self.last_save = time.monotonic()
            self.scored_before_s, now = self.watch.spent_s, self.trained_before_s
            try:
                while self.done() < 1 and not self.watch.ends:
                    self.iterate()
                    # An iteration, or a checkpoint before it, ends after the time is up.
                    before, now = now, min(self.trained_s, total)
                    bar.advance(1 if o.iterations else now - before, self.note())
                    if self.progress.cancelled:
                        break
                    if self.live.look(self.step):
                        self._preview(self.options.previews or _ASKED_FOR)
                    self.save_when_due()
            except BaseException:
                self.settle()
                raise
            self.save(last=not self.progress.cancelled)
            self.watch.tell_end()
            self.path = self.writing.result() or self.path
            self.tell_of_left_out()
            if self.progress.cancelled:
                raise Cancelled(f"stopped; the model is saved at iteration {self.step}")
        return self.report()

    def begin(self, begun: Callable[[Path], None] | None) -> None:
        """Keep what stands in closed form, and show it; people wait for the look, not the score."""
        self.save(scored=False)
        self.settle()
        if self.saved == 0 and begun is not None:
            begun(self.folder)
        self.save()

    def done(self) -> float:
        """Share of the plan that is behind us; 1 or more ends the run."""
        if self.options.iterations:
            return self.step / self.options.iterations
        if not self.options.minutes:
            return float(self.saved >= 0)
        return self.trained_s / (self.options.minutes * 60)

    def plan(self) -> str:
        """What was asked for, in words."""
        if self.options.iterations:
            return counted(self.options.iterations, "iteration")
        return f"{self.options.minutes:g} minutes" if self.options.minutes else "closed form"

    @property
    def run_s(self) -> float:
        """Seconds of this run's training."""
        scored_s = self.watch.spent_s - self.scored_before_s
        return time.monotonic() - self.started - scored_s

    def iterate(self) -> None:
        """One iteration."""
        losses = self.trainer.step(self.step)
        self.step += 1
        # read once an iteration: what ends the plan is what the checkpoint says, so that the same
        # command once more finds the plan done
        self.trained_s = self.trained_before_s + self.run_s
        if self.trainer.verdict in ("taken", "doubtful"):
            for person, loss in losses.items():
                mean = self.losses[person]
                self.losses[person] = loss if mean != mean else 0.95 * mean + 0.05 * loss
        else:
            self.tell_of_spike(sum(losses.values()))
        rate = self.trainer.current_rate
        self.curves.losses(self.step, losses, rate)
        if self.step % Curves.EVERY == 0:
            for person, loss in losses.items():
                self.progress.metric(f"loss/{person}", loss, step=self.step)
            self.progress.metric("learning_rate", rate, step=self.step)

    def tell_of_spike(self, loss: float) -> None:
        """Say when a run's first step is left out, and each time that training goes back."""
        guard, back = self.trainer.guard, self.trainer.verdict == "gone back"
        if back or guard.left_out == self.left_out_before + 1:
            self.progress.warn(
                guard.words(self.step, loss, self.trainer.learning_rate, back=back),
                code="spike",
                step=self.step,
                loss=loss,
                usual=guard.usual,
                gone_back=back,
            )

    def tell_of_left_out(self) -> None:
        """Say how many steps came to nothing, where there were any."""
        report = self.report()
        if report.left_out:
            self.progress.say(
                f"{report.left_out} of {report.iterations} steps were left out because the loss "
                f"spiked; training went back {counted(report.gone_back, 'time')}"
            )

    def note(self) -> str:
        """The text behind the bar."""
        speed = (self.step - self.first) / max(self.run_s, 1e-3)
        losses = " ".join(f"{person} {loss:.4f}" for person, loss in self.losses.items())
        score = self.watch.words()
        score = f", {score}" if score else ""
        return f"iteration {self.step}, loss {losses}{score}, {speed:.1f} it/s"

    def save_when_due(self) -> None:
        """Save as often as the options say; a full disk is told, and tried again next time."""
        if self.writing.done:
            self.settle()
        waited = time.monotonic() - self.last_save
        regular = self.step % self.options.save_every == 0 or self.watch.fixed(self.step)
        if regular or waited >= 60 * self.options.save_minutes:
            self.save()

    def save(self, *, last: bool = False, scored: bool = True) -> None:
        """Have the model scored where that is due; begin to write it unless this step is kept.

        Args:
            last: whether training ends here as it was to.
            scored: whether it is scored at all.
        """
        self.settle()
        kept = self.step == self.saved
        due = scored and self.watch.due(self.step, self.run_s, last=last)
        if kept and not due:
            return
        state, weights = self._state(), self.trainer.tensors()
        if due:
            self.watch.look(state, self.curves)
        if kept and not self.watch.keeps(self.step):
            return
        tensors = weights | self.watch.tensors()
        self.writing.start(lambda: self._written(state, tensors))
        if kept:
            return
        self.saved, self.last_save = self.step, time.monotonic()
        if self.options.previews:
            self._preview(self.options.previews)

    def _state(self) -> checkpoint.State:
        """What is known of the model now."""
        return checkpoint.State(
            step=self.step,
            model=self.plugin.name,
            model_version=self.plugin.version,
            model_options=self.model_options,
            persons=self.trainer.persons,
            seed=self.trainer.seed,
            trained_s=self.trained_s,
            losses={p: loss for p, loss in self.losses.items() if loss == loss},
            training=_plan_kept(self.options),
            computed={self.trainer.device.type: self.trainer.precision},
            origins=self.origins,
        )

    def _preview(self, n: int) -> None:
        """Draw n faces of each person as the model shows them now."""
        trainer, words = self.trainer, self.watch.words()
        picture = sheet(
            trainer.averaged(),
            self.faces,
            n,
            f"{self.step}" + (f": {words}" if words else ""),
            trainer.device,
        )
        path = write_sheet(self.folder, picture, self.step)
        self.progress.picture("preview", path, step=self.step)
        self.curves.picture(self.step, picture)

    def _written(self, state: checkpoint.State, tensors: Any) -> Path:
        # The best one first: a kill between the two costs an interval of training, and not the
        # best model of a scoring that is not done again.
        self.watch.keep(state, tensors)
        if self.path == self.folder / checkpoint.name_of(state.step):
            return self.path
        path = checkpoint.save(self.folder, state, tensors)
        checkpoint.prune(self.folder, self.options.keep)
        return path

    def settle(self) -> None:
        """Wait for the checkpoint that is being written; a full disk is told."""
        try:
            self.path = self.writing.result() or self.path
        except DiskFull as error:
            self.progress.warn(
                f"not saved: {error}; training goes on", code="not-saved", step=self.saved
            )
            self.saved = -1

    def report(self) -> TrainReport:
        """What this run did."""
        preview, watch = self.folder / "preview.png", self.watch
        return TrainReport(
            model=self.plugin.name,
            step=self.step,
            losses=dict(self.losses),
            seconds=self.run_s if self.step > self.first else 0.0,
            iterations=self.step - self.first,
            checkpoint=self.path,
            preview=preview if preview.is_file() else None,
            left_out=self.trainer.guard.left_out - self.left_out_before,
            gone_back=self.trainer.guard.gone_back - self.gone_back_before,
            score=_known(watch.last.combined) if watch.last else None,
            best_score=watch.best.combined if watch.best else None,
            best_step=watch.best.step if watch.best else None,
        )


def _known(score: float) -> float | None:
    return score if math.isfinite(score) else None


def _plan_kept(options: TrainOptions) -> dict[str, Any]:
    """What the checkpoint says of how it was made; that it was only looked at is no plan."""
    plain = to_mapping(options)
    return plain if options.minutes else {k: v for k, v in plain.items() if k != "minutes"}
