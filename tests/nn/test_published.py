"""One loader for published weights: what does not fit is explained, whatever reads it."""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from understudy.backends.litert import LiteModel
from understudy.backends.onnx import OnnxModel
from understudy.errors import PluginError, WeightsError
from understudy.nn.published import filled, loaded
from understudy.plugin import Weights
from understudy.weights.opening import opened, opened_by_name


def net() -> nn.Sequential:
    parts = [("a", nn.Linear(3, 2)), ("b", nn.Linear(2, 1)), ("c", nn.BatchNorm1d(1))]
    return nn.Sequential(OrderedDict(parts))


def file_of(state: Any) -> bytes:
    data = io.BytesIO()
    torch.save(state, data)
    return data.getvalue()


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Weights]:
    """Puts bytes into the models folder; their record."""
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path))

    def put(data: bytes) -> Weights:
        (tmp_path / "net.bin").write_bytes(data)
        return Weights(
            name="net.bin",
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            license="MIT",
            origin="made up",
            commercial_use=True,
            url="https://example.org/net.bin",
        )

    return put


@pytest.mark.parametrize("nested", [False, True])
def test_tensors_come_in_whole(recorded: Callable[[bytes], Weights], nested: bool) -> None:
    state = {f"module.{k}": v for k, v in net().state_dict().items()}
    made = loaded(net(), recorded(file_of({"state_dict": state, "epoch": 3} if nested else state)))
    for key, value in made.state_dict().items():
        assert torch.equal(value, state[f"module.{key}"])


def test_what_does_not_fit_is_named(recorded: Callable[[bytes], Weights]) -> None:
    state = net().state_dict()
    state["a.weight"] = torch.zeros(2, 4)
    state["extra"] = state.pop("b.bias")
    for key in [k for k in state if k.startswith("c.")]:
        del state[key]
    words = (
        r"net.bin does not hold the network Sequential: it is without b.bias, c.weight, c.bias and "
        r"3 more; with extra; where a.weight is \(2, 4\) and should be \(2, 3\)"
    )
    with pytest.raises(WeightsError, match=words):
        loaded(net(), recorded(file_of(state)))


@pytest.mark.parametrize("data", [b"", b"no pickle", file_of([1, 2]), file_of({"a": 1})])
def test_what_holds_no_tensors_is_refused(data: bytes) -> None:
    with pytest.raises(WeightsError, match=r"net\.pth does not hold the network Sequential"):
        filled(net(), data, "net.pth")


@pytest.mark.parametrize(
    ("what", "reader"),
    [
        ("an ONNX model", OnnxModel),
        ("an ONNX model", partial(OnnxModel, device="cpu")),
        ("a TFLite model", LiteModel),
    ],
)
def test_every_runtime_says_the_same_of_what_it_cannot_read(
    recorded: Callable[[bytes], Weights], what: str, reader: Callable[[bytes], object]
) -> None:
    record = recorded(b"\x00 nothing that anybody reads")
    try:
        with pytest.raises(WeightsError, match=rf"net.bin does not hold {what}: .*weights verify"):
            opened(record, reader, what)
    except PluginError as error:
        pytest.skip(str(error))
    with pytest.raises(WeightsError, match="does not hold a file to be named: cannot"):
        opened_by_name(record, _fail, "a file to be named")


def _fail(_: Path) -> object:
    raise RuntimeError("cannot")


def test_another_file_is_refused_before_anybody_reads_it(
    recorded: Callable[[bytes], Weights], tmp_path: Path
) -> None:
    record = recorded(b"one")
    (tmp_path / "net.bin").write_bytes(b"two")
    with pytest.raises(WeightsError, match="not the file meant"):
        opened(record, lambda _: pytest.fail("was read"), "anything")
