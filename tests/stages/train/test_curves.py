from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from understudy.flow import Silent
from understudy.stages.train.learning.previews import Curves


def _train(folder: Path) -> Silent:
    progress = Silent()
    with Curves(folder, 0, progress) as curves:
        for step in range(1, 21):
            curves.losses(step, {"ann": 0.5, "bob": 0.4}, 1e-4)
        curves.picture(20, np.zeros((8, 8, 3), np.uint8))
    return progress


def test_curves_are_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    assert _train(tmp_path).said == []
    assert [p.name.split(".")[0] for p in (tmp_path / "logs").iterdir()] == ["events"]


def test_scores_stand_beside_the_losses(tmp_path: Path) -> None:
    loading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    _train(tmp_path)
    with Curves(tmp_path, 0, Silent()) as curves:
        curves.figures(20, {"score/combined": 46.0, "score/pose": 0.75})
    found = loading.EventAccumulator(str(tmp_path / "logs"))
    found.Reload()
    assert {"score/combined", "score/pose", "loss/ann"} <= set(found.Tags()["scalars"])
    assert [(e.step, e.value) for e in found.Scalars("score/combined")] == [(20, 46.0)]
    assert found.Scalars("loss/ann")[-1].step == 20, "nothing of the training is purged"


def test_without_tensorboard_that_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    (said,) = _train(tmp_path).said
    assert "pip install 'understudy[logs]'" in said
    assert not (tmp_path / "logs").exists()
