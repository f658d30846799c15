"""PyTorch weights into a network: nothing is unpickled but tensors, and every name must fit."""

from __future__ import annotations

import io
import pickle
from typing import TypeVar

import torch
from torch import nn

from understudy.errors import WeightsError
from understudy.plugin import Weights
from understudy.weights.files import weights_bytes

N = TypeVar("N", bound=nn.Module)


def load_state(net: N, record: Weights) -> N:
    """The network with the weights of a checked `state_dict` file.

    A prefix `module.`, left behind by training on several GPUs, is taken off the names.

    Raises:
        WeightsError: the file is missing, is another one, or does not hold this network.
    """
    data = weights_bytes(record)
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        net.load_state_dict({k.removeprefix("module."): v for k, v in state.items()}, strict=True)
    except (pickle.UnpicklingError, RuntimeError, AttributeError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{record.name} does not hold {type(net).__name__}: {reason}") from error
    return net
