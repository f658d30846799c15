"""Running a PyTorch network over many pictures: batches that fit, fast formats on a GPU.

On a GPU the network is cast to bf16 (fp16 where the GPU has no bf16) and channels-last memory; on
a CPU it stays in fp32, where lower precision is slower. A batch that does not fit into memory is
halved, and what fitted is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

HalfOr32 = Literal["auto", "fp32"]


class Runner:
    """A network ready to be run. Thread-safe as far as the network is.

    Args:
        net: in any mode; it is put into eval mode and moved.
        device: PyTorch's name of a device.
        precision: "auto" takes half precision on a GPU that has it; "fp32" never does.
        batch: how many pictures at once to begin with; None takes 64 on a GPU, 4 on a CPU.
    """

    def __init__(
        self,
        net: nn.Module,
        device: str = "cpu",
        precision: HalfOr32 = "auto",
        batch: int | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.dtype = half_for(self.device) if precision == "auto" else torch.float32
        self.batch = batch or (64 if self.device.type == "cuda" else 4)
        on_gpu = self.device.type == "cuda"
        self._format = torch.channels_last if on_gpu else torch.contiguous_format
        net = net.eval().requires_grad_(False)
        self.net = net.to(self.device, self.dtype)
        if on_gpu:
            for weight in self.net.parameters():
                if weight.ndim == 4:
                    weight.data = weight.data.contiguous(memory_format=torch.channels_last)

    def __call__(self, pictures: NDArray[Any] | Tensor) -> list[Tensor]:
        """Run the network.

        Args:
            pictures: (n, c, h, w), uint8 or float; prepared as the network wants them.

        Returns:
            Its outputs as float32 tensors on the runner's device, one per output, n each. The
            batches that memory allowed do not show.

        Raises:
            torch.OutOfMemoryError: not even one picture fits.
        """
        source = torch.from_numpy(pictures) if isinstance(pictures, np.ndarray) else pictures
        parts: list[tuple[Tensor, ...]] = []
        start = 0
        with torch.inference_mode():
            while start < len(source):
                try:
                    parts.append(self._run(source[start : start + self.batch]))
                except torch.OutOfMemoryError:
                    if self.batch == 1:
                        raise
                    self.batch = max(1, min(self.batch, len(source) - start) // 2)
                    if self.device.type == "cuda":
                        torch.cuda.empty_cache()
                    continue
                start += len(parts[-1][0])
        if not parts:
            raise ValueError("expected at least one picture")
        return [torch.cat(outputs) for outputs in zip(*parts, strict=True)]

    def _run(self, pictures: Tensor) -> tuple[Tensor, ...]:
        given = pictures.to(self.device, self.dtype, non_blocking=True)
        if given.ndim == 4:
            given = given.contiguous(memory_format=self._format)
        found: Tensor | Sequence[Tensor] = self.net(given)
        outputs = [found] if isinstance(found, Tensor) else list(found)
        return tuple(o.float() for o in outputs)


def half_for(device: torch.device) -> torch.dtype:
    """bf16 or fp16 where the device computes it fast, else fp32."""
    if device.type != "cuda":
        return torch.float32
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16
