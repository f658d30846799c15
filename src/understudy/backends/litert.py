"""TensorFlow Lite models through LiteRT: one interpreter a thread, one core each."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.backends.device import Placed, note
from understudy.errors import PluginError


class LiteModel:
    """A TFLite model that any thread may run.

    An interpreter holds the tensors of the run it is in, so each thread gets its own. The bytes
    come from `weights.opening`, checked; a TFLite file holds no code.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._local = threading.local()
        inputs, outputs = self._interpreter().get_input_details(), self._details("output")
        note(Placed("LiteRT", "cpu", "its interpreter has no GPU; one core a caller"))
        self.input_shapes = [tuple(int(n) for n in d["shape"]) for d in inputs]
        self.output_names = [str(d["name"]) for d in outputs]

    def __call__(self, *inputs: NDArray[Any]) -> Sequence[NDArray[Any]]:
        """Run the model once.

        Args:
            *inputs: one array per input, of the model's own shapes and dtypes.

        Returns:
            Its outputs, in the model's order; copies.
        """
        interpreter = self._interpreter()
        for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], np.ascontiguousarray(value, detail["dtype"]))
        interpreter.invoke()
        return [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]

    def _details(self, side: str) -> Any:
        return getattr(self._interpreter(), f"get_{side}_details")()

    def _interpreter(self) -> Any:
        found = getattr(self._local, "interpreter", None)
        if found is None:
            try:
                from ai_edge_litert.interpreter import Interpreter
            except ImportError as error:
                raise PluginError(f"TFLite models: {error}; try: pip install ai-edge-litert") from (
                    error
                )
            with _greeting_unheard():
                found = Interpreter(model_content=self._content, num_threads=1)
                found.allocate_tensors()
            self._local.interpreter = found
        return found


@contextmanager
def _greeting_unheard() -> Iterator[None]:
    """The library greets on the standard error stream at its first interpreter; not among bars.

    It has no switch for that, so the stream's descriptor is turned aside, once a process.
    """
    global _greeted
    with _greeting:
        if _greeted:
            yield
            return
        sys.stderr.flush()
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
            _greeted = True


_greeting = threading.Lock()
_greeted = False
