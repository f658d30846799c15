"""Made-up weights for published networks, the same wherever they are made.

The golden outputs beside the shared weights were computed by the published modules with these.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import torch


def made_up_weights(keys_file: Path) -> dict[str, torch.Tensor]:
    """A state dict of the names and shapes in a keys.json."""
    tensors = {}
    for name, (shape, dtype) in json.loads(keys_file.read_text())["keys"].items():
        if dtype.startswith("int"):
            tensors[name] = torch.zeros(shape, dtype=torch.int64)
            continue
        noise = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
        if name.endswith("running_var"):
            values = 1 + 0.1 * np.abs(noise)
        elif name.endswith(("running_mean", ".bias")):
            values = 0.1 * noise
        elif noise.ndim >= 2:
            values = 0.7 * noise * np.sqrt(1 / np.prod(shape[1:]))
        else:
            values = 1 + 0.1 * noise
        tensors[name] = torch.from_numpy(np.asarray(values, np.float32))
    return tensors


def uniform(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """The golden inputs: float32 in 0..1."""
    return torch.from_numpy(np.random.RandomState(seed).uniform(0, 1, shape).astype(np.float32))
