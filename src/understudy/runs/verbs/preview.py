"""`preview`: frames under settings that are tried, without a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.flow import Reporter
from understudy.plugin import default_registry
from understudy.runs.rendering.preview import Trial
from understudy.runs.rendering.preview import preview as drawn
from understudy.runs.rendering.renders import Wanted
from understudy.runs.settings import Said, remembering, settled, whole_tree
from understudy.runs.verbs.project import looked_at, opened
from understudy.stages.convert.options import ConvertOptions


def preview(
    project: Path,
    output: Path,
    source: str | None,
    cast: Sequence[str],
    model_name: str | None,
    cell_px: int,
    keep: bool,
    review: bool,
    options: Said,
    progress: Reporter,
) -> None:
    """Draw a sheet of frames as a conversion would make them."""
    registry = default_registry()
    with opened(project, progress) if keep else looked_at(project, progress) as store:
        now = options.settled(ConvertOptions, store, progress)
        tree = whole_tree(registry)
        before: ConvertOptions = settled("convert", Said(), store, tree).of(tree, "convert")
        wanted = Wanted(None, source, tuple(cast), model_name)
        drawn(store, Trial(wanted, before, now, cell_px, review), output, registry, progress)
        if keep:
            with remembering(store, "convert", now):
                progress.say("these settings hold for the project's next conversion")
