"""The synthetic actors: the truth they carry, and that the usual tools take them for people."""

from __future__ import annotations

import importlib.util
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.actors import ACTORS, Actor, Moment, Performance, Pose, Shot, render, render_clip
from understudy.actors.landmarks import places, rest_landmarks
from understudy.actors.model import build
from understudy.actors.render.raster import Window, rasterise

A, B = ACTORS["actor_a"], ACTORS["actor_b"]
SCRIPT = Performance(seed=3, n_frames=120, fps=Fraction(25))
FRAMES = (4, 40, 77)


@cache
def shot(actor: Actor, index: int, face_of: Actor | None = None) -> Shot:
    return render(actor, SCRIPT, index, face_of=face_of)


def test_script_is_given_by_its_seed_alone() -> None:
    again = Performance(3, 120, Fraction(25))
    assert SCRIPT[50] == again[50]
    assert SCRIPT[50] != Performance(4, 120, Fraction(25))[50]


def test_script_runs_in_time_not_in_frames() -> None:
    assert Performance(3, 60, Fraction(25, 2))[25] == SCRIPT[50]


@pytest.mark.parametrize("index", [-1, 120])
def test_frame_outside_the_script_is_refused(index: int) -> None:
    with pytest.raises(IndexError, match="use 0 to 119"):
        SCRIPT[index]


def test_script_covers_pose_and_expression() -> None:
    moments = [Performance(1, 250)[i] for i in range(0, 250, 3)]
    yaw = [m.pose.yaw for m in moments]
    assert min(yaw) < -15 and max(yaw) > 15 and max(map(abs, yaw)) <= 30
    assert max(m.expression.jaw for m in moments) > 0.4
    assert max(m.expression.blink for m in moments) > 0.9
    assert max(m.expression.smile for m in moments) > 0.5


def test_same_frame_twice_is_the_same_to_the_bit() -> None:
    first = shot(A, FRAMES[0])
    from understudy.actors import shot as module

    module._plain.cache_clear()
    second = render(A, SCRIPT, FRAMES[0])
    assert first is not second
    np.testing.assert_array_equal(first.pixels, second.pixels)
    np.testing.assert_array_equal(first.landmarks, second.landmarks)


def test_shot_has_the_promised_shapes() -> None:
    s = render(A, SCRIPT, 0, size=(321, 241))
    assert s.pixels.shape == (241, 321, 3) and s.pixels.dtype == np.uint8
    assert s.landmarks.shape == (68, 2) and s.landmarks.dtype == np.float64
    assert s.mask.shape == (241, 321) and s.mask.dtype == np.float32
    assert s.mask.min() >= 0 and s.mask.max() <= 1


def test_clip_is_its_frames() -> None:
    clip = list(render_clip(A, Performance(3, 2), size=(160, 90)))
    assert len(clip) == 2
    np.testing.assert_array_equal(
        clip[1].pixels, render(A, Performance(3, 2), 1, size=(160, 90)).pixels
    )


@pytest.mark.parametrize("actor", [A, B], ids=lambda a: a.name)
def test_landmarks_at_rest_mirror_each_other(actor: Actor) -> None:
    points = rest_landmarks(build(actor))
    pairs = [(i, 16 - i) for i in range(8)] + [(17 + i, 26 - i) for i in range(5)]
    pairs += [(31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    pairs += [(48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)]
    for left, right in pairs:
        np.testing.assert_allclose(points[left] * (-1, 1, 1), points[right], atol=1e-3)
    np.testing.assert_allclose(points[[8, 27, 28, 29, 30, 33, 51, 57, 62, 66], 0], 0, atol=1e-3)
    assert places(actor)[0].shape == (68,)


@pytest.mark.parametrize("index", FRAMES)
@pytest.mark.parametrize("actor", [A, B], ids=lambda a: a.name)
def test_landmarks_lie_in_the_frame_and_under_the_mask(actor: Actor, index: int) -> None:
    s = shot(actor, index)
    assert (s.landmarks > 0).all() and (s.landmarks < (640, 360)).all()
    x, y = np.floor(s.landmarks[27:]).astype(int).T
    assert (s.mask[y, x] > 0.5).mean() > 0.9
    assert (s.box_xyxy[2:] - s.box_xyxy[:2] > 80).all()


def test_yaw_to_the_right_moves_the_nose_to_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    still = SCRIPT[0]
    for yaw in (20.0, -20.0):
        turned = Moment(Pose(yaw=yaw), still.expression, still.light, still.camera)
        monkeypatch.setattr(Performance, "__getitem__", lambda _, __, turned=turned: turned)
        points = render(A, Performance(900 + int(yaw), 1), 0, size=(320, 180)).landmarks
        eyes = points[36:48].mean(0)
        assert np.sign(points[30, 0] - eyes[0]) == np.sign(yaw)


@pytest.mark.parametrize("index", FRAMES)
def test_truth_is_the_actor_outside_the_mask(index: int) -> None:
    plain, truth = shot(A, index), shot(A, index, B)
    outside = truth.mask == 0
    np.testing.assert_array_equal(truth.pixels[outside], plain.pixels[outside])
    inside = truth.mask > 0.9
    assert inside.sum() > 3000
    change = np.abs(truth.pixels.astype(int) - plain.pixels)[inside]
    assert change.mean() > 4


def test_truth_keeps_the_actors_skin_tone() -> None:
    plain, truth, other = shot(A, FRAMES[1]), shot(A, FRAMES[1], B), shot(B, FRAMES[1])
    a, t, b = (np.median(s.pixels[s.mask > 0.95], axis=0) for s in (plain, truth, other))
    assert np.abs(t - a).max() < 0.5 * np.abs(b - a).max()


def test_window_maps_camera_points_to_the_pixels_that_are_drawn() -> None:
    window = Window(900.0, (320.0, 180.0), 200, 150, 60, 40, 2.0)
    y, x = np.mgrid[60:-60:30j, -150:50:30j]
    vertices = np.stack([x, y, -900 + 0.5 * x], -1).reshape(-1, 3).astype(np.float32)
    pixels = window.project(vertices)
    index = (np.arange(29)[:, None] * 30 + np.arange(29)).ravel()
    triangles = np.concatenate(
        [np.stack([index, index + 30, index + 31], 1), np.stack([index, index + 31, index + 1], 1)]
    ).astype(np.int32)
    values = np.concatenate([pixels * -vertices[:, 2:], -vertices[:, 2:]], axis=1)
    drawn, depth = rasterise(vertices, triangles, values.astype(np.float32), window)
    seen = depth < 4000
    centres = np.indices(depth.shape)[::-1].transpose(1, 2, 0) + 0.5
    assert seen.mean() > 0.9
    np.testing.assert_allclose((drawn[..., :2] / drawn[..., 2:])[seen], centres[seen], atol=0.01)


def _weights(name: str) -> str:
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package face_recognition_models is not installed")
    return str(Path(spec.submodule_search_locations[0]) / "models" / name)


@cache
def _tools() -> tuple[Any, Any, Any]:
    import dlib

    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(_weights("shape_predictor_68_face_landmarks.dat")),
        dlib.face_recognition_model_v1(_weights("dlib_face_recognition_resnet_model_v1.dat")),
    )


@cache
def _seen(actor: Actor, index: int, face_of: Actor | None = None) -> tuple[float, np.ndarray]:
    detector, predictor, embedder = _tools()
    s = shot(actor, index, face_of)
    boxes = detector(s.pixels, 0)
    assert len(boxes) == 1
    shape = predictor(s.pixels, boxes[0])
    points = np.array([(p.x + 0.5, p.y + 0.5) for p in shape.parts()])
    eyes = np.linalg.norm(s.landmarks[36] - s.landmarks[45])
    error = np.linalg.norm(points - s.landmarks, axis=1)[17:].mean() / eyes
    return float(error), np.array(embedder.compute_face_descriptor(s.pixels, shape))


@pytest.mark.parametrize("index", FRAMES)
@pytest.mark.parametrize("actor", [A, B], ids=lambda a: a.name)
def test_dlib_finds_face_and_features(actor: Actor, index: int) -> None:
    error, _ = _seen(actor, index)
    assert error < 0.06


def test_dlib_tells_the_actors_apart_and_takes_the_truth_for_the_donor() -> None:
    a, b, truth = (
        np.array([_seen(actor, i, face)[1] for i in FRAMES])
        for actor, face in ((A, None), (B, None), (A, B))
    )

    def apart(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return np.linalg.norm(p[:, None] - q[None], axis=-1)

    within = np.concatenate([apart(v, v)[np.triu_indices(len(FRAMES), 1)] for v in (a, b)])
    assert apart(a, b).mean() > 0.5
    assert apart(a, b).mean() > 1.4 * within.mean()
    assert (apart(truth, b).mean(1) < apart(truth, a).mean(1)).all()
