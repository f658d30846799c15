"""The three networks of MTCNN, and their weights out of the `mtcnn` package.

Source: K. Zhang, Z. Zhang, Z. Li, Y. Qiao, "Joint Face Detection and Alignment Using Multitask
Cascaded Convolutional Networks", IEEE Signal Processing Letters 23(10), 2016.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy.errors import PluginError, WeightsError
from understudy.plugin import Weights
from understudy.weights.opening import opened


class ProposalNet(nn.Module):
    """P-Net: slides a 12 px window with stride 2 over a picture of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_conv(3, 10, 3), _pool(2), *_conv(10, 16, 3), *_conv(16, 32, 3)
        )
        self.box = nn.Conv2d(32, 4, 1)
        self.face = nn.Conv2d(32, 2, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, h, w) in -1..1 to face logits (n, 2, h', w') and box shifts (n, 4, h', w')."""
        features = self.features(pixels)
        return self.face(features), self.box(features)


class RefineNet(nn.Module):
    """R-Net: judges 24 px crops."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_conv(3, 28, 3), _pool(3), *_conv(28, 48, 3), _pool(3), *_conv(48, 64, 2)
        )
        self.dense = nn.Sequential(nn.Linear(576, 128), nn.PReLU(128))
        self.box = nn.Linear(128, 4)
        self.face = nn.Linear(128, 2)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, 24, 24) in -1..1 to face logits (n, 2) and box shifts (n, 4)."""
        features = self.dense(_flat(self.features(pixels)))
        return self.face(features), self.box(features)


class OutputNet(nn.Module):
    """O-Net: judges 48 px crops; its five points are left out, the aligner finds better ones."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_conv(3, 32, 3),
            _pool(3),
            *_conv(32, 64, 3),
            _pool(3),
            *_conv(64, 64, 3),
            _pool(2),
            *_conv(64, 128, 2),
        )
        self.dense = nn.Sequential(nn.Linear(1152, 256), nn.PReLU(256))
        self.box = nn.Linear(256, 4)
        self.face = nn.Linear(256, 2)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, 48, 48) in -1..1 to face logits (n, 2) and box shifts (n, 4)."""
        features = self.dense(_flat(self.features(pixels)))
        return self.face(features), self.box(features)


_FIVE_POINTS = (17, 18)
"""Where O-Net's arrays for the five points stand in its file."""


def load_nets(
    pnet: Weights, rnet: Weights, onet: Weights, device: torch.device
) -> tuple[ProposalNet, RefineNet, OutputNet]:
    """The three networks with their weights, on a device, ready to predict.

    Raises:
        WeightsError: a file is missing or is not the one of the record.
    """
    proposal, refine, output = ProposalNet(), RefineNet(), OutputNet()
    points_out = [a for i, a in enumerate(read_arrays(onet)) if i not in _FIVE_POINTS]
    for net, record, arrays in (
        (proposal, pnet, read_arrays(pnet)),
        (refine, rnet, read_arrays(rnet)),
        (output, onet, points_out),
    ):
        _fill(net, record, arrays)
        net.requires_grad_(False).eval().to(device)
    return proposal, refine, output


def read_arrays(record: Weights) -> list[NDArray[np.float32]]:
    """The arrays of one joblib file, in the order of Keras.

    The bytes are checked against the record first. Even so the pickle inside may name nothing
    but NumPy arrays: anything else is refused before it is looked up.
    """
    try:
        import lz4.frame
        from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler
    except ImportError as error:
        raise PluginError(f"MTCNN: {error}; try: pip install 'understudy[legacy]'") from error

    class NumbersOnly(NumpyArrayWrapper):  # type: ignore[misc]
        # Older joblibs read arrays of objects with an unpickler that knows no limits.
        def read_array(self, *arguments: Any) -> Any:
            if self.dtype.hasobject:
                raise WeightsError(f"{record.name}: refuses to load Python objects")
            return super().read_array(*arguments)

    class ArraysOnly(NumpyUnpickler):  # type: ignore[misc]  # joblib carries no types
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) not in _ALLOWED:
                raise WeightsError(f"{record.name}: refuses to load {module}.{name}")
            found = super().find_class(module, name)
            return NumbersOnly if found is NumpyArrayWrapper else found

    def read(data: bytes) -> list[NDArray[np.float32]]:
        arrays: list[NDArray[np.float32]] = ArraysOnly(
            "", io.BytesIO(lz4.frame.decompress(data)), True
        ).load()
        return arrays

    return opened(record, read, "MTCNN's arrays")


_ALLOWED = frozenset(
    {
        ("joblib.numpy_pickle", "NumpyArrayWrapper"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
    }
)


def _fill(net: nn.Module, record: Weights, arrays: Sequence[NDArray[np.float32]]) -> None:
    """Copy Keras arrays into a network that declares its layers in the same order."""
    state = net.state_dict()
    filled = {
        name: torch.from_numpy(_from_keras(array).reshape(tuple(state[name].shape)))
        for name, array in zip(state, arrays, strict=True)
    }
    net.load_state_dict(filled)


def _from_keras(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kernels HWIO to OIHW, dense (in, out) to (out, in); slopes (1, 1, c) and biases stay."""
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(3, 2, 0, 1))
    return np.ascontiguousarray(array.T) if array.ndim == 2 else array


def _conv(inputs: int, outputs: int, kernel: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, kernel), nn.PReLU(outputs)


def _pool(kernel: int) -> nn.Module:
    return nn.MaxPool2d(kernel, 2, ceil_mode=True)


def _flat(features: Tensor) -> Tensor:
    """(n, c, y, x) to (n, x*y*c): the dense layers were trained on pictures lying on their side."""
    return features.permute(0, 3, 2, 1).flatten(1)
