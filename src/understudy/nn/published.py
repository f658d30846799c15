"""Published PyTorch weights: read without running anything in them, and checked against the net."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from understudy.plugin import Weights
from understudy.weights.opening import misfit, opened

N = TypeVar("N", bound=nn.Module)
_NAMED = 3


def loaded(net: N, record: Weights) -> N:
    """The network with the tensors of a record's file, which must all fit and be all of them.

    Args:
        net: as built; its names and shapes are the file's.
        record: whose file is meant.

    Raises:
        WeightsError: the file is missing, is another one, or does not hold this network.
    """
    what = f"the network {type(net).__name__}"
    return opened(record, lambda data: filled(net, data, record.name), what)


def filled(net: N, data: bytes, name: str) -> N:
    """`loaded` from bytes at hand.

    Args:
        net: as built.
        data: of a `state_dict`, also one that lies under that name, or under `params`, beside other
            things. A pickle in it is read by PyTorch's restricted reader: tensors and plain
            containers only. A prefix `module.`, left behind by training on several GPUs, is taken
            off the names.
        name: the file's, for messages.

    Raises:
        WeightsError: it holds anything else, or other tensors.
    """
    what = f"the network {type(net).__name__}"
    try:
        found = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    except Exception as error:  # it raises whatever the bytes lead it to
        raise misfit(name, what, f"it is not a file of PyTorch tensors ({error})") from error
    table = found
    for inside in ("state_dict", "params"):  # the latter is how BasicSR's trainings keep it
        table = table.get(inside, table) if isinstance(table, dict) else table
    if not isinstance(table, dict) or not all(isinstance(v, Tensor) for v in table.values()):
        raise misfit(name, what, "it does not hold a table of tensors")
    table = {str(key).removeprefix("module."): value for key, value in table.items()}
    _check_fits(net, table, name)
    net.load_state_dict(table)
    return net


def _check_fits(net: nn.Module, found: Mapping[str, Tensor], name: str) -> None:
    """Say what is missing, what is too much, and what has another shape."""
    wanted = net.state_dict()
    differing = [
        f"{key} is {tuple(found[key].shape)} and should be {tuple(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in found and found[key].shape != tensor.shape
    ]
    faults = [
        ("without", [key for key in wanted if key not in found]),
        ("with", [key for key in found if key not in wanted]),
        ("where", differing),
    ]
    words = [f"{how} {_listed(keys)}" for how, keys in faults if keys]
    if words:
        raise misfit(name, f"the network {type(net).__name__}", f"it is {'; '.join(words)}")


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more
