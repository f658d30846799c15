"""Augmentation: what each switch does, and that it depends on (seed, step) only."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from understudy.geometry.facemesh import canonical
from understudy.geometry.mirror import MIRRORED_68, MIRRORED_BLENDSHAPES
from understudy.nn.augment import (
    Switches,
    cut,
    draw,
    generator_for,
    lab_to_rgb,
    recolour,
    rgb_to_lab,
    signals,
)

OFF = Switches(0, 0, 0, colour=False)


def _pictures(n: int = 4, size: int = 26) -> torch.Tensor:
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(2))


def test_with_all_off_the_inner_picture_comes_out_as_it_is():
    pictures = _pictures()
    drawn = draw(4, OFF, generator_for(1, 2))
    for warped in (False, True):
        got = cut(pictures, drawn, 20, 20 / 26, warped=warped)
        torch.testing.assert_close(got, pictures[..., 3:23, 3:23], atol=1e-5, rtol=0)
    assert torch.equal(recolour(pictures, drawn), pictures)


def test_flip_mirrors_input_and_target_of_about_half():
    pictures = _pictures(64)
    drawn = draw(64, Switches(0, 0, 0.5, colour=False), generator_for(3))
    got = cut(pictures, drawn, 20, 20 / 26, warped=False)
    inner = pictures[..., 3:23, 3:23]
    mirrored = (got - inner.flip(-1)).abs().amax((1, 2, 3)) < 1e-4
    same = (got - inner).abs().amax((1, 2, 3)) < 1e-4
    assert (mirrored ^ same).all()
    assert 16 < int(mirrored.sum()) < 48
    assert torch.equal(got, cut(pictures, drawn, 20, 20 / 26, warped=True))


def test_warp_bends_the_input_only():
    pictures, switches = _pictures(), Switches(1, 0, 0, colour=False)
    drawn = draw(4, switches, generator_for(3))
    inner = pictures[..., 3:23, 3:23]
    torch.testing.assert_close(cut(pictures, drawn, 20, 20 / 26, warped=False), inner)
    assert float((cut(pictures, drawn, 20, 20 / 26, warped=True) - inner).abs().mean()) > 0.02


def test_transform_is_a_rotation_zoom_and_shift_within_bounds():
    drawn = draw(500, Switches(0, 1, 0, colour=False), generator_for(4))
    linear, shift = drawn.affine[:, :, :2], drawn.affine[:, :, 2]
    zoom = torch.linalg.det(linear).rsqrt()
    angle = torch.rad2deg(torch.atan2(linear[:, 1, 0], linear[:, 0, 0]))
    assert 0.95 <= float(zoom.min()) < 0.96 < 1.04 < float(zoom.max()) <= 1.05
    assert 9 < float(angle.abs().max()) <= 10.001
    assert 0.09 < float(shift.abs().max()) <= 0.1  # 5 % of a side that is 2 long


def test_draws_depend_on_seed_and_step_and_nothing_else():
    torch.manual_seed(1)
    first = draw(3, Switches(), generator_for(5, 2, 7))
    torch.manual_seed(2)
    torch.rand(5)
    again = draw(3, Switches(), generator_for(5, 2, 7))
    assert torch.equal(first.affine, again.affine) and torch.equal(first.warp, again.warp)
    for key in ((5, 2, 8), (5, 7, 2), (6, 2, 7)):
        assert not torch.equal(first.warp, draw(3, Switches(), generator_for(*key)).warp)


def test_lab_is_opencvs_and_goes_back():
    images = _pictures()
    lab = rgb_to_lab(images)
    for i in range(len(images)):
        reference = cv2.cvtColor(
            np.ascontiguousarray(images[i].permute(1, 2, 0).numpy()), cv2.COLOR_RGB2LAB
        )
        np.testing.assert_allclose(
            lab[i].permute(1, 2, 0).numpy(), reference, atol=0.5
        )  # OpenCV interpolates
    torch.testing.assert_close(lab_to_rgb(lab), images, atol=1e-5, rtol=0)


def test_recolour_moves_lightness_by_at_most_the_share():
    grey = torch.full((64, 3, 4, 4), 0.5)
    drawn = draw(64, Switches(0, 0, 0), generator_for(6))
    before, after = rgb_to_lab(grey)[:, 0].mean(), rgb_to_lab(recolour(grey, drawn))[:, 0]
    assert 16 < len(drawn.coloured) < 48
    # chroma at the gamut's edge is clipped, which may move lightness a little
    assert float(after.max()) <= float(before + 0.3 * (100 - before)) + 1
    assert float(after.min()) >= float(0.7 * before) - 1
    untouched = torch.ones(64, dtype=torch.bool)
    untouched[drawn.coloured] = False
    torch.testing.assert_close(recolour(grey, drawn)[untouched], grey[untouched])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_cuda_augments_as_the_cpu_does():
    pictures = _pictures()
    drawn = draw(4, Switches(), generator_for(1, 2))
    here = recolour(cut(pictures, drawn, 20, 20 / 26, warped=True), drawn)
    device = torch.device("cuda")
    there = drawn.to(device)
    got = recolour(cut(pictures.to(device), there, 20, 20 / 26, warped=True), there)
    torch.testing.assert_close(got.cpu(), here, atol=2e-4, rtol=0)


def _dots(points: torch.Tensor, size: int = 64) -> torch.Tensor:
    """One plane for each point, with a soft dot where it lies; (n, k, size, size)."""
    at = (torch.arange(size) + 0.5) / size * 2 - 1
    x, y = points[..., 0, None], points[..., 1, None]
    across, down = torch.exp(-(((at - x) / 0.05) ** 2)), torch.exp(-(((at - y) / 0.05) ** 2))
    return down[..., :, None] * across[..., None, :]


def test_landmarks_go_where_the_picture_goes():
    generator = torch.Generator().manual_seed(3)
    points = torch.rand(12, 68, 2, generator=generator) * 1.2 - 0.6
    drawn = draw(12, Switches(), generator_for(5))
    assert 0 < int((torch.linalg.det(drawn.affine[:, :, :2]) < 0).sum()) < 12
    moved = signals({"landmarks": points}, drawn)["landmarks"]
    # without margin, so that the inner picture is the whole
    seen = cut(_dots(points), drawn, 64, 1.0, warped=False)
    at = (torch.arange(64) + 0.5) / 32 - 1
    total = seen.sum((2, 3))
    found = torch.stack(
        [(seen.sum(2) * at).sum(2) / total, (seen.sum(3) * at).sum(2) / total], dim=2
    )
    for i, place in enumerate(found):
        mirrored = torch.linalg.det(drawn.affine[i, :, :2]) < 0
        wanted = place[list(MIRRORED_68)] if mirrored else place
        assert (moved[i] - wanted).abs().max() < 0.02


def test_meshes_go_where_the_picture_goes():
    points = torch.rand(4, 478, 3, generator=torch.Generator().manual_seed(3)) * 1.2 - 0.6
    drawn = draw(4, Switches(), generator_for(5))
    mirrored = torch.linalg.det(drawn.affine[:, :, :2]) < 0
    assert 0 < int(mirrored.sum()) < 4
    moved = signals({"mesh": points}, drawn)["mesh"]
    seen = cut(_dots(points[..., :2]), drawn, 64, 1.0, warped=False)
    at = (torch.arange(64) + 0.5) / 32 - 1
    total = seen.sum((2, 3))
    found = torch.stack(
        [(seen.sum(2) * at).sum(2) / total, (seen.sum(3) * at).sum(2) / total], dim=2
    )
    twins = torch.tensor(canonical().mirror)
    for i, place in enumerate(found):
        order = twins if mirrored[i] else torch.arange(478)
        assert (moved[i, :, :2] - place[order]).abs().max() < 0.02
        across = (points[i, order[0], :2] - points[i, order[9], :2]).norm()
        grown = (moved[i, 0, :2] - moved[i, 9, :2]).norm() / across
        torch.testing.assert_close(moved[i, :, 2], points[i, order, 2] * grown)


def test_a_mirrored_mesh_is_a_face_again():
    # nobody's face is its own mirror image, within half a millimetre
    face = torch.tensor(canonical().vertices, dtype=torch.float32) * torch.tensor([0.1, -0.1, -0.1])
    face = torch.cat([face, torch.zeros(10, 3)])
    drawn = draw(1, Switches(warp=0, transform=0, flip=1.0), generator_for(1))
    assert float(torch.linalg.det(drawn.affine[0, :, :2])) < 0
    told = signals({"mesh": face[None]}, drawn)["mesh"][0]
    torch.testing.assert_close(told, face, atol=0.005, rtol=0)


def test_a_mirrored_face_looks_the_other_way_and_shuts_the_other_eye():
    drawn = draw(8, Switches(warp=0, transform=0), generator_for(5))
    mirrored = torch.linalg.det(drawn.affine[:, :, :2]) < 0
    assert 0 < int(mirrored.sum()) < 8
    shapes = torch.zeros(8, 52)
    shapes[:, 9] = 1.0  # eyeBlinkLeft
    pose = torch.tensor([[5.0, 30.0, 2.0]]).expand(8, 3)
    told = signals({"pose": pose, "blendshapes": shapes}, drawn)
    assert told["blendshapes"][:, 10].tolist() == mirrored.float().tolist()
    assert told["blendshapes"][:, 9].tolist() == (~mirrored).float().tolist()
    wanted = torch.where(mirrored[:, None], torch.tensor([5.0, -30.0, -2.0]), pose)
    torch.testing.assert_close(told["pose"], wanted)


def test_the_roll_that_is_told_is_the_roll_of_the_landmarks():
    points = torch.zeros(1, 68, 2)
    points[0, 36], points[0, 45] = torch.tensor([-0.4, 0.0]), torch.tensor([0.4, 0.0])
    for seed in range(6):
        switches = Switches(flip=0.0, transform=3.0)
        drawn = draw(1, switches, generator_for(seed))
        told = signals({"landmarks": points, "pose": torch.zeros(1, 3)}, drawn)
        across = told["landmarks"][0, 45] - told["landmarks"][0, 36]
        roll = torch.rad2deg(torch.atan2(across[1], across[0]))
        torch.testing.assert_close(told["pose"][0, 2], roll, atol=1e-3, rtol=0)


def test_mirroring_twice_is_nothing():
    for order in (MIRRORED_68, MIRRORED_BLENDSHAPES):
        assert [order[i] for i in order] == list(range(len(order)))
