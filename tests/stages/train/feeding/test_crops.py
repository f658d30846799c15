"""Faces laid flat for models of surfaces: colours, what counts, and masks on the texture."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry import Space, Warp
from understudy.geometry.facemesh import Heads, canonical
from understudy.geometry.facemesh.build import CORNERS
from understudy.geometry.facemesh.surface import surface, texels
from understudy.geometry.facemesh.to_68 import landmarks_from_meshes
from understudy.geometry.pose import rodrigues
from understudy.stages.faces.surfaces import texture_of
from understudy.stages.train.feeding.crops import Cutting, cut
from understudy.store.faceset import FaceRecord
from understudy.swap import Crop
from understudy.types import Alignment, Face, Mask, Timestamp
from understudy.types.frame import frame_space

FRAME = frame_space(320, 240)
CROP = Crop(64, 64, "face", 0.8, surface=True)
NOBODY = np.concatenate([canonical().vertices, np.zeros((10, 3))])


def pictured(yaw_deg: float = 0.0) -> tuple[np.ndarray, np.ndarray, FaceRecord]:
    """A frame, the picture cut from it, and its record; colours rise to the right and down."""
    turn = rodrigues(np.array([0.0, np.radians(yaw_deg), 0.0]))
    heads = Heads(turn[None], np.array([8.0]), np.array([[160.0, -120.0, 0.0]]))
    mesh = heads.picture(NOBODY[None])[0]
    face = Face(
        "0_0",
        Timestamp(0, 0, Fraction(1, 25)),
        np.array([90.0, 40, 230, 200]),
        1.0,
        Alignment.fit(landmarks_from_meshes(mesh[None])[0], FRAME),
        extras={"mesh": mesh.ravel().astype(np.float32)},
    )
    x, y = np.meshgrid(np.linspace(20, 230, 320), np.linspace(20, 230, 240))
    frame = np.stack([x, y, np.full_like(x, 90)], -1).astype(np.uint8)
    # cut in whole pixels, so that the picture is the frame's own
    corner = np.array([[1, 0, -40], [0, 1, -10]])
    crop = Warp(corner, FRAME, Space("cut", 240, 220))
    return frame, frame[10:230, 40:280], FaceRecord(face, crop, "head", 1.0, "a", "f", (320, 240))


def texel(uv: np.ndarray) -> tuple[int, int]:
    x, y = np.clip((uv * 64).astype(int), 0, 63)
    return int(y), int(x)


def test_a_picture_is_unwrapped_as_its_frame_is() -> None:
    frame, picture, record = pictured(yaw_deg=15)
    row = cut(picture, record, {}, Cutting(CROP, None, 1.0, 1.0))
    assert row["planes"].shape == (4, 64, 64), "textures have no margin"
    whole = texture_of(frame, record.face, 64).transpose(2, 0, 1).astype(int)
    _, _, on = texels(64)
    assert np.abs(row["planes"][:3].astype(int) - whole)[:, on].max() <= 2


def test_skin_that_turns_away_counts_for_nothing() -> None:
    ears = [texel(surface().uv[i]) for i in (234, 454)]
    counts = []
    for yaw_deg in (0.0, 60.0):
        _, picture, record = pictured(yaw_deg)
        weight = cut(picture, record, {}, Cutting(CROP, None, 1.0, 1.0))["planes"][3]
        assert weight[texel(surface().uv[4])] >= 25, "the tip of the nose is seen"
        counts.append(sorted(int(weight[ear]) for ear in ears))
    assert counts[1][0] == 0 < counts[0][0] and counts[1][1] >= 55


def test_eyes_and_mouth_count_more() -> None:
    _, picture, record = pictured()
    plain, weighted = (
        cut(picture, record, {}, Cutting(CROP, None, eyes, mouth))["planes"][3].astype(int)
        for eyes, mouth in ((1.0, 1.0), (3.0, 2.0))
    )
    uv = surface().uv
    eye = texel(uv[list(CORNERS[0])].mean(0))
    cheek, lip = texel(uv[50]), texel(uv[13])
    assert weighted[eye] >= 2.7 * plain[eye] > 0
    assert 1.7 * plain[lip] <= weighted[lip] <= 2.1 * plain[lip]
    assert weighted[cheek] == plain[cheek]


def test_masks_lie_on_the_texture_and_bound_what_counts() -> None:
    _, picture, record = pictured()
    grid = record.face.alignment.crop(64, 1.0, "face")
    alpha = np.zeros((64, 64), np.float32)
    alpha[:, :32] = 1.0  # the half at the left of the picture
    mask = Mask("extended", alpha, grid)
    cutting = Cutting(CROP, "extended", 1.0, 1.0, ("extended",))
    planes = cut(picture, record, {"extended": mask}, cutting)["planes"]
    left, right = (texel(surface().uv[v]) for v in (50, 280))
    assert (planes[4][left], planes[4][right]) == (255, 0)
    assert planes[3][left] > 40 and planes[3][right] == 0


def test_a_face_without_a_mesh_is_refused() -> None:
    _, picture, record = pictured()
    bare = replace(record, face=replace(record.face, extras={}))
    with pytest.raises(ValueRefused, match="no mesh"):
        cut(picture, bare, {}, Cutting(CROP, None, 1.0, 1.0))
