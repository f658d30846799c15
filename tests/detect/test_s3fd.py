"""S3FD equals the published network; its reading of anchors finds a face put there by hand."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.detect.manifest import S3FD
from understudy.detect.s3fd import S3fdNet, read_faces
from understudy.errors import WeightsError
from understudy.nn.published import loaded
from understudy.weights import opening


def made_up(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The value that every published network's golden outputs were made with, by name."""
    state = np.random.RandomState(zlib.crc32(name.encode()) & 0xFFFFFFFF)
    n = state.standard_normal(shape)
    if name.endswith(".bias"):
        n = 0.1 * n
    elif len(shape) >= 2:
        n = 0.7 * n * np.sqrt(1 / np.prod(shape[1:]))
    else:
        n = 1 + 0.1 * n
    return torch.from_numpy(n.astype(np.float32))


def test_equal_to_the_published_network(shared: Path) -> None:
    golden = shared / "weights" / "golden"
    keys = json.loads((golden / "s3fd.keys.json").read_text())["keys"]
    net = S3fdNet().eval()
    assert {k: list(v.shape) for k, v in net.state_dict().items()} == {
        k: shape for k, (shape, _) in keys.items()
    }
    net.load_state_dict({k: made_up(k, tuple(shape)) for k, (shape, _) in keys.items()})
    picture = np.random.RandomState(0).uniform(0, 1, (1, 3, 128, 160)).astype(np.float32) * 255
    picture -= np.array([104, 117, 123], np.float32).reshape(1, 3, 1, 1)
    with np.load(golden / "s3fd.golden.npz") as expected, torch.inference_mode():
        for number, output in enumerate(net(torch.from_numpy(picture))):
            want = expected[f"out{number}"]
            assert output.shape == want.shape
            assert np.abs(output.numpy() - want).max() < 1e-4 * max(1, np.abs(want).max())


def test_a_face_lies_where_its_anchor_and_shifts_say() -> None:
    outputs = []
    for rows in (40, 20, 10, 10, 5, 3):
        logits = torch.zeros(2, rows, rows)
        logits[0] = 9.0
        outputs += [logits, torch.zeros(4, rows, rows)]
    outputs[2][:, 7, 11] = torch.tensor([0.0, 4.0])  # level of stride 8, row 7, column 11
    outputs[3][:, 7, 11] = torch.tensor([5.0, -2.5, 5 * np.log(2), 0.0])
    faces = read_faces(outputs, 0.5)
    assert np.allclose(faces.boxes_xyxy, [[92 + 16 - 32, 60 - 8 - 16, 92 + 16 + 32, 60 - 8 + 16]])
    assert np.allclose(faces.scores, 1 / (1 + np.exp(-4)))


def test_a_cut_file_is_refused_in_words(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = (shared / "weights" / "s3fd_official_first_1MiB_TRUNCATED.pth").read_bytes()
    monkeypatch.setattr(opening, "weights_bytes", lambda _: cut)
    with pytest.raises(WeightsError, match=r"s3fd-619a316812.pth does not hold the network"):
        loaded(S3fdNet(), S3FD)
