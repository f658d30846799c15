"""Disks that fail at a chosen call, and random faces; `tests/conftest.py` hands them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from understudy.geometry import N_LANDMARKS, Space, Warp
from understudy.store import atomic
from understudy.store.faceset import FaceRecord
from understudy.types import Alignment, Face, Mask, Timestamp
from understudy.types.frame import frame_space

FRAME = frame_space(640, 361)


def make_face(index: int = 0, face: int = 0, seed: int = 0) -> Face:
    rng = np.random.default_rng((seed, index, face))
    points = rng.normal((300, 180), 40, (N_LANDMARKS, 2))
    grid = Warp(rng.normal(0, 1, (3, 3)), FRAME, Space("mask", 20, 24))
    alpha = rng.integers(0, 256, (24, 20)).astype(np.float32) / np.float32(255)
    return Face(
        id=f"{index}_{face}",
        at=Timestamp(index, index * 1001, Fraction(1, 30000)),
        box_xyxy=rng.normal(100, 50, 4),
        score=float(rng.random()),
        alignment=Alignment.fit(points, FRAME),
        masks={"components": Mask("components", alpha, grid)},
        embedding=rng.normal(0, 1, 128).astype(np.float32),
        quality={"sharpness": float(rng.normal()), "average_distance": 0.1},
        track=None if face else index,
        made_by={"detect": "mtcnn@1", "align": "dlib68@1"},
        extras={"depth": rng.normal(0, 9, N_LANDMARKS).astype(np.float32)} if face else {},
        stale=frozenset({"embedding", "mask:components"} if face else ()),
    )


def make_record(seed: int = 0, size: int = 32) -> tuple[np.ndarray, FaceRecord]:
    face = make_face(3, 1, seed)
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)
    warp = face.alignment.crop(size)
    return pixels, FaceRecord(face, warp, "face", 1.0, "clip é.mp4", "sha256:00", (640, 361))


def same_face(a: Face, b: Face) -> None:
    assert (a.id, a.at, a.score, a.track) == (b.id, b.at, b.score, b.track)
    assert dict(a.quality) == dict(b.quality) and dict(a.made_by) == dict(b.made_by)
    assert a.box_xyxy.tobytes() == b.box_xyxy.tobytes()
    assert a.alignment.landmarks.tobytes() == b.alignment.landmarks.tobytes()
    same_warp(a.alignment.unit_from_frame, b.alignment.unit_from_frame)
    assert (a.embedding is None) == (b.embedding is None)
    if a.embedding is not None and b.embedding is not None:
        assert a.embedding.tobytes() == b.embedding.tobytes()
    assert a.stale == b.stale and list(a.extras) == list(b.extras)
    for key, values in a.extras.items():
        assert values.tobytes() == b.extras[key].tobytes()
    assert list(a.masks) == list(b.masks)
    for key, mask in a.masks.items():
        assert mask.kind == b.masks[key].kind
        assert mask.alpha.tobytes() == b.masks[key].alpha.tobytes()
        same_warp(mask.grid_from_frame, b.masks[key].grid_from_frame)


def same_warp(a: Warp, b: Warp) -> None:
    assert a.matrix.tobytes() == b.matrix.tobytes()
    assert (a.src, a.dst) == (b.src, b.dst)


class Faults:
    """Counts calls through the seam and makes the k-th raise."""

    def __init__(self) -> None:
        self.count = 0
        self.fail_at = 0
        self.error: Callable[[], OSError] = lambda: OSError(28, "No space left on device")

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.count += 1
            if self.count == self.fail_at:
                raise self.error()
            return function(*args)

        return call

    def arm(self, fail_at: int, errno: int = 28) -> None:
        import os

        self.count, self.fail_at = 0, fail_at
        self.error = lambda: OSError(errno, os.strerror(errno))


def faults_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    seam = Faults()
    for name in ("write", "fsync", "replace"):
        monkeypatch.setattr(atomic.ops, name, seam.wrap(getattr(atomic.ops, name)))
    yield seam


class Make:
    """Values to store, and how to compare them."""

    frame = FRAME
    face = staticmethod(make_face)
    record = staticmethod(make_record)
    same_face = staticmethod(same_face)
    same_warp = staticmethod(same_warp)
