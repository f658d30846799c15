"""Masks that bound a face together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry import Warp
from understudy.plugin import default_registry
from understudy.stages.faces.mattes import factors_of, how_to_have, kinds_of, mask_of, missing_in
from understudy.types import Mask


@pytest.fixture
def face(make):
    return make.face(1)


def _mask(kind: str, face, px: int, alpha: np.ndarray) -> Mask:
    return Mask(kind, alpha.astype(np.float32), face.alignment.crop(px, 1.0, "face"))


@pytest.fixture
def masked(face):
    left = np.zeros((64, 64))
    left[:, :40] = 1
    upper = np.zeros((128, 128))
    upper[:80] = 1
    masks = {"mesh": _mask("mesh", face, 64, left), "hands": _mask("hands", face, 128, upper)}
    return replace(face, masks=masks)


def test_words():
    assert factors_of("mesh * occlusion*mesh") == ("mesh", "occlusion")
    assert kinds_of("learned*occlusion*none") == ("occlusion",)
    assert kinds_of("none") == ()
    for wrong in ("", "mesh*", "*"):
        with pytest.raises(ValueRefused, match=r"mesh\*occlusion"):
            factors_of(wrong)


def test_a_product_lies_on_the_finest_grid(masked):
    both = mask_of(masked, "mesh*hands")
    assert both.alpha.shape == (128, 128)
    assert both.alpha[:78, :78].min() > 0.99
    assert both.alpha[82:].max() == 0
    assert both.alpha[:, 82:].max() < 0.01
    assert mask_of(masked, "learned*hands") is masked.masks["hands"]
    assert missing_in(masked, "mesh*hair") == ["hair"]


def test_none_is_the_whole_square(masked):
    crop = masked.alignment.crop(32, 0.9, "face")
    whole = mask_of(masked, "none", crop)
    assert whole.alpha.min() == 1
    assert np.array_equal(whole.grid_from_frame.matrix, crop.matrix)


def test_shapes_follow_a_face_that_moves_and_hands_do_not(masked):
    space = masked.alignment.unit_from_frame.src
    moved = Warp(np.array([[1.0, 0, 8], [0, 1, 0], [0, 0, 1]]), space, space)
    shape, hands = (mask_of(masked, kind, moved=moved) for kind in ("mesh", "hands"))
    corner = masked.masks["mesh"].grid_from_frame.inverse().points(np.zeros((1, 2)))
    assert np.allclose(shape.grid_from_frame.points(corner + np.array([8, 0])), 0, atol=1e-6)
    assert hands is masked.masks["hands"]


def test_a_mask_that_nothing_makes_is_painted():
    """`understudy mask clip --kind hands-2` was advised, which no plug-in makes."""
    made = how_to_have("mesh", "my clip.mp4", default_registry())
    assert made == "make it: understudy mask 'my clip.mp4' --kind mesh"
    painted = how_to_have("hands-2", "clip.mp4", default_registry())
    assert "understudy mask clip.mp4 --process import --kind hands-2 --folder painted" in painted
