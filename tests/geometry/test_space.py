from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry import Space, Warp, umeyama
from understudy.geometry.boxes import overlap, suppress

A, B, C = Space("a", 40, 30), Space("b", 80, 60), Space("c", 10, 10)


def test_doubling_equals_cv2_resize_exactly():
    image = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8).astype(np.float32)
    warp = Warp.resize(A, B)
    doubled = cv2.warpAffine(
        image,
        warp.index_matrix[:2],
        B.size_wh,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    assert np.abs(doubled - cv2.resize(image, B.size_wh)).max() < 1e-3


def test_chaining_checks_spaces():
    b_from_a, c_from_b = Warp.resize(A, B), Warp.resize(B, C)
    assert (c_from_b @ b_from_a).src == A
    with pytest.raises(ValueRefused, match="cannot chain"):
        b_from_a @ c_from_b


def test_a_warp_is_begun_in_its_source_in_another_size():
    turned = Warp(np.array([[2.0, 1, 3], [-1, 2, 5]]), A, C)
    assert turned.begun_in(A) is turned
    doubled = turned.begun_in(B)
    points = np.random.default_rng(1).random((7, 2)) * 30
    assert (doubled.src, doubled.dst) == (B, C)
    assert doubled.points(2 * points) == pytest.approx(turned.points(points))


def test_inverse_and_points():
    warp = Warp(np.array([[2.0, 1, 3], [-1, 2, 5]]), A, B)
    points = np.random.default_rng(1).random((7, 2)) * 30
    assert warp.inverse().points(warp.points(points)) == pytest.approx(points)
    assert warp.scale == pytest.approx(np.sqrt(5))
    with pytest.raises(ValueRefused, match="singular"):
        Warp(np.zeros((2, 3)), A, B).inverse()


def test_matrix_cannot_be_changed_behind_our_back():
    warp = Warp.resize(A, B)
    with pytest.raises(ValueError, match="read-only"):
        warp.matrix[0, 0] = 7


def test_umeyama_recovers_a_similarity_and_never_mirrors():
    rng = np.random.default_rng(2)
    points = rng.random((20, 2)) * 100
    angle = 0.7
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = 1.7 * points @ rotation.T + [5, -9]
    matrix = umeyama(points, moved)
    assert points @ matrix[:2, :2].T + matrix[:2, 2] == pytest.approx(moved)
    mirrored = umeyama(points, moved * [-1, 1])
    assert np.linalg.det(mirrored[:2, :2]) > 0
    with pytest.raises(ValueRefused, match="coincide"):
        umeyama(np.ones((4, 2)), points[:4])


def test_boxes():
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30], [2, 2, 5, 5]], float)
    scores = np.array([0.5, 0.9, 0.8, 0.99])
    assert suppress(boxes, scores, 0.5).tolist() == [3, 1, 2]
    assert overlap(boxes[:1], boxes[:1])[0, 0] == 1
    assert overlap(boxes[:1], boxes[3:], of_smaller=True)[0, 0] == 1
