"""MediaPipe's meshes: near the points set by hand, lids that close, turned faces, no surprises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from understudy.actors import ACTORS, Performance, render
from understudy.align.manifest import FACE_LANDMARKER
from understudy.align.mediapipe.landmarker import BLENDSHAPES, _member
from understudy.backends.mesh.indices import FACE_OVAL
from understudy.backends.mesh.runtime import FaceMesh, squares_from_landmarks, squares_from_meshes
from understudy.backends.mesh.weights import FACE_MESH
from understudy.errors import WeightsError
from understudy.plugin import default_registry
from understudy.types import Faces
from understudy.weights.files import weights_bytes

MESHES = ["mediapipe", "mediapipe-478"]
Build = Callable[..., Any]


@pytest.fixture(scope="module")
def made(build: Build) -> Callable[..., Any]:
    return lambda name, **chosen: build(default_registry().get("align", name), **chosen)


def opening(points: np.ndarray, first: int) -> float:
    """An eye's height by its width."""
    p = points[first : first + 6]
    high = np.linalg.norm(p[1] - p[5]) + np.linalg.norm(p[2] - p[4])
    return float(high / 2 / np.linalg.norm(p[0] - p[3]))


@pytest.mark.parametrize("name", MESHES)
def test_near_the_points_set_by_hand(made: Build, name: str, by_hand: list[Any]) -> None:
    aligner = made(name)
    errors = np.stack([m.error(aligner.align(m.frame, m.faces).landmarks[0]) for m in by_hand])
    assert errors.mean() < 0.045 and errors[:, 17:].mean() < 0.037


@pytest.mark.parametrize("name", MESHES)
def test_a_face_is_found_as_well_when_the_frame_is_turned(
    made: Build, name: str, by_hand: list[Any]
) -> None:
    aligner = made(name)
    for marked in by_hand[:3]:
        height, width = marked.frame.shape[:2]
        middle = marked.truth.mean(0)
        turn = cv2.getRotationMatrix2D(tuple(middle - 0.5), -35, 1)
        frame = cv2.warpAffine(marked.frame, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        linear = turn[:, :2]
        truth = (marked.truth - middle) @ linear.T + middle
        low, high = truth.min(0), truth.max(0)
        faces = Faces(np.concatenate([low, high])[None], np.ones(1))
        found = aligner.align(frame, faces)
        assert replace(marked, truth=truth).error(found.landmarks[0]).mean() < 0.06


def test_the_iris_model_closes_the_lids(made: Build) -> None:
    performance = Performance(4, 200, Fraction(25))
    closed = [performance[i].expression.blink for i in range(200)]
    shut, awake = int(np.argmax(closed)), int(np.argmin(closed))
    blinks = {}
    for iris in (False, True):
        aligner = made("mediapipe", iris=iris)
        heights = []
        for index in (shut, awake):
            shot = render(ACTORS["actor_a"], performance, index, (480, 360))
            guess = Faces(shot.box_xyxy[None], np.ones(1), shot.landmarks[None])
            found = aligner.align(shot.pixels, guess).landmarks[0]
            heights.append(opening(found, 36) + opening(found, 42))
        blinks[iris] = heights[0] / heights[1]
    assert blinks[True] < blinks[False]
    assert blinks[True] < 0.6


def test_lids_close_behind_glasses(made: Build) -> None:
    performance = Performance(4, 200, Fraction(25))
    closed = [performance[i].expression.blink for i in range(200)]
    aligner, heights = made("mediapipe"), []
    for index in (int(np.argmax(closed)), int(np.argmin(closed))):
        shot = render(ACTORS["actor_a"], performance, index, (480, 360))
        frame = shot.pixels.copy()
        right, left = (shot.landmarks[rows].mean(0) for rows in (slice(36, 42), slice(42, 48)))
        apart = float(np.linalg.norm(left - right))
        for eye in (right, left):
            middle = np.round(eye + np.array([0, 0.06 * apart])).astype(int)
            rim = (round(0.36 * apart), round(0.28 * apart))
            cv2.ellipse(frame, tuple(middle), rim, 0, 0, 360, (30, 30, 30), 2)
        guess = Faces(shot.box_xyxy[None], np.ones(1), shot.landmarks[None])
        found = aligner.align(frame, guess).landmarks[0]
        heights.append(opening(found, 36) + opening(found, 42))
    assert heights[0] / heights[1] < 0.6, "as without them"


def test_landmarks_that_are_given_are_a_start(made: Build, rendered: list[Any]) -> None:
    aligner = made("mediapipe")
    for marked in rendered:
        nowhere = Faces(np.array([[0.0, 0.0, 8.0, 8.0]]), np.ones(1), marked.truth[None])
        found = aligner.align(marked.frame, nowhere)
        assert marked.error(found.landmarks[0])[17:].mean() < 0.06
        assert found.presence[0] > 0.9


def test_a_detectors_roll_is_used(made: Build, rendered: list[Any]) -> None:
    aligner, marked = made("mediapipe"), rendered[0]
    upside_down = np.ascontiguousarray(marked.frame[::-1, ::-1])
    size = np.array(marked.frame.shape[1::-1])
    box = (np.tile(size, 2) - marked.faces.boxes_xyxy)[:, [2, 3, 0, 1]]
    truth = size - marked.truth
    for shape in ((1,), (1, 1)):
        faces = Faces(box, np.ones(1), extras={"roll_deg": np.full(shape, 180.0)})
        found = aligner.align(upside_down, faces).landmarks[0]
        assert replace(marked, truth=truth).error(found)[17:].mean() < 0.06


def test_no_face_has_no_presence(made: Build, people: Any) -> None:
    faces = Faces(np.array([[40.0, 20.0, 100.0, 100.0]]), np.ones(1))
    assert made("mediapipe").align(people.nobody, faces).presence[0] < 0.5


def test_the_outline_goes_around_the_landmarks(made: Build, rendered: list[Any]) -> None:
    made("mediapipe")
    mesh = FaceMesh(weights_bytes(FACE_MESH))
    for marked in rendered:
        points = mesh(marked.frame, squares_from_landmarks(marked.truth[None])).points
        outline = points[0, list(FACE_OVAL), :2].astype(np.float32)
        for point in marked.truth[17:]:
            assert cv2.pointPolygonTest(outline, point.tolist(), True) > -1
        assert outline[:, 1].min() < marked.truth[17:27, 1].min(), "the forehead belongs to it"
        settled = squares_from_meshes(points)
        assert settled[0, 2] == pytest.approx(
            squares_from_landmarks(marked.truth[None])[0, 2], rel=0.15
        )


def test_blendshapes_say_what_the_face_does(made: Build) -> None:
    aligner = made("mediapipe-478")
    performance = Performance(4, 200, Fraction(25))
    script = [performance[i].expression for i in range(200)]
    found = {}
    for what in ("blink", "jaw"):
        played = [getattr(e, what) for e in script]
        for which in (int(np.argmax(played)), int(np.argmin(played))):
            shot = render(ACTORS["actor_a"], performance, which, (480, 360))
            guess = Faces(shot.box_xyxy[None], np.ones(1), shot.landmarks[None])
            extras = aligner.align(shot.pixels, guess).extras["blendshapes"]
            assert extras.shape == (1, 52) and ((extras >= 0) & (extras <= 1)).all()
            found.setdefault(what, []).append(dict(zip(BLENDSHAPES, extras[0], strict=True)))
    most, least = found["blink"]
    assert most["eyeBlinkLeft"] + most["eyeBlinkRight"] > 2 * (
        least["eyeBlinkLeft"] + least["eyeBlinkRight"]
    )
    assert found["jaw"][0]["jawOpen"] > found["jaw"][1]["jawOpen"]


@pytest.mark.parametrize("name", MESHES)
def test_the_mesh_has_its_irises_in_one_order(made: Build, name: str, rendered: list[Any]) -> None:
    aligner = made(name)
    for marked in rendered:
        found = aligner.align(marked.frame, marked.faces).extras["mesh"]
        assert found.shape == (1, 1434) and found.dtype == np.float32
        mesh = found.reshape(478, 3)
        for centre in (468, 473):
            right, above, left, below = mesh[centre + 1 : centre + 5, :2] - mesh[centre, :2]
            assert right[0] > 0 > left[0] and below[1] > 0 > above[1]


def test_a_broken_archive_is_refused() -> None:
    with pytest.raises(WeightsError, match=FACE_LANDMARKER.name):
        _member(b"PK not a zip", "face_blendshapes.tflite")
