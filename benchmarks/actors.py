"""Are the synthetic actors people to the tools, and how long does a frame take?

    PYTHONPATH=src python benchmarks/actors.py [--frames 60] [--seed 1]

Prints, over frames spread across a performance: how often dlib's HOG detector and MTCNN find each
actor, how far dlib's 68 landmarks lie from the true ones (in per cent of the distance between the
outer eye corners), how far apart the 128-number embeddings are, and milliseconds per frame.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import dlib
import numpy as np
from numpy.typing import NDArray

from understudy.actors import ACTORS, Performance, Shot, render

CASTS = {"a": ("actor_a", None), "b": ("actor_b", None), "truth": ("actor_a", "actor_b")}


def main() -> None:
    """Render, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    performance = Performance(options.seed, 240)
    indices = np.linspace(0, 239, options.frames).astype(int)
    for name in ACTORS:
        render(ACTORS[name], performance, 0)
    shots: dict[str, list[Shot]] = {name: [] for name in CASTS}
    times: dict[str, list[float]] = {name: [] for name in CASTS}
    for index in indices:
        for name, (actor, face) in sorted(CASTS.items(), key=lambda c: c[0] == "b"):
            start = time.perf_counter()
            shots[name].append(
                render(ACTORS[actor], performance, int(index), face_of=ACTORS.get(face or ""))
            )
            times[name].append((time.perf_counter() - start) * 1e3)
    print(
        f"{options.frames} frames, 640x360, load average {os.getloadavg()[0]:.1f} "
        f"on {os.cpu_count()} cores"
    )
    embeddings = {}
    for name in CASTS:
        embeddings[name] = _report(name, shots[name], times[name])
    _distances(embeddings)


def _report(name: str, shots: list[Shot], times_ms: list[float]) -> NDArray[np.float64]:
    hog, predictor, embedder = dlib.get_frontal_face_detector(), _predictor(), _embedder()
    found = [sum(len(hog(s.pixels, up)) > 0 for s in shots) for up in (0, 1)]
    errors, vectors = [], []
    for shot in shots:
        box = shot.box_xyxy
        centre, side = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]).max() * 0.5
        detected = hog(shot.pixels, 1)
        rect = (
            detected[0]
            if len(detected)
            else dlib.rectangle(*np.rint([*(centre - side), *(centre + side)]).astype(int).tolist())
        )
        shape = predictor(shot.pixels, rect)
        points = np.array([(p.x + 0.5, p.y + 0.5) for p in shape.parts()])
        eyes = np.linalg.norm(shot.landmarks[36] - shot.landmarks[45])
        errors.append(np.linalg.norm(points - shot.landmarks, axis=1) / eyes)
        vectors.append(np.array(embedder.compute_face_descriptor(shot.pixels, shape)))
    e = np.array(errors) * 100
    groups = {
        "jaw": e[:, :17],
        "brow": e[:, 17:27],
        "nose": e[:, 27:36],
        "eye": e[:, 36:48],
        "mouth": e[:, 48:],
    }
    print(
        f"\n{name}: HOG found {found[0]}/{len(shots)} ({found[1]} upsampled once), "
        f"MTCNN {_mtcnn(shots)}"
    )
    print(
        f"  landmarks: mean {e.mean():.1f} %, worst frame {e.mean(1).max():.1f} %, "
        f"inner 51 {e[:, 17:].mean():.1f} %; "
        + ", ".join(f"{k} {v.mean():.1f}" for k, v in groups.items())
    )
    print(
        f"  ms per frame: median {np.median(times_ms[1:]):.0f}, "
        f"fastest {min(times_ms[1:]):.0f}, slowest {max(times_ms[1:]):.0f}"
    )
    return np.array(vectors)


def _distances(embeddings: dict[str, NDArray[np.float64]]) -> None:
    print("\nembedding distance: mean (lowest to highest)")
    for name, v in embeddings.items():
        within = [np.linalg.norm(v[i] - v[j]) for i, j in combinations(range(len(v)), 2)]
        print(f"  within {name}: {np.mean(within):.2f} ({min(within):.2f} to {max(within):.2f})")
    for one, other in combinations(embeddings, 2):
        across = np.linalg.norm(embeddings[one][:, None] - embeddings[other][None], axis=-1)
        print(f"  {one} to {other}: {across.mean():.2f} ({across.min():.2f} to {across.max():.2f})")
    a, b, truth = (embeddings[k] for k in ("a", "b", "truth"))
    to_a = np.linalg.norm(truth - a.mean(0), axis=1)
    to_b = np.linalg.norm(truth - b.mean(0), axis=1)
    pairs_a = np.linalg.norm(truth[:, None] - a[None], axis=-1).mean(1)
    pairs_b = np.linalg.norm(truth[:, None] - b[None], axis=-1).mean(1)
    print(
        f"  truth nearer to b than to a: {(to_b < to_a).mean():.0%} by centres, "
        f"{(pairs_b < pairs_a).mean():.0%} by mean distance"
    )


def _mtcnn(shots: list[Shot]) -> str:
    if importlib.util.find_spec("understudy.detect.mtcnn.detector") is None:
        return "not installed"
    from understudy.detect.mtcnn.detector import MtcnnDetector

    faces = MtcnnDetector().detect([s.pixels for s in shots])
    scores = [float(f.scores[0]) for f in faces if len(f)]
    return f"{len(scores)}/{len(shots)} (lowest score {min(scores, default=0):.3f})"


def _predictor() -> Any:
    return dlib.shape_predictor(str(_weights("shape_predictor_68_face_landmarks.dat")))


def _embedder() -> Any:
    return dlib.face_recognition_model_v1(
        str(_weights("dlib_face_recognition_resnet_model_v1.dat"))
    )


def _weights(name: str) -> Path:
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the package face_recognition_models is not installed")
    return Path(spec.submodule_search_locations[0]) / "models" / name


if __name__ == "__main__":
    main()
