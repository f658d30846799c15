"""What is done around an aligner really helps: light, more looks, a look upright."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from understudy.align import refine
from understudy.align.dlib68 import Dlib68Aligner
from understudy.align.options import RefineOptions
from understudy.align.refine import normalised, refined, shaken
from understudy.errors import ValueRefused
from understudy.geometry.facemesh.to_68 import landmarks_from_meshes
from understudy.plugin import default_registry
from understudy.testing.contracts import check_aligner
from understudy.types import Faces

HELP = [
    RefineOptions(normalise="hist"),
    RefineOptions(normalise="clahe"),
    RefineOptions(normalise="mean"),
    RefineOptions(refeed=3),
    RefineOptions(realign=True),
    RefineOptions("clahe", 2, True),
]


@pytest.fixture(scope="module")
def dlib68() -> Dlib68Aligner:
    return Dlib68Aligner()


@pytest.mark.parametrize("options", HELP, ids=str)
def test_keeps_the_contract_and_changes_the_points(
    dlib68: Dlib68Aligner, rendered: list[Any], options: RefineOptions
) -> None:
    marked, helped = rendered[0], refined(dlib68, options)
    check_aligner(helped, marked.frame, marked.faces)
    plain = dlib68.align(marked.frame, marked.faces).landmarks[0]
    better = helped.align(marked.frame, marked.faces).landmarks[0]
    assert np.linalg.norm(better - plain, axis=1).max() > 0.05
    assert marked.error(better)[17:].mean() < 0.06


def test_nothing_asked_for_is_the_aligner_itself(dlib68: Dlib68Aligner) -> None:
    assert refined(dlib68, RefineOptions()) is dlib68


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueRefused, match="refeed"):
        RefineOptions(refeed=-1)


def spread(aligner: Any, marked: Any) -> float:
    """How far points move when the box is moved a little, by the distance of the eyes."""
    side, found = np.ptp(marked.faces.boxes_xyxy[0, 1::2]), []
    for by in np.random.default_rng(5).normal(0, 0.03 * side, (8, 4)):
        box = marked.faces.boxes_xyxy + by
        found.append(aligner.align(marked.frame, Faces(box, np.ones(1))).landmarks[0])
    eyes = np.linalg.norm(marked.truth[45] - marked.truth[36])
    return float(np.std(found, axis=0).mean() / eyes)


@pytest.mark.parametrize(
    ("options", "at_most"),
    [(RefineOptions(refeed=5), 0.8), (RefineOptions(realign=True), 0.9)],
    ids=str,
)
def test_points_move_less_when_the_box_does(
    dlib68: Dlib68Aligner, rendered: list[Any], options: RefineOptions, at_most: float
) -> None:
    plain = np.mean([spread(dlib68, marked) for marked in rendered])
    steadier = np.mean([spread(refined(dlib68, options), marked) for marked in rendered])
    assert steadier < at_most * plain


def test_realign_mends_a_turned_face(dlib68: Dlib68Aligner, by_hand: list[Any]) -> None:
    plain, mended = [], []
    for marked in by_hand[:4]:
        middle = marked.truth.mean(0)
        turn = cv2.getRotationMatrix2D(tuple(middle - 0.5), -25, 1)
        size = marked.frame.shape[1::-1]
        frame = cv2.warpAffine(marked.frame, turn, size, borderMode=cv2.BORDER_REPLICATE)
        truth = (marked.truth - middle) @ turn[:, :2].T + middle
        faces = Faces(np.concatenate([truth.min(0), truth.max(0)])[None], np.ones(1))
        for aligner, errors in (
            (dlib68, plain),
            (refined(dlib68, RefineOptions(realign=True)), mended),
        ):
            found = aligner.align(frame, faces).landmarks[0]
            errors.append(np.linalg.norm(found - truth, axis=1)[17:].mean())
    assert np.mean(mended) < 0.8 * np.mean(plain)


def test_light_is_evened_out() -> None:
    dark = np.random.default_rng(0).integers(10, 40, (60, 60, 3)).astype(np.uint8)
    dark[..., 2] //= 2
    assert np.abs(normalised(dark, "mean").mean((0, 1)) - 127.5).max() < 3
    assert np.ptp(normalised(dark, "hist").mean(2)) > 2 * np.ptp(dark.mean(2))
    assert np.ptp(normalised(dark, "clahe").mean(2)) > 1.2 * np.ptp(dark.mean(2))
    assert normalised(dark, "none") is dark


def test_light_changes_only_with_the_face_not_with_the_rest(
    dlib68: Dlib68Aligner, rendered: list[Any]
) -> None:
    marked = rendered[0]
    helped = refined(dlib68, RefineOptions(normalise="hist"))
    other = marked.frame.copy()
    other[:, :20] = 255
    a, b = (helped.align(f, marked.faces).landmarks for f in (marked.frame, other))
    assert np.array_equal(a, b)


def test_copies_are_moved_by_the_same_steps_for_all() -> None:
    small = Faces(np.array([[10.0, 10.0, 20.0, 22.0]]), np.ones(1))
    large = Faces(small.boxes_xyxy * 7, np.ones(1))
    a, b = shaken(small, 6), shaken(large, 6)
    assert len(a) == 7 and np.array_equal(a.boxes_xyxy[0], small.boxes_xyxy[0])
    np.testing.assert_allclose(a.boxes_xyxy * 7, b.boxes_xyxy)
    assert len(np.unique(a.boxes_xyxy, axis=0)) == 7


def test_extras_come_through(build: Callable[..., Any], rendered: list[Any]) -> None:
    mesh = build(default_registry().get("align", "mediapipe-478"))
    helped = refined(mesh, RefineOptions(refeed=2, realign=True))
    batch = helped.align_batch(
        [m.frame for m in rendered] + [rendered[0].frame],
        [m.faces for m in rendered] + [Faces.none()],
    )
    assert [len(found) for found in batch] == [1, 1, 1, 1, 0]
    for found in batch[:4]:
        assert found.extras["blendshapes"].shape == (1, 52) and found.presence[0] > 0.9


@pytest.mark.parametrize("options", HELP, ids=str)
def test_the_mesh_lies_with_its_landmarks_whatever_is_looked_at(
    build: Callable[..., Any], rendered: list[Any], options: RefineOptions
) -> None:
    plain = build(default_registry().get("align", "mediapipe"))
    for marked in rendered[:2]:
        found = refined(plain, options).align(marked.frame, marked.faces)
        mesh = found.extras["mesh"].reshape(1, 478, 3)
        np.testing.assert_allclose(landmarks_from_meshes(mesh), found.landmarks, atol=0.01)
        bare = plain.align(marked.frame, marked.faces).extras["mesh"].reshape(1, 478, 3)
        # another square is looked at, so depth is guessed anew, but in the same unit
        assert np.ptp(mesh[..., 2]) == pytest.approx(np.ptp(bare[..., 2]), rel=0.1)


def test_depth_of_an_upright_look_is_in_pixels_of_the_frame(
    build: Callable[..., Any], rendered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, marked = build(default_registry().get("align", "mediapipe")), rendered[0]
    monkeypatch.setattr(refine, "_LARGEST_PX", 64)  # much smaller than the face is in the frame
    looked = refined(plain, RefineOptions(realign=True)).align(marked.frame, marked.faces)
    bare = plain.align(marked.frame, marked.faces)
    deep, wanted = (np.ptp(f.extras["mesh"].reshape(478, 3)[:, 2]) for f in (looked, bare))
    assert deep == pytest.approx(wanted, rel=0.1)
