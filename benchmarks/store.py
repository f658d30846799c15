"""The alignments file at 100,000 faces: open, filter, edit, read, and its size.

Run: .venv/bin/python benchmarks/store.py [--faces 100000] [--repeats 30] [--folder /tmp]

A film of 50,000 frames with two faces each, two 128 px masks a face (drawn from landmarks, with a
soft edge), a 128-number embedding, tracks, persons and some stale parts. Beside it the same faces
in one JSON document, the layout of the field's older tools: 2,000 of them are measured, and what
grows with their number is scaled up. Medians, and the spread from the 10th to the 90th percentile.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from pipeline import processor

from understudy.geometry import UNIT, Warp, average_distance
from understudy.geometry.templates import MEAN_FACE_51
from understudy.mask.landmark import ComponentsMasker, ExtendedMasker
from understudy.store import codec
from understudy.store.alignments import Alignments, SourceRecord
from understudy.store.alignments.query import ANY, Query
from understudy.types import Alignment, Face, Mask, Timestamp, Track
from understudy.types.frame import frame_space

FRAME = frame_space(1280, 720)
BASE = Fraction(1001, 30000)
A_FRAME = 2
A_TRACK = 250
BASELINE = 2000
QUERIES = {
    "frames 1,000 to 1,200": Query(frames=(1000, 1200)),
    "average distance above 0.06": Query(average_distance=(0.06, None)),
    "size below 100 px": Query(size_px=(None, 100)),
    "score below 0.72": Query(score=(None, 0.72)),
    "one track": Query(track=7),
    "one person of 20": Query(person=3),
    "not two faces in the frame": Query(faces_in_frame=(3, None)),
    "no mask 'extended'": Query(without_mask="extended"),
    "stale": Query(stale=ANY),
    "stale mask 'extended', size over 150": Query(stale="mask:extended", size_px=(150, None)),
    "person, score, size and mask": Query(
        person=3, score=(0.9, None), size_px=(120, 300), mask="components"
    ),
}


def main() -> None:
    """Build, time, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args()
    print(f"hardware: {processor()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        path = Path(name) / "film.alignments"
        started = time.perf_counter()
        build(path, args.faces)
        built = time.perf_counter() - started
        size = path.stat().st_size
        print(
            f"{args.faces} faces with two masks: {size / 2**20:.0f} MiB, {size / args.faces:.0f} "
        )
        print(f"bytes a face; written in {built:.0f} s, {args.faces / built:.0f} faces/s\n")
        head("what")
        opened(path, args.repeats)
        filtered(path, args.repeats)
        edited(path, args.repeats)
        read(path, args.repeats)
        baseline(Path(name), args.faces)


def build(path: Path, n_faces: int) -> None:
    """A film's worth of faces; the same every time."""
    rng = np.random.default_rng(1)
    heads = [looks(rng) for _ in range(64)]
    record = SourceRecord("film.mp4", "sha256:0", *FRAME.size_wh, BASE, n_faces // A_FRAME, {})
    with Alignments.open(path, create=record) as store:
        batch: list[tuple[Timestamp, list[Face]]] = []
        for index in range(n_faces // A_FRAME):
            at = Timestamp(index, index * 1001, BASE)
            batch.append((at, [face_of(rng, heads, at, n) for n in range(A_FRAME)]))
            if len(batch) == 64 or index == n_faces // A_FRAME - 1:
                store.put(batch)
                batch = []
        n_tracks = A_FRAME * (n_faces // A_FRAME // A_TRACK + 1)
        store.finish([Track(t, t // A_FRAME, t % 20) for t in range(n_tracks)])


def looks(rng: np.random.Generator) -> tuple[Any, dict[str, Any]]:
    """Landmarks in the unit square of one head, and its masks with a soft edge."""
    jaw = np.linspace(np.pi, 0, 17)
    outline = np.stack([0.5 + 0.62 * np.cos(jaw), 0.2 + 0.85 * np.sin(jaw)], 1)
    unit = np.vstack([outline, MEAN_FACE_51]) + rng.normal(0, 0.012, (68, 2))
    alignment = Alignment(unit, Warp(np.eye(3), frame_space(1, 1), UNIT))
    masks = {}
    for masker in (ComponentsMasker(), ExtendedMasker()):
        mask = masker.mask(np.zeros((1, 1, 3), np.uint8), alignment)
        masks[mask.kind] = np.clip(cv2.GaussianBlur(mask.alpha, (0, 0), 1.5), 0, 1)
    return unit, masks


def face_of(rng: np.random.Generator, heads: list[Any], at: Timestamp, n: int) -> Face:
    """One face somewhere in the frame, of one of the heads."""
    unit, alphas = heads[rng.integers(len(heads))]
    side, turn = rng.uniform(60, 240), rng.normal(0, 0.15)
    c, s = side * np.cos(turn), side * np.sin(turn)
    x, y = rng.uniform(100, 900), rng.uniform(100, 400)
    frame_from_unit = Warp(np.array([[c, -s, x], [s, c, y], [0, 0, 1]]), UNIT, FRAME)
    points = frame_from_unit.points(unit + rng.normal(0, 0.004, (68, 2)))
    alignment = Alignment(points, frame_from_unit.inverse())
    grid = alignment.crop(128)
    masks = {k: Mask(k, alpha, grid) for k, alpha in alphas.items() if k != "extended" or n < 1}
    if rng.random() < 0.98 and "extended" not in masks:
        masks["extended"] = Mask("extended", alphas["extended"], grid)
    return Face(
        id=f"{at.index}_{n}",
        at=at,
        box_xyxy=np.array([x, y, x + side, y + side]),
        score=float(rng.uniform(0.7, 1)),
        alignment=alignment,
        masks=masks,
        embedding=rng.normal(0, 0.1, 128).astype(np.float32),
        quality={
            "average_distance": average_distance(alignment.landmarks_unit)
            + float(rng.exponential(0.008)),
            "size_px": side,
        },
        track=A_FRAME * (at.index // A_TRACK) + n,
        made_by={"detect": "mtcnn@1", "align": "dlib68@1", "mask": "components@1 extended@1"},
        stale=frozenset({"mask:extended"} if rng.random() < 0.02 else ()),
    )


def opened(path: Path, repeats: int) -> None:
    """Opening for reading, and for writing (with the log that this makes)."""

    def once(read_only: bool) -> None:
        Alignments.open(path, read_only=read_only).close()

    line("open to read", timed(lambda: once(True), repeats))
    line("open to write", timed(lambda: once(False), repeats))


def filtered(path: Path, repeats: int) -> None:
    """Each query alone, rows and all."""
    with Alignments.open(path, read_only=True) as store:
        for name, query in QUERIES.items():
            n = store.count(query)
            line(f"filter: {name} ({n} faces)", timed(lambda q=query: store.select(q), repeats))
        line("count all", timed(lambda: store.count(Query()), repeats))
        line("summary of the file", timed(store.summary, max(3, repeats // 10)))


def edited(path: Path, repeats: int) -> None:
    """One face changed and on the disk, landmarks alone and landmarks with both masks."""
    rng = np.random.default_rng(2)
    with Alignments.open(path) as store:
        last = store.last_timestamp()
        assert last is not None
        faces = [store.faces(int(i))[0] for i in rng.integers(0, last.index, repeats)]

        def moved(face: Face) -> Face:
            fit = Alignment.fit(face.alignment.landmarks + rng.normal(0, 1, (68, 2)), FRAME)
            return face.realigned(fit, "hand")

        def remade(face: Face) -> Face:
            masks = {k: replace(m, alpha=m.alpha[::-1].copy()) for k, m in face.masks.items()}
            return replace(moved(face), masks=masks, stale=frozenset())

        for name, change in (("landmarks", moved), ("landmarks and both masks", remade)):
            todo = iter([change(face) for face in faces])
            line(f"save one edit: {name}", timed(lambda t=todo: store.put_face(next(t)), repeats))


def read(path: Path, repeats: int) -> None:
    """One frame's faces, and the film's in order."""
    with Alignments.open(path, read_only=True) as store:
        rng = np.random.default_rng(3)
        n = store.summary().frames
        line("read a frame's faces", timed(lambda: store.faces(int(rng.integers(n))), repeats))

        def thousand() -> None:
            for _, (at, _faces) in zip(range(1000), store.by_frame(), strict=False):
                assert at.index >= 0

        line("read 1,000 frames in order", timed(thousand, 3))


def baseline(folder: Path, n_faces: int) -> None:
    """The same faces in one JSON document, read and rewritten whole; scaled up to `n_faces`."""
    rng = np.random.default_rng(1)
    heads = [looks(rng) for _ in range(64)]
    faces = [
        codec.face_to_plain(face_of(rng, heads, Timestamp(i // 2, 0, BASE), i % 2))
        for i in range(BASELINE)
    ]
    path = folder / "faces.json"
    path.write_text(json.dumps(faces))
    scale = n_faces / BASELINE

    def save() -> None:
        with path.open("w") as file:
            json.dump(faces, file)
            file.flush()
            os.fsync(file.fileno())

    def load() -> Any:
        return json.loads(path.read_bytes())

    print(f"\none JSON document, {BASELINE} faces measured, scaled to {n_faces}:\n")
    head("what")
    line("open (parse)", [scale * t for t in timed(load, 5)])
    plain = load()
    line(
        "filter: size below 100 px",
        [
            scale * t
            for t in timed(lambda: [f["id"] for f in plain if f["quality"]["size_px"] < 100], 5)
        ],
    )
    line("save one edit (rewrite)", [scale * t for t in timed(save, 5)])
    print(f"\nfile: {scale * path.stat().st_size / 2**20:.0f} MiB")


def timed(call: Callable[[], Any], repeats: int) -> list[float]:
    """Milliseconds of each call."""
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        found.append(1000 * (time.perf_counter() - started))
    return found


def head(what: str) -> None:
    """The table's first lines."""
    print(f"| {what} | median ms | p10-p90 |\n| --- | --- | --- |")


def line(what: str, ms: list[float]) -> None:
    """One row of the table."""
    low, middle, high = np.percentile(ms, [10, 50, 90])
    print(f"| {what} | {middle:.2f} | {low:.2f}-{high:.2f} |", flush=True)


if __name__ == "__main__":
    main()
