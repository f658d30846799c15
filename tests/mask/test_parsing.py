"""Face parsing: the published network's numbers, the reference's labels, the chosen regions."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from understudy.errors import ValueRefused
from understudy.geometry import Space, Warp
from understudy.mask.bisenet import BiSeNet
from understudy.mask.grid import resampled
from understudy.mask.options import REGIONS, ParsingOptions, classes_of
from understudy.mask.parsing import BiSeNetV2Parser, parsed
from understudy.nn.published import filled
from understudy.plugin import default_registry
from understudy.types import Alignment
from understudy.types.frame import frame_space

Build = Callable[..., Any]


def test_bisenet_equals_the_published_module(shared: Path) -> None:
    golden = _golden()
    folder = shared / "weights/golden"
    data = io.BytesIO()
    torch.save(golden.made_up_weights(folder / "bisenet_r18_19.keys.json"), data)
    net = filled(BiSeNet(), data.getvalue(), "made up").eval()
    with torch.inference_mode():
        found = net(golden.uniform((1, 3, 128, 128), 0)).numpy()
    assert np.abs(found - np.load(folder / "bisenet_r18_19.golden.npz")["out0"]).max() < 1e-5


def test_labels_agree_with_the_reference(shared: Path, build: Build) -> None:
    build(default_registry().get("mask", "bisenet-v2"))
    parser = BiSeNetV2Parser()
    for name in ("lfpw_0001", "nasa_astronaut", "stockA_01"):
        path = shared / "weights/reference_parse" / f"{name}.crop448.jpg"
        crop = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
        expected = cv2.imread(str(path).replace("crop448.jpg", "labels448.png"), 0)
        labels = parser.labels(crop[None])[0]
        # The crop lies there as a JPEG, so small parts may differ.
        assert (labels == expected).mean() > 0.99
        for classes in (1, 10, 17):
            both = (labels == classes) & (expected == classes)
            assert both.sum() > 0.95 * ((labels == classes) | (expected == classes)).sum()


def test_regions_are_chosen_by_name() -> None:
    assert classes_of("skin, lips") == {1, 11, 12, 13}
    assert classes_of(",".join(REGIONS)) == set(range(19)) - {0, 9, 15, 16}
    for wrong in ("", "skin,beard"):
        with pytest.raises(ValueRefused, match="regions: expected some of skin"):
            ParsingOptions(regions=wrong)


def test_a_label_map_lands_where_the_face_is() -> None:
    """A disc in a fine crop comes to the grid at its place, with its area."""
    frame = frame_space(100, 100)
    crop = Warp(np.diag([4.0, 4.0, 1.0]), frame, Space("crop", 400, 400))
    grid = Warp(np.array([[1.0, 0, -20], [0, 1, -30], [0, 0, 1]]), frame, Space("grid", 64, 64))
    y, x = np.mgrid[:400, :400] + 0.5
    disc = ((x - 200) ** 2 + (y - 240) ** 2 < 80**2).astype(np.float32)
    small = resampled(disc, crop, grid)
    rows, columns = np.mgrid[:64, :64] + 0.5
    assert small.sum() == pytest.approx(np.pi * 20**2, rel=0.01)
    middle = (small * columns).sum() / small.sum(), (small * rows).sum() / small.sum()
    assert middle == pytest.approx((30.0, 30.0), abs=0.02)


def test_several_faces_are_parsed_in_their_order() -> None:
    frames = [np.full((80, 80, 3), shade, np.uint8) for shade in (50, 200)]
    alignment = _face()
    grid = alignment.crop(64, 0.5, "face")
    found = parsed(_Brightness(), frozenset((1,)), frames, [alignment] * 2, [grid] * 2)
    assert [round(float(f[32, 32]), 2) for f in found] == [0.2, 0.78]


class _Brightness:
    """A parser that is as sure as the crop is bright."""

    size_px = 64

    def __call__(self, crops: np.ndarray, classes: frozenset[int]) -> np.ndarray:
        return crops[..., 0].astype(np.float32) / 255


def _face() -> Alignment:
    from understudy.geometry.templates import MEAN_FACE_51

    angles = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.5 + 0.62 * np.cos(angles), 0.25 + 0.95 * np.sin(angles)], 1)
    return Alignment.fit(np.vstack([jaw, MEAN_FACE_51]) * 30 + 25, frame_space(80, 80))


def _golden() -> Any:
    spec = importlib.util.spec_from_file_location("golden", Path(__file__).parents[1] / "golden.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
