"""FAN's networks equal the published ones, and what they find is put back where it was seen."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from understudy.align.fan import predictor as fan
from understudy.align.fan.nets import Fan, FanDepth
from understudy.align.fan.predictor import Fan3dAligner, fan_squares, peaks, spots
from understudy.errors import WeightsError
from understudy.imaging.squares import into_frame
from understudy.nn.published import filled
from understudy.plugin import Weights
from understudy.types import Faces


def made_up(net: nn.Module) -> dict[str, torch.Tensor]:
    """The weights that the golden values were computed with; their recipe goes by name."""
    state = {}
    for name, tensor in net.state_dict().items():
        if not tensor.is_floating_point():
            state[name] = torch.zeros_like(tensor)
            continue
        seed = zlib.crc32(name.encode()) & 0xFFFFFFFF
        noise = np.random.RandomState(seed).standard_normal(tuple(tensor.shape))
        if name.endswith("running_var"):
            values = 1 + 0.1 * np.abs(noise)
        elif name.endswith(("running_mean", "bias")):
            values = 0.1 * noise
        elif tensor.ndim >= 2:
            values = 0.7 * noise / np.sqrt(np.prod(tensor.shape[1:]))
        else:
            values = 1 + 0.1 * noise
        state[name] = torch.from_numpy(values.astype(np.float32))
    return state


def uniform(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.RandomState(0).uniform(0, 1, shape).astype(np.float32))


@pytest.mark.parametrize(
    ("net_class", "name", "output", "channels"),
    [(Fan, "fan4", "hm3", 3), (FanDepth, "fan_depth_resnet", "out", 71)],
)
def test_equals_the_published_network(
    shared: Path, net_class: type[nn.Module], name: str, output: str, channels: int
) -> None:
    golden = shared / "weights" / "golden"
    net = net_class().eval()
    keys = json.loads((golden / f"{name}.keys.json").read_text())["keys"]
    assert {k: list(v.shape) for k, v in net.state_dict().items()} == {
        k: shape for k, (shape, _) in keys.items()
    }
    checkpoint = io.BytesIO()
    torch.save({"state_dict": {f"module.{k}": v for k, v in made_up(net).items()}}, checkpoint)
    filled(net, checkpoint.getvalue(), name)
    with torch.inference_mode():
        found = net(uniform(1, channels, 256, 256)).numpy()
    want = np.load(golden / f"{name}.golden.npz")[output]
    np.testing.assert_allclose(found, want, rtol=1e-3, atol=1e-3 * np.abs(want).max())


class _Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code in a checkpoint was run')",)


def test_a_checkpoint_with_code_is_refused() -> None:
    bad = io.BytesIO()
    torch.save({"state_dict": _Runs()}, bad)
    with pytest.raises(WeightsError, match="Fan: it is not a file of PyTorch tensors"):
        filled(Fan(), bad.getvalue(), "bad.pth")


def test_peaks_are_found_where_they_were_put() -> None:
    truth = np.array([[[10.3, 20.6], [40.75, 5.2], [0.4, 63.5]]])
    y, x = np.mgrid[:64, :64] + 0.5
    away = (x - truth[..., 0, None, None]) ** 2 + (y - truth[..., 1, None, None]) ** 2
    found = peaks(torch.from_numpy(np.exp(-away / 4))).numpy()
    assert np.abs(found - truth).max() <= 0.25


def test_spots_lie_on_their_points() -> None:
    drawn = spots(np.array([[100.5, 30.5], [254.0, 2.0]]))
    assert drawn.max() == 1 and drawn.shape == (2, 256, 256)
    row, column = np.unravel_index(drawn[0].argmax(), (256, 256))
    assert (column, row) == (99, 29)
    assert drawn[0].sum() == pytest.approx(2 * np.pi * 3.25**2, rel=0.12)


def test_the_crop_is_the_training_crop_and_turns_with_the_face() -> None:
    boxes = np.array([[100.0, 50.0, 195.0, 150.0]])
    square = fan_squares(Faces(boxes, np.ones(1)))[0]
    np.testing.assert_allclose(square, [147.5, 100 - 12, 200, 0])
    corners = into_frame(np.array([[0.0, 0.0], [256.0, 256.0]]), square, 256)
    np.testing.assert_allclose(corners, [[47.5, -12], [247.5, 188]])
    points = np.zeros((1, 68, 2))
    points[0, 36], points[0, 45] = (10, 10), (20, 20)
    assert fan_squares(Faces(boxes, np.ones(1), points))[0, 3] == pytest.approx(np.pi / 4)


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[nn.Module, str], Weights]:
    """Writes a network's made-up weights where models are looked for."""
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path))

    def store(net: nn.Module, name: str) -> Weights:
        path = tmp_path / name
        torch.save(made_up(net), path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Weights(name, digest, path.stat().st_size, "CC0-1.0", True, "made up")

    return store


def test_faces_of_a_batch_are_as_alone_and_depth_grows_with_the_picture(
    stored: Callable[[nn.Module, str], Weights],
    rendered: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fan, "FAN_DEPTH", stored(FanDepth(), "depth.pth"))
    monkeypatch.setattr(Fan3dAligner, "record", stored(Fan(), "fan.pth"))
    aligner, (one, two) = Fan3dAligner(), rendered[:2]
    batch = aligner.align_batch([one.frame, two.frame], [one.faces, two.faces])
    for found, marked in zip(batch, (one, two), strict=True):
        alone = aligner.align(marked.frame, marked.faces)
        np.testing.assert_allclose(found.landmarks, alone.landmarks, atol=1e-6)
        np.testing.assert_allclose(found.extras["depth"], alone.extras["depth"], rtol=1e-3)
    assert not np.array_equal(batch[0].landmarks, batch[1].landmarks)
    # Pixels doubled are the same crop, but for its resampling; the depth's unit is halved.
    large = np.repeat(np.repeat(one.frame, 2, 0), 2, 1)
    doubled = aligner.align(large, Faces(2 * one.faces.boxes_xyxy, one.faces.scores))
    ratio = np.median(doubled.extras["depth"] / batch[0].extras["depth"])
    assert ratio == pytest.approx(2, rel=0.05)
    none = aligner.align_batch([one.frame], [Faces.none()])
    assert none[0].landmarks.shape == (0, 68, 2)
    assert none[0].extras["depth"].shape == (0, 68)
    assert len(Faces.concat([*batch, *none])) == 2
