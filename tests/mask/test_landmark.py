"""Landmark masks: inside their hull, smooth at the edge, higher when extended."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.geometry import MASK_HULLS, PARTS
from understudy.geometry.templates import MEAN_FACE_51
from understudy.mask.landmark import ComponentsMasker, ExtendedMasker, raise_brows
from understudy.types import Alignment
from understudy.types.frame import frame_space

FRAME = np.zeros((240, 320, 3), np.uint8)


def mean_face(angle_deg: float = 0.0) -> Alignment:
    """The mean face with a jaw on an ellipse around it, in the middle of a frame."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.5 + 0.62 * np.cos(angles), 0.25 + 0.95 * np.sin(angles)], 1)
    turn = np.radians(angle_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (np.vstack([jaw, MEAN_FACE_51]) - 0.5) @ rotation.T * 90 + [160, 120]
    return Alignment.fit(points, frame_space(320, 240))


@pytest.mark.parametrize("masker", [ComponentsMasker(), ExtendedMasker()])
@pytest.mark.parametrize("angle_deg", [0.0, 35.0, 180.0])
def test_ones_inside_zeros_outside_shares_on_the_edge(
    masker: ComponentsMasker | ExtendedMasker, angle_deg: float
) -> None:
    face = mean_face(angle_deg)
    mask = masker.mask(FRAME, face)
    assert mask.alpha.shape == (128, 128) and mask.alpha.dtype == np.float32
    points = face.landmarks
    if isinstance(masker, ExtendedMasker):
        points = raise_brows(points)
    hull = cv2.convexHull(mask.grid_from_frame.points(points).astype(np.float32))
    for row, column in np.argwhere(mask.alpha > 0):
        assert cv2.pointPolygonTest(hull, (column + 0.5, row + 0.5), True) > -1.0
    edge = (mask.alpha > 0) & (mask.alpha < 1)
    assert 100 < edge.sum() < 1000


def test_area_is_that_of_the_united_hulls() -> None:
    face = mean_face()
    mask = ComponentsMasker().mask(FRAME, face)
    points = mask.grid_from_frame.points(face.landmarks) * 16
    fine = np.zeros((2048, 2048), np.uint8)
    for ranges in MASK_HULLS.values():
        part = np.concatenate([points[a:b] for a, b in ranges]).astype(np.float32)
        cv2.fillConvexPoly(fine, cv2.convexHull(part).astype(np.int32), 1)
    assert mask.alpha.sum() == pytest.approx(fine.sum() / 256, rel=0.015)


def test_brows_rise_by_half_their_height_above_the_eye() -> None:
    face = mean_face(20.0)
    raised = raise_brows(face.landmarks)
    up = face.unit_from_frame.points(raised) - face.landmarks_unit
    assert (up[PARTS["right_brow"], 1] < -0.03).all()
    assert np.allclose(raised[PARTS["jaw"]], face.landmarks[PARTS["jaw"]])
    middle_gap = face.landmarks_unit[37:39, 1].mean() - face.landmarks_unit[19, 1]
    assert -up[19, 1] == pytest.approx(middle_gap / 2, rel=0.1)


def test_extended_contains_components() -> None:
    face = mean_face()
    components = ComponentsMasker().mask(FRAME, face)
    extended = ExtendedMasker().mask(FRAME, face)
    assert (components.kind, extended.kind) == ("components", "extended")
    assert (extended.alpha - components.alpha).min() > -0.1
    assert extended.alpha.sum() > 1.05 * components.alpha.sum()


def test_wild_landmarks_still_give_a_mask() -> None:
    wild = mean_face().landmarks.copy()
    wild[3] = [1e7, -1e7]
    mask = ComponentsMasker().mask(FRAME, Alignment.fit(wild, frame_space(320, 240)))
    assert np.isfinite(mask.alpha).all()
