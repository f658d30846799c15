"""The demo: two people who do not exist, swapped as ordinary video, measured against the truth."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.errors import Cancelled
from understudy.flow import Progress, mapped
from understudy.plugin import default_registry
from understudy.provenance.consent import Declaration, Side, now, write_declarations
from understudy.stages.convert_options import ConvertOptions
from understudy.stages.extract_options import ExtractOptions
from understudy.stages.job import JobReport, run_job
from understudy.stages.train_options import TrainOptions
from understudy.store.project import Project
from understudy.testing.actors import ACTORS, Actor, Performance, render
from understudy.testing.clips import write_clip

FPS = Fraction(25)
SIZE = (640, 360)


@dataclass(frozen=True, slots=True)
class Clips:
    """The demo's films: A's footage, B's material, and A's footage truly swapped."""

    a: Path
    b: Path
    truth: Path


def render_clips(
    folder: Path, n_frames: int, progress: Progress, size: tuple[int, int] = SIZE
) -> Clips:
    """Render the clips that are not there yet.

    A and B play different scripts, so that the model cannot learn pairs of frames by heart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    a, b = ACTORS["actor_a"], ACTORS["actor_b"]
    clips = Clips(*(folder / f"{name}_{n_frames}.mp4" for name in ("a", "b", "truth")))
    for path, actor, face_of, seed in (
        (clips.a, a, None, 1),
        (clips.b, b, None, 2),
        (clips.truth, a, b, 1),
    ):
        if not path.exists():
            _render_clip(path, actor, face_of, Performance(seed, n_frames, FPS), size, progress)
    return clips


def run_demo(folder: Path, minutes: float, n_frames: int, progress: Progress) -> JobReport:
    """Render, extract, train, convert and score, going on where an earlier run stopped."""
    clips = render_clips(folder / "clips", n_frames, progress)
    with Project.open(folder / "out.understudy", create=True) as project:
        if not project.consent.exists():
            write_declarations(project.consent, synthetic_declarations())
        return run_job(
            project,
            {"a": clips.a, "b": clips.b},
            folder / "out.mp4",
            ExtractOptions(),
            TrainOptions(minutes=minutes),
            ConvertOptions(overwrite=True),
            default_registry(),
            progress,
            truth=clips.truth,
        )


def _render_clip(
    path: Path,
    actor: Actor,
    face_of: Actor | None,
    performance: Performance,
    size: tuple[int, int],
    progress: Progress,
) -> None:
    name = f"rendering {path.stem}"
    with progress.task(name, performance.n_frames, "frames") as bar:

        def frame(index: int) -> NDArray[np.uint8]:
            if progress.cancelled:
                raise Cancelled("stopped while rendering; finished clips are kept")
            return render(actor, performance, index, size, face_of).pixels

        def counted() -> Iterator[NDArray[np.uint8]]:
            for pixels in mapped(frame, range(performance.n_frames), os.cpu_count() or 1):
                yield pixels
                bar.advance(1)

        write_clip(path, counted(), performance.fps)


def synthetic_declarations() -> list[Declaration]:
    """What is true of two people who do not exist."""
    sides: tuple[Side, Side] = ("a", "b")
    return [
        Declaration(
            side=side,
            name=f"synthetic actor {side.upper()}",
            basis="synthetic",
            adult=True,
            intimate=False,
            scope="the demo of Understudy",
            purpose="education",
            declared_by="understudy demo",
            declared_at=now(),
        )
        for side in sides
    ]
