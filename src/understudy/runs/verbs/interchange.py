"""`import` and `export`: faces from other tools, and for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.flow import Reporter
from understudy.interchange.carry import import_ as carry_in
from understudy.interchange.carry.export import Layout
from understudy.interchange.carry.export import export as carry_out
from understudy.store.alignments import alignments_path
from understudy.words import counted


def import_(
    file: Path,
    media: Path | None,
    output: Path | None,
    first_frame: int | None,
    progress: Reporter,
) -> None:
    """Take over faces of another tool."""
    report = carry_in(file, media, output, progress, first_frame)
    lines = [
        f"{report.output}: {counted(report.faces, 'face')} in {counted(report.frames, 'frame')}, "
        f"{report.tool}"
    ]
    if report.n_skipped:
        lines += [f"left out: {report.n_skipped}", *_listed(report.skipped, report.n_skipped)]
    if report.lost:
        lines += ["not taken over:", *_listed(report.lost, len(report.lost))]
    progress.report("imported", report, "\n".join(lines))


def export(
    file: Path,
    output: Path,
    layout: Layout | None,
    media: Path | None,
    overwrite: bool,
    progress: Reporter,
) -> None:
    """Write the faces of a film for another tool."""
    alignments = file if file.suffix == ".alignments" else alignments_path(file)
    report = carry_out(alignments, output, layout, media, overwrite=overwrite)
    lines = [
        f"{report.output}: {counted(report.faces, 'face')} in {counted(report.frames, 'frame')}, "
        f"{report.layout}"
    ]
    if report.lost:
        lines += ["not written:", *_listed(report.lost, len(report.lost))]
    progress.report("exported", report, "\n".join(lines))


def _listed(lines: Sequence[str], total: int) -> list[str]:
    more = [f"  and {total - len(lines)} more"] if total > len(lines) else []
    return [*(f"  {line}" for line in lines), *more]
