"""Published PyTorch weights: read without running anything in them, and checked against the net."""

from __future__ import annotations

import io
import pickle
from typing import TypeVar

import torch
from torch import Tensor, nn

from understudy.errors import WeightsError

N = TypeVar("N", bound=nn.Module)


def filled(net: N, data: bytes, name: str) -> N:
    """The network with the tensors of a published file, which must all fit and be all of them.

    Args:
        net: as built; its names and shapes are the file's.
        data: the file. A pickle in it is read by PyTorch's restricted reader: tensors and plain
            containers only.
        name: the file's, for messages.

    Raises:
        WeightsError: it holds anything else, or other tensors.
    """
    try:
        found = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{name} is not a file of PyTorch tensors: {reason}") from error
    if not isinstance(found, dict) or not all(isinstance(v, Tensor) for v in found.values()):
        raise WeightsError(f"{name} does not hold a table of tensors")
    try:
        net.load_state_dict(found)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        raise WeightsError(f"{name} does not fit the network: {' '.join(lines[1:3])}") from error
    return net
