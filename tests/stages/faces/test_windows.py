"""What is seen of a face in its window is what is seen of it in the whole frame."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from understudy.geometry.facemesh.surface import texels
from understudy.imaging.resample import crop_image
from understudy.stages.faces.signals import signals_of
from understudy.stages.faces.surfaces import texture_of
from understudy.stages.faces.windows import window_of
from understudy.types import Alignment, Face, Frame, Mask, Timestamp
from understudy.types.frame import frame_space

AT = Timestamp(3, 3, Fraction(1, 25))


def _face(frame: Frame, middle: tuple[float, float], scale: float) -> Face:
    from understudy.geometry.facemesh import canonical
    from understudy.geometry.facemesh.to_68 import landmarks_from_meshes

    points = np.concatenate([canonical().vertices, np.zeros((10, 3))])
    turned = points[:, :2] @ np.array([[0.96, 0.28], [-0.28, 0.96]])
    mesh = np.column_stack([turned, points[:, 2]]) * (scale, -scale, -scale) + (*middle, 0)
    landmarks = landmarks_from_meshes(mesh[None])[0]
    alignment = Alignment.fit(landmarks, frame.space)
    alpha = np.random.default_rng(2).random((32, 32), np.float32)
    box = np.concatenate([landmarks.min(0), landmarks.max(0)])
    return Face(
        "3_0", AT, box, 1.0, alignment,
        {"extended": Mask("extended", alpha, alignment.crop(32, 1.0, "face"))},
        extras={"mesh": mesh.ravel().astype(np.float32), "depth": np.zeros(68, np.float32)},
    )  # fmt: skip


def test_crops_masks_and_meshes_are_where_they_were():
    pixels = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    frame = Frame(AT, pixels, "clip.mp4")
    for middle, scale in (((300.0, 170.0), 4.0), ((40.0, 330.0), 5.0), ((600.0, 40.0), 9.0)):
        face = _face(frame, middle, scale)
        window = window_of(frame, face)
        small = window.frame.pixels
        assert small.shape[0] < 360 or scale == 9.0
        assert small.size < pixels.size and not np.shares_memory(small, pixels)
        assert window.face.alignment.unit_from_frame.src == window.frame.space
        inside = [("legacy", 1.0), ("face", 0.8), ("head", 0.6)]
        for centering, coverage in inside:
            crops = [f.alignment.crop(64, coverage, centering) for f in (face, window.face)]
            a, b = crop_image(pixels, crops[0]), crop_image(small, crops[1])
            np.testing.assert_allclose(a.astype(int), b, atol=1)
        grids = face.masks["extended"], window.face.masks["extended"]
        corner = [m.grid_from_frame.inverse().points(np.array([[5.0, 7.0]])) for m in grids]
        told = [signals_of([f], [f.alignment.crop(64)], ["mesh"])["mesh"] for f in
                (face, window.face)]  # fmt: skip
        np.testing.assert_allclose(told[0], told[1], atol=1e-3)
        moved = face.box_xyxy[:2] - window.face.box_xyxy[:2]
        np.testing.assert_allclose(corner[0] - corner[1], moved[None], atol=1e-6)
        skins = texture_of(pixels, face, 64), texture_of(small, window.face, 64)
        far = np.abs(skins[0].astype(int) - skins[1]).max(-1) > 2
        assert not (far & texels(64)[2]).any()
        assert frame_space(small.shape[1], small.shape[0]) == window.frame.space
