"""`score`: a finished render of a project, or two films that somebody has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.errors import ValueRefused
from understudy.flow import Reporter
from understudy.plugin import default_registry
from understudy.runs.rendering.scoring import score_films, score_render
from understudy.runs.settings import Said, remembering
from understudy.runs.verbs.project import opened
from understudy.stages.evaluate.options import ScoreOptions
from understudy.stages.evaluate.stage import EvaluateReport


def score(
    what: Path,
    output: Path | None,
    donors: Sequence[Path],
    render: str | None,
    truth: Path | None,
    into: Path | None,
    through_px: int,
    options: Said,
    progress: Reporter,
) -> None:
    """Score a render of the project `what`, or the film `output` beside the film `what`."""
    registry = default_registry()
    if output is None:
        _refuse(donors, "--donor", into, through_px)
        with opened(what, progress) as store:
            chosen = options.settled(ScoreOptions, store, progress)
            with remembering(store, "evaluate", chosen):
                made, scores = score_render(store, render, chosen, registry, progress, truth)
            _say(scores, store.report(made.id).parent, progress)
        return
    if render is not None:
        raise ValueRefused("--render: is for projects; two films have none")
    if not donors:
        progress.say("no --donor was given, so whose face it is cannot be told")
    chosen = options.settled(ScoreOptions, None, progress)
    folder = into or output.with_name(f"{output.name}.score")
    scores = score_films(
        what, output, donors, folder, chosen, registry, progress, truth, through_px
    )
    _say(scores, folder, progress)


def _refuse(donors: Sequence[Path], flag: str, into: Path | None, through_px: int) -> None:
    """A project knows these itself.

    Raises:
        ValueRefused: one of them was said.
    """
    for name, said in ((flag, donors), ("--output", into), ("--through-px", through_px)):
        if said:
            raise ValueRefused(f"{name}: is for two films; a project knows it itself")


def _say(scores: EvaluateReport, folder: Path, progress: Reporter) -> None:
    lines = [
        *scores.lines(),
        f"contact sheet: {folder / 'contact_sheet.png'}; curves: {folder / 'curves.png'}",
        f"report: {folder / 'report.md'}",
    ]
    progress.report("evaluate", scores, "\n".join(lines))
