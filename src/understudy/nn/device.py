"""Which device the nets run on, and why; nothing falls back in silence."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F

from understudy.errors import ValueRefused
from understudy.nn.trial import tried

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]

_WORTH = 1.2
"""How many times as fast bf16 must be, for it costs digits."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A device and the reason for it, one line for people."""

    device: torch.device
    reason: str


def choose_device(wanted: DeviceName = "auto") -> Chosen:
    """The device to run on.

    Args:
        wanted: "auto" takes CUDA, then MPS, then the CPU; a name takes that or refuses.

    Raises:
        ValueRefused: the device asked for is not there.
    """
    if wanted == "auto":
        if _has_cuda():
            return Chosen(torch.device("cuda"), f"cuda ({_cuda_name()}): the fastest one here")
        if _has_mps():
            return Chosen(torch.device("mps"), "mps: this machine's own GPU")
        reason = f"cpu ({cpu_count()} cores): PyTorch {torch.__version__} sees no GPU"
        return Chosen(torch.device("cpu"), reason)
    if wanted == "cuda" and not _has_cuda():
        raise ValueRefused(
            f"device: cuda was asked for, but PyTorch {torch.__version__} sees no CUDA GPU; "
            "use auto or cpu, or install a CUDA build of torch"
        )
    if wanted == "mps" and not _has_mps():
        raise ValueRefused("device: mps was asked for, but is not there; use auto or cpu")
    return Chosen(torch.device(wanted), f"{wanted}: asked for")


@dataclass(frozen=True, slots=True)
class Computed:
    """The dtype of matrix products and convolutions, and the reason for it, one line for people."""

    dtype: torch.dtype
    reason: str


def choose_dtype(
    wanted: Precision, device: torch.device, before: Precision | None = None
) -> Computed:
    """The dtype to train in: bf16 where the hardware gains by it.

    A CPU without bf16 units computes it many times slower than fp32, so there it is refused. One
    that has them is tried for a moment, since whether they gain depends on how it is built; what
    came of it is kept, so that trainings on one machine compute alike however busy it is.

    Args:
        wanted: "auto" decides; a name takes that or refuses.
        device: where.
        before: what the same training was computed in on such a device. It is kept, because a
            moment's trial may come out differently, and a resumed run is to be the same to the bit.

    Raises:
        ValueRefused: bf16 was asked for where it does not pay.
    """
    units = _bf16_units(device)
    if wanted == "fp32" or not units:
        if wanted == "bf16":
            raise ValueRefused(f"precision: bf16 does not pay on {device}; use auto or fp32")
        why = "asked for" if wanted == "fp32" else f"{device.type} has no bf16 units"
        return Computed(torch.float32, f"fp32: {why}")
    if wanted == "bf16":
        return Computed(torch.bfloat16, "bf16: asked for")
    if before in ("fp32", "bf16"):
        dtype = torch.bfloat16 if before == "bf16" else torch.float32
        return Computed(dtype, f"{before}: as before")
    if device.type != "cpu":
        return Computed(torch.bfloat16, f"bf16: {units}")
    gain, known = tried("bf16 against fp32, 1", _bf16_gain)
    when = " when this machine was first tried" if known else ""
    if gain < _WORTH:
        why = f"fp32: {units}, but bf16 was only {gain:.1f} times as fast{when}"
        return Computed(torch.float32, why)
    why = f"bf16: {units}, and it was {gain:.1f} times as fast as fp32{when}"
    return Computed(torch.bfloat16, why)


def _bf16_units(device: torch.device) -> str:
    """What of this device computes bf16, for people; "" where nothing does."""
    if device.type == "cuda":
        pays = torch.cuda.is_bf16_supported(including_emulation=False)
        return "the GPU has bf16 units" if pays else ""
    if device.type != "cpu":
        return ""
    # get_capabilities names what the CPU has, which no system can take away from its programs
    found = torch.cpu.get_capabilities()
    if found.get("amx_bf16"):
        return "the CPU has AMX"
    return "the CPU has AVX-512 BF16" if found.get("avx512_bf16") else ""


def _bf16_gain() -> float:
    """How many times as fast as in fp32 a convolution is in bf16, forward and backward.

    It takes a fifth of a second. Both are timed in turn, so that what else the machine does meets
    both, and the best of each counts.
    """
    best = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, 64, 24, 24, generator=generator)
    x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
    weight = torch.randn(256, 64, 3, 3, generator=generator).requires_grad_()
    for trial in range(4):
        for dtype in best:
            started = time.perf_counter()
            with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
                shown = F.conv2d(x, weight, padding=1)
            torch.autograd.grad(shown.float().sum(), (x, weight))
            if trial:  # the first compiles kernels
                best[dtype] = min(best[dtype], time.perf_counter() - started)
    return best[torch.float32] / best[torch.bfloat16]


@contextmanager
def threads(wanted: int | None) -> Iterator[int]:
    """Let PyTorch compute with so many CPU threads for a while; None takes every core allowed.

    The number is the process's: what comes after in the same process finds it as it was.
    """
    before = torch.get_num_threads()
    try:
        count = wanted or cpu_count()
        torch.set_num_threads(count)
        yield count
    finally:
        torch.set_num_threads(before)


def half_the_threads() -> AbstractContextManager[int]:
    """Let PyTorch compute with half of its CPU threads for a while, at least one.

    For nets that run beside other work which fills the other cores: PyTorch's threads wait for
    one another by spinning, so with all of them each waits for a core that is busy.
    """
    return threads(max(1, torch.get_num_threads() // 2))


def cpu_count() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _has_cuda() -> bool:
    return torch.cuda.is_available()


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def _cuda_name() -> str:
    return torch.cuda.get_device_name(0)
