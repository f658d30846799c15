"""An extraction that is killed fifty times at random moments and taken up again.

Run as a program by `test_kill_extract.py`: everything is imported once, then each attempt is a
fork that the parent kills with SIGKILL. The parent itself never touches films or networks.

    python kill_extract.py FOLDER SEED

FOLDER holds film.mp4. The last line printed is the story as JSON.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import contextlib
import hashlib
import json
import random
import select
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: F401 - loaded before the forks

from understudy.flow import Silent
from understudy.media import FilmReader, frames, probe  # noqa: F401
from understudy.plugin import default_registry
from understudy.stages.extract import stage
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset

KILLS = 50
OPTIONS = ExtractOptions(size=64, min_face_px=30, workers=2)


class Tells(Silent):
    """Tells the parent when work on frames begins."""

    def __init__(self, pipe: int) -> None:
        super().__init__()
        self._pipe = pipe

    @contextlib.contextmanager
    def task(self, *rest: Any, **more: Any) -> Iterator[Any]:
        os.write(self._pipe, b"s")
        with super().task(*rest, **more) as bar:
            yield bar


def work(media: Path, pipe: int) -> None:
    """One attempt; every frame that is read is noted, for what a kill costs."""
    read = FilmReader.frames
    noted = os.open(media.with_name("read"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)

    def noting(self: Any, *given: Any) -> Iterator[Any]:
        for frame in read(self, *given):
            os.pwrite(noted, f"{frame.at.index:08}".encode(), 0)
            yield frame

    FilmReader.frames = noting
    extract(ExtractInputs(media, media.parent / "faces"), OPTIONS, default_registry(), Tells(pipe))


def in_child(job: Callable[[int], None], seconds: float | None = None) -> bool:
    """Run in a fork; kill it so many seconds after it tells that it has begun. True if killed."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            job(into)
            code = 0
        except BaseException:  # noqa: BLE001 - a child must end here, whatever happened
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(into)
    if seconds is not None:
        select.select([out], [], [], 60)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(out)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"the extraction failed with {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status)


def looked_over(media: Path, pipe: int) -> None:
    """What a kill left: integrity, rows and what will be done again."""
    path = media.with_suffix(".alignments")
    story: dict[str, Any] = {"integrity": "none", "rows": 0, "read": 0}
    with contextlib.suppress(OSError, ValueError):
        story["read"] = int(media.with_name("read").read_bytes() or b"-1") + 1
    if path.exists():
        with contextlib.closing(sqlite3.connect(path)) as db:
            story["integrity"] = db.execute("PRAGMA integrity_check").fetchone()[0]
        with Alignments.open(path) as store:
            story["rows"] = store.counts()[0]
    os.write(pipe, json.dumps(story).encode())


def content(media: Path, pipe: int) -> None:
    """A digest of everything that the extraction made."""
    digest = hashlib.sha256()
    with Alignments.open(media.with_suffix(".alignments")) as store:
        digest.update(repr((store.finished, store.shots(), store.counts())).encode())
        for t in store.tracks():
            digest.update(repr((t.number, t.shot, t.person, t.weight)).encode())
            digest.update(np.asarray(t.embedding).tobytes())
        for at, faces in store.by_frame():
            digest.update(repr((at.index, at.pts, len(faces))).encode())
            for face in faces:
                digest.update(repr((face.id, face.track, face.score)).encode())
                digest.update(face.alignment.landmarks.tobytes())
                for name, mask in face.masks.items():
                    digest.update(name.encode() + mask.alpha.tobytes())
    for path in list_faceset(media.parent / "faces"):
        digest.update(path.name.encode() + path.read_bytes())
    os.write(pipe, digest.hexdigest().encode())


def told(job: Callable[[Path, int], None], media: Path) -> str:
    """What a child job writes."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            job(media, into)
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        words = pipe.read().decode()
    os.waitpid(child, 0)
    return words


def main() -> None:
    """Kill, look, go on; compare the end with one that was never killed."""
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)  # noqa: S311
    film = folder / "film.mp4"
    whole = folder / "whole" / "film.mp4"
    whole.parent.mkdir()
    shutil.copy2(film, whole)
    started = time.monotonic()
    in_child(lambda pipe: work(whole, pipe))
    took = time.monotonic() - started
    want = told(content, whole)
    kills, ends, life = [], [], 0
    # On a fast machine many kills come before the first rows; enough must strike in the middle.
    while len(kills) < KILLS or sum(k["rows"] > 0 for k in kills) < KILLS // 2 or not ends:
        media = folder / f"life{life}" / "film.mp4"
        if not media.exists():
            media.parent.mkdir()
            shutil.copy2(film, media)
        struck = sum(k["rows"] > 0 for k in kills)
        enough = len(kills) >= KILLS and struck >= KILLS // 2
        delay = None if enough else rng.uniform(0, took / 8)
        killed = in_child(lambda pipe, media=media: work(media, pipe), delay)
        if killed:
            kills.append(json.loads(told(looked_over, media)))
        else:
            ends.append(told(content, media) == want)
            life += 1
    sys.stdout.write(json.dumps({"kills": kills, "ends": ends, "window": stage.WINDOW}) + "\n")


if __name__ == "__main__":
    main()
