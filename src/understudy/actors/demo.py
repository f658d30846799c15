"""The demo: two people who do not exist, swapped as ordinary video, measured against the truth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.actors import ACTORS, Actor, Performance, render
from understudy.errors import StoreError
from understudy.files import make_folder
from understudy.flow import Progress, Reporter, mapped
from understudy.flow.progress import stop_if_cancelled
from understudy.plugin import default_registry
from understudy.provenance.consent import Declaration, now
from understudy.runs.consent.declared import keep_declared
from understudy.runs.rendering.renders import RenderReport
from understudy.runs.swap import run_job
from understudy.runs.verbs.project import tell
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions
from understudy.store.project import Project
from understudy.testing.clips import clip_writer

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

    A and B play different scripts, so that the model cannot learn pairs of frames by heart. B's
    is twice as long: a donor should show more than the footage asks for.
    """
    make_folder(folder)
    a, b = ACTORS["actor_a"], _hair_out_of_the_face(ACTORS["actor_b"])
    lengths = {"a": n_frames, "b": 2 * n_frames, "truth": n_frames}
    clips = Clips(*(folder / f"{name}_{length}.mp4" for name, length in lengths.items()))
    # A's frame and its true swap share most of their pixels, so they are rendered together.
    _render(
        {clips.a: (a, None), clips.truth: (a, b)}, Performance(1, n_frames, FPS), size, progress
    )
    _render({clips.b: (b, None)}, Performance(2, lengths["b"], FPS), size, progress)
    return clips


def run_demo(folder: Path, minutes: float, n_frames: int, progress: Progress) -> RenderReport:
    """Render, extract, train, convert and score, going on where an earlier run stopped."""
    film, made = folder / "out.mp4", folder / "out.understudy"
    if film.exists() and not made.exists():
        raise StoreError(
            f"{film}: is there already and no demo made it; choose another --out folder"
        )
    clips = render_clips(folder / "clips", n_frames, progress)
    with Project.open(made, create=True) as project:
        if not project.consent.exists():
            keep_declared(project, synthetic_declarations())
        return run_job(
            project,
            {"a": [clips.a], "b": [clips.b]},
            film,
            ExtractOptions(),
            TrainOptions(minutes=minutes),
            ConvertOptions(overwrite=True),
            default_registry(),
            progress,
            truth=clips.truth,
        )


def demo(out: Path, minutes: float, frames: int, progress: Reporter) -> None:
    """The demo as a piece of work of the queue.

    Args:
        out: folder for everything.
        minutes: of training; 0 for what the model knows in closed form.
        frames: length of A's clip.
        progress: told what was made.
    """
    tell(run_demo(out, minutes, frames, progress), progress)


def _render(
    casts: Mapping[Path, tuple[Actor, Actor | None]],
    performance: Performance,
    size: tuple[int, int],
    progress: Progress,
) -> None:
    """Render one performance with several casts at once, unless all clips are there."""
    if all(path.exists() for path in casts):
        return

    def shots(index: int) -> list[NDArray[np.uint8]]:
        stop_if_cancelled(progress, "finished clips are kept")
        return [
            render(actor, performance, index, size, face_of).pixels
            for actor, face_of in casts.values()
        ]

    names = " and ".join(path.stem for path in casts)
    with ExitStack() as stack:
        bar = stack.enter_context(
            progress.task(f"rendering {names}", performance.n_frames, "frames")
        )
        writers = [stack.enter_context(clip_writer(p, size, performance.fps)) for p in casts]
        for pictures in mapped(shots, range(performance.n_frames), os.cpu_count() or 1):
            for add, pixels in zip(writers, pictures, strict=True):
                add(pixels)
            bar.advance(1)


def _hair_out_of_the_face(actor: Actor) -> Actor:
    """The same person with short hair: what a donor should do before the camera.

    Hair on the cheeks is learnt as part of the face and turns up as streaks in the swap.
    """
    return replace(actor, hair=replace(actor.hair, style="short"))


def synthetic_declarations(persons: Sequence[str] = ("a", "b")) -> list[Declaration]:
    """What is true of people who do not exist."""
    return [
        Declaration(
            person=person,
            name=f"synthetic actor {person.upper()}",
            basis="synthetic",
            adult=True,
            intimate=False,
            scope="the demo of Understudy",
            purpose="education",
            declared_by="understudy demo",
            declared_at=now(),
        )
        for person in persons
    ]
