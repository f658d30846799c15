"""Rare moments: found from landmarks, shown more often, and missed in words."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from understudy.flow import Silent
from understudy.geometry import fit_pose
from understudy.geometry.pose import Pose, rodrigues
from understudy.geometry.templates import HEAD_26, HEAD_26_INDICES, MEAN_FACE_51
from understudy.mask.manifest import PLUGINS as MASKERS
from understudy.nn import checkpoint
from understudy.plugin import Registry
from understudy.stages.train.feeding.sampler import Sampler
from understudy.stages.train.moments.coverage import gaps, tell_gaps
from understudy.stages.train.moments.even import weights
from understudy.stages.train.moments.read import share_covered
from understudy.stages.train.moments.traits import LIDS, MOUTH, PITCH, YAW, traits
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, train
from understudy.store.faceset import FaceFolder, FaceRecord, read_face_png, write_face_png
from understudy.swap.manifest import PLUGINS
from understudy.types import Alignment, Face, Mask, Timestamp
from understudy.types.frame import frame_space

REGISTRY = Registry([*PLUGINS, *MASKERS])


def _turned(pitch: float, yaw: float) -> np.ndarray:
    """(68, 2): the head model seen from near by, turned; points that it lacks are the mean's."""
    points = np.concatenate([np.full((17, 2), 0.5), MEAN_FACE_51])
    turn = rodrigues([np.radians(pitch), 0, 0]) @ rodrigues([0, np.radians(yaw), 0])
    shown = Pose(turn, np.array([0.0, 3.2, -58.0])).project(HEAD_26)
    points[list(HEAD_26_INDICES)] = shown
    return points


def test_the_pose_is_that_of_the_perspective_fit_to_a_few_degrees():
    faces = [_turned(p, y) for p in (-15, 0, 15) for y in (-50, -30, -10, 0, 10, 30, 50)]
    found = traits(np.stack(faces))
    want = np.array([fit_pose(face).pitch_yaw_roll_deg for face in faces])
    assert np.abs(found[:, YAW] - want[:, 1]).max() < 6
    level = np.abs(want[:, 1]) < 31
    assert np.abs(found[:, PITCH] - want[:, 0])[level].max() < 6


def _face(*, lids: float = 0.3, mouth: float = 0.0) -> np.ndarray:
    points = np.concatenate([np.full((17, 2), 0.5), MEAN_FACE_51])
    for corners, upper, lower in (
        ((36, 39), (37, 38), (41, 40)),
        ((42, 45), (43, 44), (47, 46)),
    ):
        width = np.linalg.norm(points[corners[0]] - points[corners[1]])
        middle = points[list(corners), 1].mean()
        points[list(upper), 1] = middle - lids * width / 2
        points[list(lower), 1] = middle + lids * width / 2
    middle = points[60:68, 1].mean()
    points[60:68, 1] = middle
    points[[61, 62, 63], 1] -= mouth / 2
    points[[67, 66, 65], 1] += mouth / 2
    return points


def test_lids_and_mouth_are_read_back():
    found = traits(np.stack([_face(lids=0.31, mouth=0.02), _face(lids=0.04, mouth=0.2)]))
    np.testing.assert_allclose(found[:, LIDS], (0.31, 0.04), atol=0.02)
    np.testing.assert_allclose(found[:, MOUTH], (0.02, 0.2), atol=1e-3)


def _film(n: int = 500) -> np.ndarray:
    """Traits of somebody who sits still, and blinks for one frame in fifty."""
    generator = np.random.default_rng(1)
    rows = generator.normal((0, 0, 0.3, 0.01), (2, 2, 0.01, 0.003), (n, 4))
    rows[::50, LIDS] = 0.03
    return rows


def test_a_blink_is_shown_several_times_as_often_as_it_was_filmed_and_not_always():
    rows = _film()
    share = weights(rows)
    shut = rows[:, LIDS] < 0.1
    assert share.sum() == pytest.approx(1)
    assert shut.mean() == 0.02 and 0.06 < share[shut].sum() < 0.2
    assert share.max() <= 8.001 * np.median(share)


def test_a_stretch_in_which_nothing_moves_is_thinned():
    generator = np.random.default_rng(1)
    moving = generator.uniform((-10, -30, 0.25, 0.0), (10, 30, 0.35, 0.1), (200, 4))
    still = np.tile([0.0, 0.0, 0.3, 0.01], (800, 1))
    share = weights(np.concatenate([moving, still]))
    assert share[:200].sum() > 2 * 0.2


def test_covered_faces_are_left_out_while_there_are_others():
    rows = _film(100)
    covered = np.where(np.arange(100) < 30, 0.5, 0.05)
    share = weights(rows, covered)
    assert (share[:30] == 0).all() and (share[30:] > 0).all()
    assert (weights(rows, np.ones(100)) > 0).all()


def test_one_face_alone_is_shown_always():
    assert weights(np.array([[0, 0, 0.3, 0]])).tolist() == [1.0]


def test_an_epoch_shows_each_face_as_often_as_its_weight_rounded():
    share = np.array([0.05, 0.35, 0.0, 0.2, 0.4])
    sampler = Sampler(3, 5, weights=[share])
    drawn = torch.stack([sampler.rows(0, 5, step) for step in range(400)])
    counts = np.stack([np.bincount(rows, minlength=5) for rows in drawn.numpy()])
    assert (np.abs(counts - 5 * share) < 1).all()
    np.testing.assert_allclose(counts.mean(0), 5 * share, atol=0.1)


def test_draws_depend_on_seed_and_step_only():
    share = [np.array([0.5, 0.25, 0.25]), np.full(7, 1 / 7)]
    whole = Sampler(1, 2, weights=share)
    inorder = [(p, k, whole.rows(p, len(share[p]), k)) for k in range(150) for p in (0, 1)]
    other = Sampler(1, 2, weights=share)
    for person, step, rows in reversed(inorder):
        assert torch.equal(other.rows(person, len(share[person]), step), rows)
    differs = Sampler(2, 2, weights=share)
    assert any(not torch.equal(differs.rows(p, len(share[p]), k), r) for p, k, r in inorder)


def test_equal_weights_are_no_weights():
    plain, equal = Sampler(1, 4), Sampler(1, 4, weights=[np.full(9, 1 / 9)])
    for step in range(9):
        assert sorted(plain.rows(0, 9, step)) == sorted(equal.rows(0, 9, step))


def test_what_a_donor_never_shows_is_told_with_how_many_faces_need_it():
    plate, donor = _film(), _film()
    donor[:, LIDS] = 0.3
    plate[:31, YAW] = 55
    donor[:40, YAW] = -55
    found = gaps({"ann": plate, "bob": donor}, mirrored=False)
    assert [(g.person, g.region.name, g.faces) for g in found] == [
        ("ann", "profile-right", 40),
        ("bob", "profile-left", 31),
        ("bob", "eyes-shut", 10),
    ]
    progress = Silent()
    tell_gaps({"ann": plate, "bob": donor}, progress, mirrored=True)
    told = [event for event in progress.events if event.code == "never-shown"]
    assert [event.data["person"] for event in told] == ["bob"]
    assert told[0].text.startswith("bob never shows closed eyes (10 faces of the others need it)")
    assert told[0].data["faces"] == {"eyes-shut": 10}


def test_left_and_right_up_and_down_are_the_pictures():
    left, down, ahead = _turned(0, 50), _turned(25, 0), _turned(0, 0)
    corners, nose = [36, 39, 42, 45], 33
    assert traits(left[None])[0, YAW] > 40
    assert left[nose, 0] < left[corners, 0].mean()
    assert traits(down[None])[0, PITCH] > 18
    below = [face[nose, 1] - face[corners, 1].mean() for face in (down, ahead)]
    assert below[0] > below[1]


def test_small_eyes_are_not_closed_ones():
    small, large = _film(), _film()
    small[:, LIDS] *= 0.3
    assert not gaps({"small": small, "large": large}, mirrored=True)


def _mask(kind: str, alpha: np.ndarray) -> Mask:
    space = frame_space(160, 120)
    alignment = Alignment.fit(_placed(), space)
    return Mask(kind, alpha.astype(np.float32), alignment.crop(len(alpha), 1.0, "face"))


def _placed(seed: int = 0) -> np.ndarray:
    points = np.concatenate([np.full((17, 2), 0.5), MEAN_FACE_51])
    jaw = np.linspace(np.pi * 0.95, np.pi * 0.05, 17)
    points[:17] = np.stack([0.5 + 0.65 * np.cos(jaw), 0.35 + 0.85 * np.sin(jaw)], 1)
    return points * 50 + (45 + seed, 30)


def test_how_much_is_covered_is_told_on_grids_of_any_size():
    whole, half = np.ones((64, 64)), np.ones((96, 96))
    half[:, :48] = 0
    assert share_covered(_mask("occlusion", half), _mask("extended", whole)) == pytest.approx(
        0.5, abs=0.02
    )
    assert share_covered(_mask("occlusion", np.ones((96, 96))), _mask("extended", whole)) < 0.03


def _write(folder, index: int, occlusion: float) -> None:
    points, space = _placed(index), frame_space(160, 120)
    alignment = Alignment.fit(points, space)
    crop = alignment.crop(96, 1.0, "head")
    frame = np.full((120, 160, 3), 90, np.uint8)
    cv2.fillConvexPoly(frame, cv2.convexHull(points.astype(np.int32)), (180, 150, 130))
    pixels = cv2.warpAffine(frame, crop.index_matrix[:2], (96, 96))
    grid = alignment.crop(64, 1.0, "face")
    ones = np.ones((64, 64), np.float32)
    free = ones.copy()
    free[: round(64 * occlusion)] = 0
    masks = {"extended": Mask("extended", ones, grid), "occlusion": Mask("occlusion", free, grid)}
    face = Face(
        f"{index}_0",
        Timestamp(index, index, Fraction(1, 25)),
        np.array([0, 0, 9, 9]),
        1.0,
        alignment,
        masks,
    )
    record = FaceRecord(face, crop, "head", 1.0, "clip.mp4", "f" * 8, (160, 120))
    write_face_png(folder / f"clip_{index:06d}_0.png", pixels, record, durable=False)


def test_faces_behind_a_hand_are_left_out_of_training_and_counted(tmp_path):
    for person in "ab":
        (tmp_path / person).mkdir()
        for index in range(5):
            _write(tmp_path / person, index, 0.5 if index == 0 and person == "a" else 0.0)
    inputs = TrainInputs({p: (FaceFolder(tmp_path / p),) for p in "ab"}, tmp_path / "m")
    options = TrainOptions(iterations=2, batch=2, device="cpu", previews=0, threads=1)
    progress = Silent()
    train(inputs, options, progress, REGISTRY)
    said = [x for x in progress.said if "left out" in x]
    assert said == [
        "1 of 5 faces of a is left out, because more than 15 % of them are behind hands or things"
    ]
    read_face_png(tmp_path / "a" / "clip_000000_0.png")
    assert checkpoint.newest(tmp_path / "m").state.training["even"] is True


def test_even_sampling_can_be_turned_off(tmp_path):
    for person in "ab":
        (tmp_path / person).mkdir()
        for index in range(4):
            _write(tmp_path / person, index, 0.5 * (index == 0))
    inputs = TrainInputs({p: (FaceFolder(tmp_path / p),) for p in "ab"}, tmp_path / "m")
    options = TrainOptions(iterations=1, batch=2, device="cpu", previews=0, threads=1, even=False)
    progress = Silent()
    train(inputs, options, progress, REGISTRY)
    assert not [x for x in progress.said if "left out" in x]
