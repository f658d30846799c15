from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry import Space, Warp
from understudy.geometry.templates import MEAN_FACE_51
from understudy.types import Alignment, Face, Faces, Frame, Mask, Timestamp, Track
from understudy.types.alignment import TEMPLATES
from understudy.types.frame import frame_space

FRAME = frame_space(640, 360)


def faces(n: int, *, landmarks: bool = False, embeddings: bool = False) -> Faces:
    numbers = np.arange(n, dtype=float)
    return Faces(
        np.stack([numbers, numbers, numbers + 10, numbers + 20], 1),
        numbers / 10,
        np.arange(n * 136, dtype=float).reshape(n, 68, 2) if landmarks else None,
        np.arange(n * 5, dtype=np.float32).reshape(n, 5) if embeddings else None,
    )


def landmarks(turn_deg: float = 0.0, scale: float = 100.0) -> np.ndarray:
    """68 points whose inner 51 are the mean face, turned, scaled and moved."""
    jaw = np.stack([np.linspace(-0.1, 1.1, 17), np.full(17, 0.9)], 1)
    t = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
    return np.concatenate([jaw, MEAN_FACE_51]) @ turn.T * scale + [200, 100]


def test_times_are_exact_and_never_a_float():
    third = Timestamp(3, 3003, Fraction(1, 90000))
    assert third.seconds == Fraction(3003, 90000)
    ntsc = Timestamp(1_000_000, 1_000_000, Fraction(1001, 30000))
    assert ntsc.seconds == Fraction(1_001_000_000, 30000)
    assert isinstance(ntsc.seconds, Fraction)
    assert Timestamp(0, -512, Fraction(1, 12800)).seconds == Fraction(-1, 25)
    for wrong in ((-1, 0, Fraction(1, 25)), (0, 0, Fraction(0)), (0, 0, Fraction(-1, 25))):
        with pytest.raises(ValueRefused, match="expected index >= 0 and time_base > 0, got"):
            Timestamp(*wrong)


@pytest.mark.parametrize(
    ("pixels", "got"),
    [
        (np.zeros((4, 4), np.uint8), r"\(4, 4\) uint8"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\) uint8"),
        (np.zeros((4, 4, 3), np.float64), r"\(4, 4, 3\) float64"),
    ],
)
def test_a_frame_says_what_it_expected_and_got(pixels, got):
    at = Timestamp(7, 7, Fraction(1, 25))
    with pytest.raises(ValueRefused, match=rf"Frame 7 of a\.mp4: expected \(h, w, 3\).*{got}"):
        Frame(at, pixels, "a.mp4")


def test_a_frames_grid_is_width_by_height():
    at = Timestamp(0, 0, Fraction(1, 25))
    for dtype in (np.uint8, np.uint16, np.float32):
        assert Frame(at, np.zeros((36, 64, 3), dtype), "").space == frame_space(64, 36)


def test_faces_are_indexed_as_numpy_arrays_are():
    four = faces(4, landmarks=True, embeddings=True)
    assert (len(four), len(Faces.none())) == (4, 0)
    for index, want in (
        (2, [2]),
        (-1, [3]),
        (np.int64(1), [1]),
        (slice(1, None, 2), [1, 3]),
        ([3, 0], [3, 0]),
        (np.array([True, False, False, True]), [0, 3]),
        (np.array([], int), []),
    ):
        chosen = four[index]
        assert chosen.scores.tolist() == [w / 10 for w in want]
        assert np.array_equal(chosen.landmarks, four.landmarks[want])
        assert np.array_equal(chosen.embeddings, four.embeddings[want])
        assert chosen.boxes_xyxy[:, 0].tolist() == want
    assert faces(2)[0].landmarks is None
    with pytest.raises(IndexError):
        four[4]


def test_faces_are_joined_in_order_and_fields_are_all_or_none():
    both = Faces.concat([faces(2, landmarks=True), faces(3, landmarks=True)])
    assert both.scores.tolist() == [0, 0.1, 0, 0.1, 0.2]
    assert both.landmarks is not None
    assert both.landmarks.shape == (5, 68, 2)
    assert both.embeddings is None
    assert len(Faces.concat([])) == 0
    with pytest.raises(ValueRefused, match="in some parts but not in others"):
        Faces.concat([faces(1), faces(1, landmarks=True)])


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ((np.zeros((2, 5)), np.zeros(2)), r"boxes_xyxy: expected shape \(n, 4\), got \(2, 5\)"),
        ((np.zeros((2, 4)), np.zeros(3)), r"scores: expected shape \(2\), got \(3,\)"),
        (
            (np.zeros((2, 4)), np.zeros(2), np.zeros((2, 5, 2))),
            r"landmarks: expected shape \(2, 68, 2\), got \(2, 5, 2\)",
        ),
        ((np.full((1, 4), np.nan), np.zeros(1)), "boxes_xyxy: expected finite numbers"),
    ],
)
def test_faces_of_wrong_shape_are_refused(arrays, said):
    with pytest.raises(ValueRefused, match=said):
        Faces(*arrays)


def test_values_cannot_be_changed_nor_their_arrays():
    two, at = faces(2), Timestamp(0, 0, Fraction(1, 25))
    with pytest.raises(FrozenInstanceError):
        two.scores = np.zeros(2)
    with pytest.raises(ValueError, match="read-only"):
        two.scores[0] = 1
    given = np.array([1.0, 2, 3, 4])
    face = Face("0_0", at, given, 0.9, Alignment.fit(landmarks(), FRAME))
    given[0] = 99  # a copy was taken
    assert face.box_xyxy[0] == 1
    with pytest.raises(ValueRefused, match=r"box_xyxy: expected shape \(4\), got \(3,\)"):
        Face("0_0", at, np.zeros(3), 0.9, face.alignment)


@pytest.mark.parametrize("template", ["mesh", "mean51", "mean68", "book5", "eyes"])
@pytest.mark.parametrize("turn_deg", [0, 30, -120])
def test_alignment_brings_a_turned_face_onto_the_template(template, turn_deg):
    fit = Alignment.fit(landmarks(turn_deg, 140.0), FRAME, template)
    inner = fit.landmarks_unit[17:]
    if template == "mean51":
        assert np.allclose(inner, MEAN_FACE_51, atol=1e-9)
    assert fit.unit_from_frame.src == FRAME
    assert fit.unit_from_frame.scale == pytest.approx(
        Alignment.fit(landmarks(), FRAME, template).unit_from_frame.scale / 1.4
    )


def test_no_two_templates_are_the_same():
    uneven = landmarks()
    uneven[27:36] += [6, 3]  # a nose to the side moves the fit of many points less than of five
    fits = [
        Alignment.fit(uneven, FRAME, t).unit_from_frame.matrix for t in TEMPLATES if t != "mesh"
    ]
    for n, one in enumerate(fits):
        assert not any(np.allclose(one, other, atol=1e-3) for other in fits[n + 1 :])


def test_fitting_the_eyes_alone_does_not_care_about_the_mouth():
    opened = landmarks()
    opened[48:68, 1] += 40
    moved = {
        t: np.abs(
            Alignment.fit(opened, FRAME, t).unit_from_frame.matrix
            - Alignment.fit(landmarks(), FRAME, t).unit_from_frame.matrix
        ).max()
        for t in TEMPLATES
    }
    assert moved["eyes"] == 0 and min(moved["mean51"], moved["mean68"], moved["book5"]) > 1e-3


@pytest.mark.parametrize(
    ("points", "template", "said"),
    [
        (np.zeros((5, 2)), "mean51", r"landmarks: expected shape \(68, 2\), got \(5, 2\)"),
        (np.full((68, 2), 3.0), "mean51", None),
        (np.full((68, 2), 3.0), "book5", None),
        (np.full((68, 2), np.inf), "mean51", "finite"),
        (landmarks(), "ffhq", r"template: expected one of .*mean51.*, got 'ffhq'"),
    ],
)
def test_what_cannot_be_aligned_is_refused(points, template, said):
    with pytest.raises(ValueRefused, match=said):
        Alignment.fit(points, FRAME, template)


def test_a_mask_must_lie_on_its_grid_between_0_and_1():
    grid = Warp(np.eye(3), FRAME, Space("mask", 8, 6))
    Mask("extended", np.ones((6, 8), np.float32), grid)
    for alpha, said in (
        (np.ones((8, 6), np.float32), r"expected \(6, 8\) float32, got \(8, 6\) float32"),
        (np.ones((6, 8), np.uint8), r"got \(6, 8\) uint8"),
        (np.full((6, 8), 1.5, np.float32), r"expected values 0\.\.1, got 1\.5"),
        (np.full((6, 8), np.nan, np.float32), "expected values"),
    ):
        with pytest.raises(ValueRefused, match=said):
            Mask("extended", alpha, grid)


def test_values_are_shown_in_a_line_without_their_numbers() -> None:
    """A Face printed every array: 468 points, 128 numbers, each mask."""
    alignment = Alignment.fit(landmarks(), FRAME)
    mask = Mask("mesh", np.zeros((64, 64), np.float32), Warp(np.eye(3), FRAME, Space("m", 64, 64)))
    face = Face(
        "3_0",
        Timestamp(3, 3, Fraction(1, 25)),
        np.array([1, 2, 30, 40]),
        0.9876,
        alignment,
        {"mesh": mask},
        np.zeros(128, np.float32),
        {"presence": 1.0},
        track=2,
        extras={"mesh": np.zeros(1434, np.float32)},
        stale=frozenset({"embedding"}),
    )
    assert repr(face) == (
        "Face('3_0', frame 3, box_xyxy (1.0, 2.0, 30.0, 40.0), score 0.988, track 2, masks mesh, "
        "embedding float32 (128,), presence 1, extras mesh, stale embedding)"
    )
    frame = Frame(face.at, np.zeros((360, 640, 3), np.uint8), "a.mp4")
    many = faces(3, landmarks=True, embeddings=True)
    track = Track(1, 0, 2, np.zeros(128, np.float32), 3.0)
    for value in (mask, alignment, frame, many, track):
        words = repr(value)
        assert words.startswith(type(value).__name__) and len(words) < 90
        assert "array(" not in words and "\n" not in words
    assert repr(many) == "Faces(3, with landmarks, embeddings)"
