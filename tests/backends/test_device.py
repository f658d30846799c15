from __future__ import annotations

import numpy as np
import pytest

from understudy.backends import device
from understudy.backends.onnx import OnnxModel, _placed
from understudy.flow import Silent
from understudy.stages.faces.plugins import say_devices

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(device, "_noted", {})


def test_a_gpu_that_is_not_had_is_said_once_with_the_reason_and_what_to_try():
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has CUDA")
    model = OnnxModel(identity(), "cuda")
    np.testing.assert_array_equal(model(np.ones((1, 2), np.float32))[0], [[1, 1]])
    OnnxModel(identity(), "cuda")
    progress = Silent()
    say_devices(progress)
    assert progress.warned == ["cpu-instead"]
    assert "cuda was chosen" in progress.said[-1] and "understudy[gpu]" in progress.said[-1]
    say_devices(progress)
    assert len(progress.said) == 2


def test_a_chosen_cpu_is_said_and_no_warning():
    OnnxModel(identity(), "cpu")
    progress = Silent()
    say_devices(progress)
    assert "ONNX Runtime" in progress.said[0] and "on the cpu" in progress.said[0]
    assert not progress.warned


def test_a_provider_that_is_there_and_cannot_start_is_told_from_one_that_is_missing():
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert _placed("cuda:0", both, both, "1").device == "cuda"
    dropped = _placed("cuda", both, both[1:], "1")
    assert dropped.device == "cpu" and "cannot start" in dropped.reason
    assert "has no CUDA" in _placed("cuda", both[1:], both[1:], "1").reason
    assert _placed("mps", both, both[1:], "1").instead_of == "mps"


def test_litert_says_where_it_runs():
    pytest.importorskip("ai_edge_litert")
    from understudy.backends.litert import LiteModel
    from understudy.errors import WeightsError
    from understudy.mask.manifest import BISENET_V2
    from understudy.weights.files import weights_bytes

    try:
        content = weights_bytes(BISENET_V2)
    except WeightsError:
        pytest.skip("no TFLite file here")
    LiteModel(content)
    assert [p.runtime for p in device.unsaid()] == ["LiteRT"]


def identity() -> bytes:
    """An ONNX file of one node that gives back its input, field by field."""

    def field(number: int, value: bytes | int | str) -> bytes:
        if isinstance(value, int):
            return bytes([number << 3, value])
        data = value.encode() if isinstance(value, str) else value
        return bytes([number << 3 | 2, len(data)]) + data

    shape = field(1, field(1, 1)) + field(1, field(1, 2))  # 1 x 2
    kind = field(1, field(1, 1) + field(2, shape))  # float32
    node = field(1, "x") + field(2, "y") + field(4, "Identity")
    tensors = [field(n, field(1, name) + field(2, kind)) for n, name in ((11, "x"), (12, "y"))]
    graph = field(1, node) + field(2, "g") + b"".join(tensors)
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph)
