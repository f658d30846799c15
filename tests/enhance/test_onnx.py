"""Restorers that people bring: tried once when they are loaded, and named where they are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.enhance.onnx import OnnxRestorer
from understudy.enhance.options import OnnxOptions
from understudy.enhance.square import square_from_frame
from understudy.errors import ValueRefused, WeightsError
from understudy.geometry import five_points
from understudy.testing.contracts import check_enhancer
from understudy.types import Alignment
from understudy.types.frame import frame_space

pytest.importorskip("onnxruntime")


Restorer = Callable[..., OnnxRestorer]


@pytest.fixture
def restorer(tiny_onnx: Callable[..., bytes]) -> Restorer:
    def make(path: Path, *nodes: str, **more: object) -> OnnxRestorer:
        path.write_bytes(tiny_onnx(*nodes, **more))
        return OnnxRestorer(OnnxOptions(restorer_path=str(path)))

    return make


def test_it_keeps_to_the_contract(restorer: Restorer, tmp_path: Path) -> None:
    check_enhancer(restorer(tmp_path / "same.onnx", "Identity"))


def test_pictures_go_in_and_come_out_as_minus_one_to_one(
    restorer: Restorer, tmp_path: Path
) -> None:
    found = restorer(tmp_path / "turned.onnx", "Neg", side=48)
    assert found.face_px == 48
    picture = np.random.default_rng(1).random((1, 48, 48, 3), np.float32)
    assert np.abs(found.enhance(picture) - (1 - picture)).max() < 1e-6


def test_another_file_of_one_name_is_another(restorer: Restorer, tmp_path: Path) -> None:
    one = restorer(tmp_path / "net.onnx", "Neg")
    other = restorer(tmp_path / "net.onnx", "Identity")
    assert one.fingerprint != other.fingerprint
    grey = np.full((1, 32, 32, 3), 0.25, np.float32)
    assert np.allclose(one.enhance(grey), 0.75) and np.allclose(other.enhance(grey), 0.25)


@pytest.mark.parametrize(
    "nodes,more,words",
    [
        (["RandomNormalLike"], {}, "draws random numbers"),
        (["Identity"], {"channels": 1}, r"its input is \(1, 1, 32, 32\)"),
        (["Identity"], {"inputs": ("x", "weight")}, r"it wants 2 inputs \(x, weight\)"),
        (["GlobalAveragePool"], {}, "no square at least as large"),
    ],
)
def test_what_is_no_restorer_is_refused(
    restorer: Restorer, nodes: Any, more: Any, words: str, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=words):
        restorer(tmp_path / "net.onnx", *nodes, **more)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueRefused, match=r"--restorer-path FILE\.onnx"):
        OnnxRestorer()
    with pytest.raises(WeightsError, match=r"gone\.onnx: cannot be read"):
        OnnxRestorer(OnnxOptions(restorer_path=str(tmp_path / "gone.onnx")))
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(WeightsError, match="is no network that restores faces"):
        OnnxRestorer(OnnxOptions(restorer_path=str(tmp_path / "text.onnx")))


def test_the_square_has_the_five_points_of_ffhq() -> None:
    """facexlib's points at 512, with pixel centres at integers there and at halves here."""
    rng = np.random.default_rng(3)
    face = rng.uniform(40, 120, (68, 2))
    face[36:42] = rng.normal((80, 80), 1, (6, 2))
    face[42:48] = rng.normal((112, 81), 1, (6, 2))
    face[[30, 48, 54]] = (96, 99), (82, 114), (111, 114)
    alignment = Alignment.fit(face, frame_space(320, 180))
    for side in (512, 128):
        found = square_from_frame(alignment, side).points(five_points(face)) * 512 / side
        assert np.abs(found[0] - (193.5, 240.4)).max() < 6
        assert np.abs(found[3] - (201.8, 371.9)).max() < 6
