"""A tiny job that is killed at random moments and taken up again, until it is done.

Run as a program by `test_kill.py`: everything is imported once, then each attempt is a fork that
the parent kills with SIGKILL. No thread may run before the forks, so the parent only forks,
waits and kills; whatever touches pictures, films or tensors happens in a child.

    python kill_runner.py FOLDER SEED [OUTPUT [SCORE_FACES]]

FOLDER holds a.mp4 and b.mp4; OUTPUT is a film, out.mp4 unless given, or a name for a folder of
PNGs. SCORE_FACES is how many faces the training is scored by; what it costs is most of an attempt.
The last line printed is the story as JSON.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import contextlib
import hashlib
import importlib
import json
import select
import shutil
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from understudy.errors import StoreError
from understudy.flow import Silent
from understudy.media import frames, probe
from understudy.nn import checkpoint
from understudy.options import Branch
from understudy.plugin import KINDS, Registry, default_registry
from understudy.provenance.consent import Declaration, keep_declarations, now
from understudy.provenance.verify import verify
from understudy.runs.swap import run_job
from understudy.stages.convert import stage as convert_stage
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract import stage as extract_stage
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.train.options import TrainOptions
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset, read_face_png
from understudy.store.project import Project
from understudy.testing.tiny import TINY

KILLS, AT_LEAST = 20, 4
OUTPUT = sys.argv[3] if len(sys.argv) > 3 else "out.mp4"
SCORED = {"score_faces": int(sys.argv[4])} if len(sys.argv) > 4 else {}
EXTRACTING = ExtractOptions(size=96, min_face_px=30, workers=1)
# Two trainings are the same to the bit only in one precision, and on a busy machine the moment's
# trial that chooses it may come out differently.
TRAINING = TrainOptions(
    model="tiny",
    iterations=24,
    batch=4,
    save_every=3,
    previews=0,
    threads=1,
    device="cpu",
    precision="fp32",
    **SCORED,
)
CONVERTING = ConvertOptions(
    faces_at_once=4, device="cpu", write=Branch({"h264": {"preset": "ultrafast"}})
)
STAGES = {
    "faces of": "extract",
    "reading faces": "train",
    "training": "train",
    "converting": "convert",
    "joining": "release",
    "looking at": "evaluate",
}
_TWICE = ("extract", "extract", "train", "train", "convert", "convert")
PLANS = ((*_TWICE, "release"), (*_TWICE, "evaluate"), _TWICE)


REGISTRY = Registry(
    [
        TINY,
        *(p for kind in KINDS for p in default_registry().of_kind(kind)),
    ]
)


class Tells(Silent):
    """A progress that tells the parent which stage begins."""

    def __init__(self, pipe: int) -> None:
        super().__init__()
        self._pipe = pipe

    @contextlib.contextmanager
    def task(self, name: str, *rest: Any, **more: Any) -> Iterator[Any]:
        self._tell(name)
        with super().task(name, *rest, **more) as bar:
            yield bar

    def say(self, message: str) -> None:
        self._tell(message)

    def _tell(self, words: str) -> None:
        for start, stage in STAGES.items():
            if words.startswith(start):
                os.write(self._pipe, f"{stage}\n".encode())


def job(life: Path, pipe: int) -> None:
    """The whole job, or what is left of it."""
    with Project.open(life / "out.understudy", create=True) as project:
        if not project.consent.exists():
            people = [
                Declaration(
                    side, "Nobody", "synthetic", True, False, "tests", "education", "us", now()
                )
                for side in ("a", "b")
            ]
            keep_declarations(project.consent, people)
        media = {person: [life / f"{person}.mp4"] for person in ("a", "b")}
        run_job(
            project,
            media,
            life / OUTPUT,
            EXTRACTING,
            TRAINING,
            CONVERTING,
            REGISTRY,
            Tells(pipe),
        )


def forked(life: Path, work: Callable[[int], None]) -> tuple[int, int]:
    """Run something in a child; its pid, and the pipe that it tells into."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 1
    try:
        os.environ["UNDERSTUDY_HOME"] = os.fspath(life / "home")
        with (life / "failure.txt").open("w") as sys.stderr, contextlib.ExitStack() as told:
            told.callback(traceback.print_exc)
            work(writing)
            told.pop_all()
            code = 0
    finally:
        os._exit(code)


def attempt(
    life: Path, target: str | None, delay_s: float
) -> tuple[str | None, list[tuple[str, float]]]:
    """One run, killed `delay_s` after the target stage begins.

    Returns:
        The stage in which the kill struck, None when the job was done before; and when each
        stage was told to begin.
    """
    pid, pipe = forked(life, lambda writing: job(life, writing))
    told: list[tuple[str, float]] = []
    deadline: float | None = None
    killed = False
    while True:
        wait_s = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([pipe], [], [], wait_s)[0]:
            os.kill(pid, signal.SIGKILL)
            killed, deadline = True, None
            continue
        data = os.read(pipe, 4096)
        if not data:
            break
        told += [(stage, time.monotonic()) for stage in data.decode().split()]
        if not killed and deadline is None and target in (stage for stage, _ in told):
            deadline = time.monotonic() + delay_s
    os.close(pipe)
    status = os.waitpid(pid, 0)[1]
    told.append(("end", time.monotonic()))
    if os.WIFSIGNALED(status):
        return told[-2][0] if len(told) > 1 else "start", told
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError((life / "failure.txt").read_text())
    return None, told


def in_child(life: Path, work: Callable[[Path], Any]) -> Any:
    """The result of a function that runs in a child of its own."""
    answer = life / "answer.json"

    def answered(pipe: int) -> None:
        answer.write_text(json.dumps(work(life)))

    pid, pipe = forked(life, answered)
    os.close(pipe)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError((life / "failure.txt").read_text())
    return json.loads(answer.read_text())


def torn(life: Path) -> list[str]:
    """Everything with a final name that is not whole."""
    found = []
    project = life / "out.understudy"
    for path in [*project.glob("sources/?/faces/*.png")]:
        try:
            read_face_png(path)
        except StoreError as error:
            found.append(str(error))
    for path in life.glob("*.alignments"):
        try:
            content(path)
        except StoreError as error:
            found.append(str(error))
    for path in checkpoint.steps(project / "models" / "model")[: TRAINING.keep]:
        try:
            checkpoint.verify(path)
        except StoreError as error:
            found.append(str(error))
    for path in project.glob("work/*/seg_*.mp4"):
        if not list(frames(probe(path))):
            found.append(f"{path} holds no frame")
    for path in project.glob("work/*/seg_*/*.png"):
        if not list(frames(probe(path))):
            found.append(f"{path} cannot be read")
    found += [f"{path}: {state}" for path, state in said_of(life / OUTPUT) if state != "ours"]
    return found


def said_of(output: Path) -> list[tuple[str, str]]:
    """What every file of an output, as far as it is there, says of itself."""
    files = sorted(output.glob("*.png")) if output.is_dir() else [output] * output.exists()
    return [(path.name, verify(path).state) for path in files]


def content(alignments: Path) -> str:
    """A digest over every row and blob."""
    digest = hashlib.sha256()
    with Alignments.open(alignments, read_only=True) as store:
        digest.update(repr((store.finished, store.source)).encode())
        for at, faces in store.by_frame():
            digest.update(repr(at).encode())
            for face in faces:
                facts = (face.id, face.score, dict(face.quality), dict(face.made_by), face.track)
                digest.update(repr(facts).encode())
                arrays = [face.box_xyxy, face.alignment.landmarks]
                arrays += [face.alignment.unit_from_frame.matrix]
                arrays += [] if face.embedding is None else [face.embedding]
                for kind in sorted(face.masks):
                    arrays += [face.masks[kind].alpha, face.masks[kind].grid_from_frame.matrix]
                for array in arrays:
                    digest.update(array.tobytes())
    return digest.hexdigest()


def result(life: Path) -> dict[str, Any]:
    """All that a finished job must have in common with one that was never killed."""
    project, output = life / "out.understudy", life / OUTPUT
    newest = checkpoint.newest(project / "models" / "model")
    assert newest is not None
    heard = []
    if output.suffix:
        with av.open(str(output)) as container:
            (sound,) = container.streams.audio
            heard = [(p.pts, p.dts, _sha(bytes(p))) for p in container.demux(sound) if p.size]
    states = {state for _, state in said_of(output)}
    return {
        "alignments": {p.name: content(p) for p in sorted(life.glob("*.alignments"))},
        "pictures": {
            f"{side}/{p.name}": _sha(p.read_bytes())
            for side in ("a", "b")
            for p in list_faceset(project / "sources" / side / "faces")
        },
        "step": newest.state.step,
        "losses": dict(newest.state.losses),
        "computed": dict(newest.state.computed),
        "weights": dict(newest.state.files),
        "frames": [
            (f.at.pts, str(f.at.time_base), _sha(f.pixels.tobytes())) for f in frames(probe(output))
        ],
        "sound": heard,
        "sheet": _sha((project / "renders" / "out" / "contact_sheet.png").read_bytes()),
        "verdict": " and ".join(sorted(states)),
        "left_over": sorted(
            os.fspath(p.relative_to(life))
            for p in [*life.rglob("*.part"), *life.rglob("*.aside"), *project.glob("work/*")]
            if p.suffix != ".json"
        ),
    }


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def born(folder: Path, name: str) -> Path:
    """A place for a job from the beginning."""
    life = folder / name
    life.mkdir()
    for side in ("a", "b"):
        shutil.copy2(folder / f"{side}.mp4", life)
    return life


def durations(told: list[tuple[str, float]]) -> dict[str, float]:
    """Seconds that each stage took."""
    took: Counter[str] = Counter()
    for (stage, begin), (_, end) in pairwise(told):
        took[stage] += end - begin
    return dict(took)


def main(folder: Path, seed: int) -> dict[str, Any]:
    """Run the job once whole, then killed again and again, from several beginnings."""
    torch.set_num_threads(1)
    convert_stage.SEGMENT, extract_stage.BATCH = 4, 3
    registry = REGISTRY
    kept = [
        registry.create(kind, name) for kind, name in (("align", "dlib68"), ("embed", "dlib128"))
    ]
    for kind in ("detect", "mask", "swap", "colour", "write"):
        for plugin in registry.of_kind(kind):
            plugin.load()
    for slow in ("c2pa", "cryptography.x509", "joblib", "torch._dynamo", "torch.utils.tensorboard"):
        importlib.import_module(slow)
    assert threading.active_count() == 1

    rng = np.random.default_rng(seed)
    whole = born(folder, "whole")
    _, told = attempt(whole, None, 0)
    took = durations(told)
    want = in_child(whole, result)
    kills: list[dict[str, Any]] = []
    lives = []
    while len(kills) < KILLS or min(_struck(kills).values()) < AT_LEAST:
        if len(lives) == 2 * len(PLANS):
            break
        life = born(folder, f"life_{len(lives)}")
        plan = PLANS[len(lives) % len(PLANS)]
        struck: str | None = ""
        for target in plan:
            share = rng.uniform(0.02, 0.9) / plan.count(target)
            struck, _ = attempt(life, target, share * took[target])
            if struck is None:
                break
            torn_now = in_child(life, torn)
            kills.append({"life": life.name, "target": target, "struck": struck, "torn": torn_now})
        if struck is not None:
            attempt(life, None, 0)
        found = in_child(life, result)
        lives.append({k: found[k] == want[k] for k in want} | {"verdict": found["verdict"]})
        lives[-1]["left_over"] = found["left_over"]
        shutil.rmtree(life)
    del kept
    return {"took_s": took, "want": want, "kills": kills, "lives": lives}


def _struck(kills: list[dict[str, Any]]) -> dict[str, int]:
    return {s: sum(k["struck"] == s for k in kills) for s in ("extract", "train", "convert")}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))) + "\n")
