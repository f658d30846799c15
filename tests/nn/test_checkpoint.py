"""Checkpoints: whole or not there, verified, and never another model's."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from understudy.errors import StoreError
from understudy.nn import checkpoint
from understudy.nn.checkpoint import State


def _save(folder, step):
    state = State(step, "tiny", "1", {}, 1, step / 10, ("a", "b"), losses={"a": 0.5})
    tensors = {
        "weights": {"w": torch.full((3, 2), float(step))},
        "optimizer": {"0.step": torch.ones(())},
    }
    return checkpoint.save(folder, state, tensors)


def test_comes_back_as_it_was_saved(tmp_path):
    path = _save(tmp_path, 7)
    assert path.name == "step_00000007"
    found = checkpoint.newest(tmp_path)
    assert found.state.step == 7 and found.state.losses == {"a": 0.5} and not found.warning
    assert torch.equal(found.tensors("weights")["w"], torch.full((3, 2), 7.0))
    assert not found.has("ema")
    assert sorted(p.name for p in path.iterdir()) == [
        "optimizer.safetensors",
        "state.json",
        "weights.safetensors",
    ]


def test_an_empty_or_missing_folder_has_none(tmp_path):
    assert checkpoint.newest(tmp_path) is None
    assert checkpoint.newest(tmp_path / "nowhere") is None


def test_only_the_newest_are_kept(tmp_path):
    for step in (1, 2, 10, 3):
        _save(tmp_path, step)
    checkpoint.prune(tmp_path, 3)
    assert [p.name[-2:] for p in checkpoint.steps(tmp_path)] == ["10", "03", "02"]


def _flip_a_byte(path):
    file = path / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def _edit(path, **values):
    file = path / "state.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize(
    "harm",
    [
        _flip_a_byte,
        lambda p: (p / "weights.safetensors").unlink(),
        lambda p: (p / "state.json").write_text("{"),
        lambda p: (p / "state.json").write_text("[]"),
        lambda p: _edit(p, format=99),
        lambda p: _edit(p, surprise=1),
        lambda p: _edit(p, files={"../other/weights.safetensors": "0"}),
        lambda p: shutil.rmtree(p) or p.mkdir(),
    ],
)
def test_a_damaged_one_is_passed_over_aloud(tmp_path, harm):
    _save(tmp_path, 1)
    harm(_save(tmp_path, 2))
    found = checkpoint.newest(tmp_path)
    assert found.state.step == 1
    assert "step_00000002" in found.warning and "going back to step 1" in found.warning


def test_without_an_intact_one_nothing_is_started_over(tmp_path):
    _flip_a_byte(_save(tmp_path, 1))
    with pytest.raises(StoreError, match=r"no checkpoint is intact.*SHA-256"):
        checkpoint.newest(tmp_path)


def test_another_model_is_refused(tmp_path):
    _save(tmp_path, 1)
    state = checkpoint.newest(tmp_path).state
    checkpoint.refuse_other_model(tmp_path, state, "tiny", "1")
    for name, version in (("quick", "1"), ("tiny", "2")):
        with pytest.raises(StoreError, match="holds the model tiny"):
            checkpoint.refuse_other_model(tmp_path, state, name, version)


def test_the_fingerprint_changes_with_the_weights(tmp_path):
    for step, name in enumerate("ab"):
        (tmp_path / name).mkdir()
        _save(tmp_path / name, step)
    a, b = (checkpoint.newest(tmp_path / n).fingerprint for n in "ab")
    assert a != b and a == checkpoint.newest(tmp_path / "a").fingerprint
