"""Fit, pose, crops and sub-crops against golden values of the field's convention."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from understudy.geometry import (
    Space,
    average_distance,
    corners,
    crop_from_unit,
    fit_pose,
    sub_crop_size,
)
from understudy.types import Alignment

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
FACES = [name for name in GOLDEN if name != "sub_crop_size"]
FRAME = Space("frame", 800, 600)


def _alignment(name: str) -> Alignment:
    return Alignment.fit(np.array(GOLDEN[name]["landmarks"]), FRAME)


@pytest.mark.parametrize("name", FACES)
def test_umeyama_matrix(name):
    want = np.array(GOLDEN[name]["aligned"][0]["matrix"])
    assert np.abs(_alignment(name).unit_from_frame.matrix[:2] - want).max() < 1e-6


@pytest.mark.parametrize("name", FACES)
def test_pose_and_average_distance(name):
    alignment = _alignment(name)
    want = GOLDEN[name]["pose"]
    got = alignment.pose.pitch_yaw_roll_deg
    assert got == pytest.approx([want["pitch"], want["yaw"], want["roll"]], abs=0.01)
    distance = average_distance(alignment.landmarks_unit)
    assert distance == pytest.approx(GOLDEN[name]["average_distance"], abs=1e-5)


@pytest.mark.parametrize("name", FACES)
def test_crops(name):
    alignment = _alignment(name)
    for want in GOLDEN[name]["aligned"]:
        crop = alignment.crop(want["size"], want["coverage"], want["centering"])
        assert np.abs(crop.matrix[:2] - np.array(want["adjusted_matrix"])).max() < 0.01
        nose_tip = crop.points(alignment.landmarks)[30]
        assert nose_tip == pytest.approx(want["landmarks0"], abs=0.02)
        # the golden corners are whole pixels, and of pixel indices: size - 1 lies furthest out
        roi = crop.inverse().points(corners(want["size"]))[[0, 3, 2, 1]]
        scale = 1 / crop.scale
        assert np.abs(roi - np.array(want["original_roi"])).max() < 1.5 * scale + 1


def test_sub_crops():
    for key, want in GOLDEN["sub_crop_size"].items():
        centerings, _, spec = key.partition("@")
        src, dst = centerings.split("->")
        size, coverage = spec.split("x")
        assert sub_crop_size(int(size), src, dst, float(coverage)) == want, key


def test_pose_follows_a_turned_head():
    alignment = _alignment("frontal")
    pose = alignment.pose
    from understudy.geometry.pose import Pose, rodrigues
    from understudy.geometry.templates import HEAD_26, HEAD_26_INDICES

    for yaw in (-35.0, -10.0, 20.0, 40.0):
        turned = Pose(
            rodrigues(np.array([0, np.radians(yaw), 0])) @ pose.rotation, pose.translation
        )
        points = np.zeros((68, 2))
        points[list(HEAD_26_INDICES)] = turned.project(HEAD_26)
        assert np.abs(fit_pose(points).rotation - turned.rotation).max() < 1e-3


def test_crop_refuses_nonsense():
    pose = _alignment("frontal").pose
    with pytest.raises(ValueError, match="centering"):
        crop_from_unit(pose, 64, 1.0, "middle")
    with pytest.raises(ValueError, match="coverage"):
        crop_from_unit(pose, 64, 2.0, "face")
