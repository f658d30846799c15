"""ONNX models through ONNX Runtime: on the GPU where it has one, else one core a caller.

ONNX Runtime drops a provider that is missing or cannot start, and says so to nobody; so what a
session really runs on is asked afterwards and noted with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from understudy.backends.device import Placed, note
from understudy.backends.subnormals import without_subnormals
from understudy.errors import PluginError


class OnnxModel:
    """An ONNX model that any thread may run.

    The bytes come from `weights.opening`, checked; external data and custom operators are not
    loaded.

    Args:
        content: the file.
        device: "cuda" asks for the CUDA provider; where that cannot be had the CPU is taken, and
            `placed` says why.

    Attributes:
        placed: where it runs and why; noted for whoever reports.
    """

    def __init__(self, content: bytes, device: str = "cpu") -> None:
        # Its builds for Linux tell their maker of every start, some seconds after they were loaded;
        # only what stands here before that keeps them from it.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        try:
            import onnxruntime
        except ImportError as error:
            raise PluginError(
                f"ONNX models: {error}; try: pip install 'understudy[onnx]'"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        there = onnxruntime.get_available_providers()
        wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
        providers = [p for p in (*wanted, "CPUExecutionProvider") if p in there]
        content = without_subnormals(content)
        self._session = onnxruntime.InferenceSession(content, options, providers=providers)
        self.placed = _placed(device, there, self._session.get_providers(), onnxruntime.__version__)
        note(self.placed)
        self.input_names = [i.name for i in self._session.get_inputs()]
        self.input_shapes = [tuple(i.shape) for i in self._session.get_inputs()]
        self.output_names = [o.name for o in self._session.get_outputs()]

    def __call__(self, *inputs: NDArray[Any]) -> Sequence[NDArray[Any]]:
        """Run the model once: one array per input, all outputs in the model's order."""
        feed = dict(zip(self.input_names, inputs, strict=True))
        return list(self._session.run(None, feed))


def _placed(device: str, there: Sequence[str], running: Sequence[str], version: str) -> Placed:
    """What became of the wish for a device.

    Args:
        device: what was asked for, PyTorch's name.
        there: the providers of this build.
        running: the providers that the session has.
        version: of ONNX Runtime.
    """
    runtime = f"ONNX Runtime {version}"
    if "CUDAExecutionProvider" in running:
        return Placed(runtime, "cuda", "asked for")
    if device == "cpu":
        return Placed(runtime, "cpu", "chosen, one core a caller")
    if not device.startswith("cuda"):
        return Placed(runtime, "cpu", f"it is not used with {device}", device)
    if "CUDAExecutionProvider" in there:
        reason = "its CUDA provider cannot start; see that its CUDA and cuDNN libraries are there"
    else:
        reason = (
            "this build has no CUDA; try: pip uninstall onnxruntime, and then: "
            "pip install 'understudy[gpu]'"
        )
    return Placed(runtime, "cpu", reason, device)
