"""What a trial of this machine came to, kept beside the user's keys, so that it is made once.

A trial on a busy machine may come out another way than the one before, and two trainings that are
to be compared would then compute in different precisions.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from understudy.errors import UnderstudyError
from understudy.files import make_folder, open_to_read, read_json
from understudy.store.atomic import commit_bytes
from understudy.store.home import home

TRIALS = "trials.json"
_MAX_BYTES, _FIRST_BYTES = 1 << 20, 1 << 12
_MOST = 64
"""Machines and builds of PyTorch that are kept: a home folder may be many machines'."""


def trials_path() -> Path:
    """Where trials are kept; delete it to have them made again."""
    return home() / "cache" / TRIALS


def tried(what: str, measure: Callable[[], float]) -> tuple[float, bool]:
    """A number measured on this machine, and whether it was measured before.

    It holds for this processor and this build of PyTorch; another one measures anew. Where it
    cannot be kept, or what is kept cannot be read, it is measured: a trial costs less than a
    training that does not start.

    Args:
        what: names the trial, and its version.
        measure: makes it.
    """
    path, key = trials_path(), f"{what} on {_processor()} with PyTorch {torch.__version__}"
    known = _read(path)
    if key in known:
        return known[key], True
    value = measure()
    kept = {**dict(list(known.items())[1 - _MOST :]), key: value}
    # a home that is full or not ours keeps nobody from training
    with suppress(UnderstudyError, OSError):
        make_folder(path.parent)
        commit_bytes(path, json.dumps({"version": 1, "trials": kept}, indent=2).encode() + b"\n")
    return value, False


def _read(path: Path) -> dict[str, float]:
    try:
        plain = read_json(path, _MAX_BYTES)
        found = {str(key): float(value) for key, value in plain["trials"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return {}
    return {key: value for key, value in found.items() if math.isfinite(value) and value > 0}


def _processor() -> str:
    """The processor's name, and what it has for half precision."""
    units = sorted(k for k, there in torch.cpu.get_capabilities().items() if there is True)
    with suppress(OSError), open_to_read(Path("/proc/cpuinfo")) as file:
        for line in file.read(_FIRST_BYTES).decode("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()} ({', '.join(units)})"
    return f"{platform.processor() or platform.machine()} ({', '.join(units)})"
