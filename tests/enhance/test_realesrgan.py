"""Real-ESRGAN's compact network takes the published weights whole, and makes pictures finer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from understudy.enhance.realesrgan import Compact
from understudy.errors import WeightsError
from understudy.nn.published import filled
from understudy.testing.contracts import check_enhancer

FILES = {16: "realesr-animevideov3.pth", 32: "realesr-general-x4v3_fp16src.pth"}


def shown(net: Compact, picture: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        found = net(torch.from_numpy(picture.transpose(2, 0, 1)[None].copy()))
    return found.clamp(0, 1)[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("depth", FILES)
def test_published_weights_make_edges_sharper(depth: int, shared: Path, people: Any) -> None:
    content = (shared / "weights" / FILES[depth]).read_bytes()
    net = filled(Compact(depth), content, FILES[depth])
    small = people.a[0][20:84, 48:112].astype(np.float32) / 255
    plain = cv2.resize(small, (256, 256), interpolation=cv2.INTER_CUBIC)
    made = shown(net, small)
    assert made.shape == plain.shape
    assert np.abs(cv2.resize(made, (64, 64), interpolation=cv2.INTER_AREA) - small).mean() < 0.03

    def edges(picture: np.ndarray) -> float:
        return float(np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean())

    assert edges(made) > 1.2 * edges(plain)
    with pytest.raises(WeightsError, match="does not hold the network Compact: it is with"):
        filled(Compact(depth - 1), content, FILES[depth])


def test_it_keeps_to_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """With weights of its own making, as the official ones are not on every machine."""
    from understudy.enhance import realesrgan
    from understudy.nn.inference import Runner

    torch.manual_seed(1)
    net = Compact(1)
    torch.nn.init.normal_(net.body[-1].weight, std=1e-3)
    monkeypatch.setattr(realesrgan, "_load", lambda *_: Runner(net, "cpu", "fp32", 1))
    check_enhancer(realesrgan.RealEsrgan())
