"""Faces upside down and on their side get their landmarks the right way up."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from understudy.actors import ACTORS
from understudy.actors.crowd import Crowd, Placed, crowd
from understudy.api.look import align
from understudy.flow import Silent
from understudy.follow.follower import Follower
from understudy.geometry import Float64
from understudy.plugin import default_registry
from understudy.stages.extract.analyse import Tools
from understudy.stages.extract.choose import choose, resolved
from understudy.stages.extract.options import ExtractOptions
from understudy.types import Frame, Timestamp


def tools(**chosen: str) -> Tools:
    options, registry, silent = (
        ExtractOptions(embedder="none", **chosen),
        default_registry(),
        Silent(),
    )
    options = resolved(options, registry, None, silent)
    return Tools(choose(options, registry, silent), options, "cpu")


def scene(roll: float, actor: str = "actor_a", yaw: float = 7.5, x: float = 240) -> Crowd:
    return crowd([Placed(ACTORS[actor], (x, 130), yaw=yaw, roll=roll)])


def frame(truth: Crowd, index: int = 0) -> Frame:
    return Frame(Timestamp(index, index, Fraction(1, 25)), truth.pixels, "turned")


def off(landmarks: Float64, truth: Crowd) -> float:
    apart = np.linalg.norm(landmarks[17:] - truth.landmarks[0, 17:], axis=1)
    return float(apart.mean() / truth.eyes_px[0])


@pytest.mark.parametrize(
    ("detector", "rotate", "rolls"),
    [
        ("mediapipe", "90,180,270", (0, 90, 180, 270)),
        ("mediapipe", "180", (0, 180)),
        ("mediapipe", "", (0, 90, 180, 270)),
        ("mtcnn", "180", (0, 180)),
        ("mtcnn", "90,180,270", (0, 90, 180, 270)),
    ],
)
def test_a_face_is_right_whichever_way_up_and_whatever_other_angles_are_named(
    detector: str, rotate: str, rolls: tuple[int, ...]
) -> None:
    eyes = tools(detector=detector, rotate=rotate)
    for actor in ACTORS:
        for roll in rolls:
            truth = scene(roll, actor)
            (found,) = eyes.look([frame(truth)])
            assert len(found) == 1, (actor, roll)
            assert off(found[0].landmarks, truth) < 0.1, (actor, roll)


def test_a_film_upside_down_is_followed_the_right_way_up() -> None:
    truth = [scene(172 + i, x=200 + 6 * i) for i in range(14)]
    frames = [frame(one, i) for i, one in enumerate(truth)]
    for rotate in ("90,180,270", ""):
        window = Follower(tools(rotate=rotate)).take(frames, last=True)
        for faces, one in zip(window.faces, truth, strict=True):
            assert [off(seen.landmarks, one) < 0.1 for seen in faces] == [True]


def test_from_python_too() -> None:
    truth = scene(180)
    for rotate in ("", "180"):
        (landmarks,) = align(truth.pixels, rotate=rotate).landmarks
        assert off(landmarks, truth) < 0.1
