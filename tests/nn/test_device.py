"""Which precision is chosen, and that it is kept once chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from understudy.errors import ValueRefused
from understudy.nn import device as device_module
from understudy.nn.device import choose_dtype
from understudy.nn.trial import trials_path

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _new_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of the test's own: what other tests found out about this machine is not known."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


def _cpu(monkeypatch: pytest.MonkeyPatch, gain: float, **units: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)
    monkeypatch.setattr(device_module, "_bf16_gain", lambda: gain)


def test_a_cpu_that_gains_by_bf16_computes_in_it_and_says_why(monkeypatch):
    _cpu(monkeypatch, 2.04, avx512_bf16=True)
    found = choose_dtype("auto", CPU)
    assert found.dtype == torch.bfloat16
    assert found.reason == ("bf16: the CPU has AVX-512 BF16, and it was 2.0 times as fast as fp32")
    assert choose_dtype("fp32", CPU).dtype == torch.float32


def test_units_that_gain_nothing_are_not_used_unless_asked_for(monkeypatch):
    _cpu(monkeypatch, 1.1, amx_bf16=True)
    assert choose_dtype("auto", CPU).dtype == torch.float32
    assert "only 1.1 times as fast" in choose_dtype("auto", CPU).reason
    assert choose_dtype("bf16", CPU).dtype == torch.bfloat16


def test_without_units_bf16_is_refused(monkeypatch):
    _cpu(monkeypatch, 9.0)
    assert choose_dtype("auto", CPU, "bf16").dtype == torch.float32
    with pytest.raises(ValueRefused, match="bf16 does not pay on cpu"):
        choose_dtype("bf16", CPU)


@pytest.mark.parametrize(("before", "gain"), [("fp32", 3.0), ("bf16", 0.5)])
def test_what_a_training_was_computed_in_is_kept(monkeypatch, before, gain):
    _cpu(monkeypatch, gain, amx_bf16=True)
    wanted = torch.bfloat16 if before == "bf16" else torch.float32
    assert choose_dtype("auto", CPU, before).dtype == wanted


def test_the_trial_measures_something():
    assert 0.001 < device_module._bf16_gain() < 1000


def test_a_second_training_computes_as_the_first_however_busy_the_machine_is(monkeypatch):
    _cpu(monkeypatch, 2.0, amx_bf16=True)
    assert choose_dtype("auto", CPU).dtype == torch.bfloat16
    _cpu(monkeypatch, 0.7, amx_bf16=True)
    again = choose_dtype("auto", CPU)
    assert again.dtype == torch.bfloat16
    assert again.reason.endswith("2.0 times as fast as fp32 when this machine was first tried")
    # another processor, or another build of PyTorch, is another machine
    _cpu(monkeypatch, 0.7, amx_bf16=True, avx512_bf16=True)
    assert choose_dtype("auto", CPU).dtype == torch.float32
    _cpu(monkeypatch, 0.7, amx_bf16=True)
    monkeypatch.setattr(torch, "__version__", "99.0")
    assert choose_dtype("auto", CPU).dtype == torch.float32
    monkeypatch.undo()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"trials": {"x": "fast"}}', None])
def test_a_trial_that_cannot_be_read_or_kept_is_made_again(monkeypatch, damage):
    _cpu(monkeypatch, 2.0, amx_bf16=True)
    path = trials_path()
    path.parent.mkdir(parents=True)
    if damage is None:
        path.mkdir()
    else:
        path.write_bytes(damage)
    assert choose_dtype("auto", CPU).dtype == torch.bfloat16
    _cpu(monkeypatch, 0.7, amx_bf16=True)
    kept = torch.bfloat16 if damage is not None else torch.float32
    assert choose_dtype("auto", CPU).dtype == kept
