"""Which device a job gets; each has room for one heavy job at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection
from functools import cache

_ASK = (
    "import json, torch; "
    "print(json.dumps([f'cuda:{i}' for i in range(torch.cuda.device_count())] "
    "+ ['mps'] * torch.backends.mps.is_available()))"
)


@cache
def accelerators() -> tuple[str, ...]:
    """GPUs of this machine, such as ("cuda:0", "cuda:1"), as PyTorch sees them.

    A process of its own looks, so that a runner that waits for days does not keep PyTorch in
    memory or a GPU open.
    """
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", _ASK], capture_output=True, text=True, timeout=120, check=False
    )
    return tuple(json.loads(told.stdout)) if told.returncode == 0 else ()


def free_device(wish: str, taken: Collection[str]) -> str | None:
    """A free device that fits the wish, or None to wait for one.

    A wish for what this machine does not have gets the CPU's turn, and is refused by the verb
    itself, in its own words.
    """
    fitting = _fitting(wish)
    return next((device for device in fitting if device not in taken), None)


def _fitting(wish: str) -> tuple[str, ...]:
    if wish == "cpu":
        return ("cpu",)
    here = accelerators()
    if wish != "auto":
        here = tuple(d for d in here if d == wish or d.startswith(f"{wish}:"))
    return here or ("cpu",)


def environment(device: str) -> dict[str, str]:
    """What a job's process must find in its environment to see that device alone."""
    kind, _, number = device.partition(":")
    return {"CUDA_VISIBLE_DEVICES": number} if kind in ("cpu", "cuda") else {}
