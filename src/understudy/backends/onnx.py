"""ONNX models through ONNX Runtime: on the GPU where it has one, else one core a caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from understudy.errors import PluginError


class OnnxModel:
    """An ONNX model that any thread may run.

    The bytes come from `store.weights`, checked; external data and custom operators are not
    loaded.

    Args:
        content: the file.
        device: "cuda" asks for the CUDA provider and takes the CPU where it is not installed.
    """

    def __init__(self, content: bytes, device: str = "cpu") -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise PluginError(f"ONNX models: {error}; try: pip install onnxruntime") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        there = onnxruntime.get_available_providers()
        wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
        providers = [p for p in (*wanted, "CPUExecutionProvider") if p in there]
        self._session = onnxruntime.InferenceSession(content, options, providers=providers)
        self.input_names = [i.name for i in self._session.get_inputs()]
        self.input_shapes = [tuple(i.shape) for i in self._session.get_inputs()]
        self.output_names = [o.name for o in self._session.get_outputs()]

    def __call__(self, *inputs: NDArray[Any]) -> Sequence[NDArray[Any]]:
        """Run the model once: one array per input, all outputs in the model's order."""
        feed = dict(zip(self.input_names, inputs, strict=True))
        return list(self._session.run(None, feed))
