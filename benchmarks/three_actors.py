"""Three people who do not exist in one model, each swapped into each other's clip: six renders.

    python benchmarks/three_actors.py FOLDER [--frames 120] [--minutes 6]

Renders, extracts, trains one model on all three, converts and scores; goes on where an earlier
run stopped. Prints for each render how many of the frames are nearer to the donor than to the
person in the film, by an embedding that no loss has seen, and where its contact sheet lies.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from understudy.actors import ACTORS, Actor, Performance, render
from understudy.actors.shape.cast import Shape, Skin
from understudy.flow import Silent
from understudy.plugin import default_registry
from understudy.provenance.consent import Declaration, keep_declarations, now
from understudy.runs.project import add, extract_source, train_model
from understudy.runs.rendering.renders import Wanted, make_render, planned
from understudy.score.combined import QUESTIONS
from understudy.score.identity import NEARER
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions
from understudy.store.project import Project
from understudy.testing.clips import clip_writer

FPS, SIZE, MODEL = Fraction(25), (640, 360), "three"


def cast() -> dict[str, Actor]:
    """The demo's two, and a third with a long face, a dark skin and heavy brows."""
    a, b = ACTORS["actor_a"], ACTORS["actor_b"]
    c = replace(
        a,
        name="actor_c",
        shape=Shape(
            face_width=0.97,
            face_length=1.06,
            eye_spacing=2.0,
            eye_size=1.02,
            eye_tilt=1.0,
            brow_height=2.0,
            nose_length=1.0,
            nose_width=1.3,
            nose_height=0.85,
            mouth_width=1.14,
            lip_upper=9.0,
            lip_lower=12.0,
            lip_bulge=1.4,
            jaw_width=1.0,
            chin_width=-2.0,
            chin_length=5.0,
            cheekbone=5.0,
        ),
        skin=Skin(
            tone=(0.45, 0.31, 0.24), lips=(0.42, 0.25, 0.23), blush=0.1, wrinkles=0.1, shine=0.9
        ),
        hair=replace(a.hair, brow_colour=(0.07, 0.05, 0.04), brow_thickness=7.5, brow_arch=3.5),
        scene=b.scene,
        iris=(0.16, 0.10, 0.06),
    )
    return {"ann": a, "bea": replace(b, hair=replace(b.hair, style="short")), "cem": c}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--minutes", type=float, default=6.0)
    args = parser.parse_args()
    folder: Path = args.folder
    folder.mkdir(parents=True, exist_ok=True)
    registry, silent = default_registry(), Silent()
    started = time.perf_counter()
    with Project.open(folder / "three.understudy", create=True) as project:
        for number, (name, actor) in enumerate(cast().items(), 1):
            clip = _clip(folder / f"{name}.mp4", actor, number, args.frames)
            source = add(project, clip, name)
            keep_declarations(project.consent, [_synthetic(name)])
            extract_source(project, source, ExtractOptions(), registry, silent)
        print(f"rendered and extracted: {time.perf_counter() - started:.0f} s")
        options = TrainOptions(minutes=args.minutes)
        report = train_model(project, list(cast()), MODEL, options, registry, silent)
        print(f"model at step {report.step}: loss {report.loss_words()}; {report.preview}")
        print(f"| film | donor | {NEARER} | score | {' | '.join(QUESTIONS.values())} |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for film in cast():
            for donor in cast():
                if donor != film:
                    _swap(project, folder, film, donor)
    print(f"in all {time.perf_counter() - started:.0f} s")


def _swap(project: Project, folder: Path, film: str, donor: str) -> None:
    options = ConvertOptions(overwrite=True)
    wanted = Wanted(folder / f"{film}_as_{donor}.mp4", film, [f"all={donor}"], MODEL)
    plan = planned(project, wanted, options)
    report = make_render(project, plan, options, default_registry(), Silent())
    (part,) = report.scores.parts.values()
    answered = " | ".join(f"{100 * part.answers[group]:.0f} %" for group in QUESTIONS)
    (nearer,) = (f.swap for f in part.scores["identity"].figures if f.name == NEARER)
    print(f"| {film} | {donor} | {nearer:.0f} % | {part.combined:.0f} | {answered} |", flush=True)
    print(f"  {report.sheet}")


def _clip(path: Path, actor: Actor, seed: int, n_frames: int) -> Path:
    if not path.exists():
        performance = Performance(seed, n_frames, FPS)
        with clip_writer(path, SIZE, FPS) as add:
            for index in range(n_frames):
                add(render(actor, performance, index, SIZE).pixels)
    return path


def _synthetic(person: str) -> Declaration:
    return Declaration(
        person=person,
        name=f"synthetic actor {person}",
        basis="synthetic",
        adult=True,
        intimate=False,
        scope="benchmarks of Understudy",
        purpose="research",
        declared_by="benchmarks/three_actors.py",
        declared_at=now(),
    )


if __name__ == "__main__":
    main()
