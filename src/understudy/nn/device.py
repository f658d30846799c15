"""Which device the nets run on, and why; nothing falls back in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

from understudy.errors import ValueRefused

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]


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


def choose_dtype(wanted: Precision, device: torch.device) -> torch.dtype:
    """The dtype of matrix products; bf16 only where the hardware has it.

    A CPU without bf16 units computes it many times slower than fp32, so there it is refused.

    Raises:
        ValueRefused: bf16 was asked for where it does not pay.
    """
    pays = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if wanted == "bf16" and not pays:
        raise ValueRefused(f"precision: bf16 does not pay on {device}; use auto or fp32")
    return torch.bfloat16 if pays and wanted != "fp32" else torch.float32


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
