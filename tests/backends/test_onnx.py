"""ONNX Runtime is told to be silent before it is loaded: a moment later it has begun to talk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import understudy
from understudy.backends.subnormals import without_subnormals


def test_no_telemetry_is_sent(tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text(
        "import os\nprint(os.environ['ORT_DISABLE_TELEMETRY'])\nraise ImportError('seen')\n"
    )
    script = (
        "from understudy.backends.onnx import OnnxModel\n"
        "from understudy.errors import PluginError\n"
        "try:\n    OnnxModel(b'')\nexcept PluginError as error:\n    print(error)\n"
    )
    source = str(Path(understudy.__file__).parents[1])
    around = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{source}"}
    around["ORT_DISABLE_TELEMETRY"] = "0"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=around
    )
    assert ran.stdout.startswith("1\nONNX models: seen")


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def _model(values: np.ndarray, *, data_type: int = 1, place: int = 9) -> bytes:
    """An ONNX file's bytes as far as to one array, with a number and text before it."""
    tensor = b"\x08\x02" + bytes([0x10, data_type]) + _field(place, values.tobytes())
    graph = _field(2, b"graph") + _field(5, tensor)
    return b"\x08\x08" + _field(2, b"maker") + _field(7, graph)


@pytest.mark.parametrize("place", [4, 9])
def test_weights_that_are_no_normal_numbers_are_none(place: int) -> None:
    values = np.array([1.0, -2.0, 1e-39, -1e-42, 1.2e-38, 0.0, np.nan], np.float32)
    clean = np.array([1.0, -2.0, 0.0, 0.0, 1.2e-38, 0.0, np.nan], np.float32)
    assert without_subnormals(_model(values, place=place)) == _model(clean, place=place)


def test_whole_numbers_and_what_is_no_model_stay() -> None:
    whole = np.arange(7, dtype=np.int32)  # the bits of a subnormal float each
    cut = _model(np.full(4, 1e-40, np.float32))[:-3]
    for content in (_model(whole, data_type=6), cut, b"", b"\xff" * 90, b"PK\x03\x04 no model"):
        assert without_subnormals(content) == content


def test_a_published_net_says_the_same_without_them(shared: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    content = (shared / "weights" / "pfld_68.onnx").read_bytes()
    faster = without_subnormals(content)
    assert faster != content
    picture = np.random.default_rng(3).random((1, 3, 112, 112), np.float32)
    said = []
    for each in (content, faster):
        session = onnxruntime.InferenceSession(each, providers=["CPUExecutionProvider"])
        said.append(session.run(None, {session.get_inputs()[0].name: picture})[0])
    assert np.array_equal(*said)
