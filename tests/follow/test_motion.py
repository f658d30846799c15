"""Synthetic heads that dart about, turn to profile and pass before each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest

from understudy.actors import ACTORS
from understudy.actors.crowd import Crowd, Placed, crowd
from understudy.flow import Silent
from understudy.follow.follower import Follower, Seen
from understudy.plugin import default_registry
from understudy.stages.extract.analyse import Tools
from understudy.stages.extract.choose import choose, resolved
from understudy.stages.extract.options import ExtractOptions
from understudy.types import Frame, Timestamp

A, B = ACTORS["actor_a"], ACTORS["actor_b"]


def dancing(i: int) -> list[Placed]:
    """Up to 0.9 of the eye distance a frame, with all the rest that dancers do."""
    t = i / 16
    wave = lambda hertz, shift=0.0: float(np.sin(2 * np.pi * hertz * t + shift))  # noqa: E731
    at = (240 + 110 * wave(1.1) + 25 * wave(2.7, 1), 135 + 35 * wave(1.7, 0.5))
    yaw = 15.0 * round(35 * wave(0.9) / 15)
    return [Placed(A, at, yaw=yaw, roll=25 * wave(1.3), scale=0.8 + 0.15 * wave(0.8))]


def darting(i: int) -> list[Placed]:
    """Stands still, and six times goes 0.65 of the eye distance from one frame to the next."""
    x = 120 + 30 * max(0, min(i - 8, 6))
    return [Placed(A, (x, 120 + 8 * max(0, min(i - 8, 3))), scale=0.75)]


def turning(i: int) -> list[Placed]:
    """To profile and back, and on to the other side, while it sways."""
    t = i / 12.5
    wave = lambda hertz: float(np.sin(2 * np.pi * hertz * t))  # noqa: E731
    yaw = 7.5 * round(75 * wave(0.45) / 7.5)
    at = (240 + 60 * wave(0.7), 135 + 10 * wave(1.0))
    return [Placed(A, at, yaw=yaw, roll=8 * wave(0.6), scale=0.9)]


def crossing(i: int) -> list[Placed]:
    """One passes before the other at the same height."""
    x = 100 + 8 * i
    return [Placed(A, (x, 130), scale=0.8), Placed(B, (480 - x, 130), scale=0.8)]


def crossing_half_turned(i: int) -> list[Placed]:
    """They come face to face, noses first, and pass."""
    x = 100 + 8 * i
    return [
        Placed(A, (x, 130), yaw=45, scale=0.8),
        Placed(B, (480 - x, 136), yaw=-45, scale=0.84),
    ]


@pytest.fixture(scope="module")
def tools() -> Tools:
    options, registry, silent = ExtractOptions(), default_registry(), Silent()
    options = resolved(options, registry, None, silent)
    return Tools(choose(options, registry, silent), options, "cpu")


def followed(tools: Tools, truth: Sequence[Crowd]) -> list[list[Seen]]:
    frames = [
        Frame(Timestamp(i, i, Fraction(1, 25)), c.pixels, "crowd") for i, c in enumerate(truth)
    ]
    follower, faces = Follower(tools), []
    for start in range(0, len(frames), 12):
        some = frames[start : start + 12]
        faces += follower.take(some, last=start + 12 >= len(frames)).faces
    return faces


def off(seen: Seen, truth: Crowd) -> np.ndarray:
    """How far the inner landmarks and brows lie from those of each head, in its eye distances."""
    apart = np.linalg.norm(truth.landmarks[:, 17:] - seen.landmarks[17:], axis=2)
    return np.asarray(apart.mean(1) / truth.eyes_px)


@pytest.mark.parametrize(
    ("script", "n"),
    [(dancing, 36), (darting, 24), (turning, 36), (crossing, 34), (crossing_half_turned, 34)],
)
def test_no_face_is_off_and_no_track_changes_heads(
    script: Callable[[int], list[Placed]], n: int, tools: Tools
):
    scenes = [script(i) for i in range(n)]
    truth = [crowd(heads) for heads in scenes]
    whose: dict[int | None, set[int]] = {}
    missed = 0
    for i, (faces, scene) in enumerate(zip(followed(tools, truth), truth, strict=True)):
        found = []
        for seen in faces:
            apart = off(seen, scene)
            head = int(apart.argmin())
            # from 45 degrees on the mesh's idea of a face and the actor's differ by up to 0.12
            allowed = 0.1 if abs(scenes[i][head].yaw) <= 45 else 0.14
            assert apart[head] < allowed, f"frame {i}: {apart.round(2)} {seen.sighting.how}"
            found.append(head)
            whose.setdefault(seen.track, set()).add(head)
        assert len(found) == len(set(found)), f"frame {i}: two tracks on one face"
        missed += sum(share > 0.8 and k not in found for k, share in enumerate(scene.seen))
    assert all(len(heads) == 1 for heads in whose.values()), "a track changed heads"
    assert len(whose) == len(scenes[0])
    assert missed <= 3, "only where one comes out behind the other"
