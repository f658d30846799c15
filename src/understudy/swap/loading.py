"""A trained model, ready to convert faces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from understudy.errors import StoreError, ValueRefused
from understudy.geometry import Centering
from understudy.nn import checkpoint
from understudy.nn.device import Chosen, DeviceName, choose_device
from understudy.plugin import Plugin, Registry, default_registry
from understudy.swap import SIDES, Side, SwapModel

PASS = 8
"""Faces a pass. Always padded to it, so that a face's result does not hang on its neighbours."""


class Swapper:
    """Converts face crops with one checkpoint.

    Attributes:
        name: the model's plug-in.
        step: iterations it was trained.
        fingerprint: tells its weights from all others.
        device_reason: where it runs and why.
        warning: why a newer checkpoint was passed over, or "".
    """

    def __init__(self, model: Any, found: checkpoint.Checkpoint, device: Chosen) -> None:
        self._model: Any = model.to(device.device, memory_format=torch.channels_last).eval()
        self._device = device.device
        self.name = found.state.model
        self.step = found.state.step
        self.fingerprint = found.fingerprint
        self.device_reason: str = device.reason
        self.warning = found.warning

    @property
    def input_px(self) -> int:
        """Side of the crops that go in."""
        size: int = self._model.crop.input_px
        return size

    @property
    def output_px(self) -> int:
        """Side of the crops that come out; they show the same part of the frame."""
        size: int = self._model.crop.output_px
        return size

    @property
    def coverage(self) -> float:
        """Coverage of the crops, 0.1..1."""
        share: float = self._model.crop.coverage
        return share

    @property
    def centering(self) -> Centering:
        """Centering of the crops."""
        name: Centering = self._model.crop.centering
        return name

    def convert(self, faces: NDArray[Any], side_to: Side) -> NDArray[Any]:
        """Show faces as one side's person.

        Args:
            faces: (n, input_px, input_px, 3) RGB, uint8 or float32 0..1.
            side_to: whose face comes out.

        Returns:
            (n, output_px, output_px, 3) float32 RGB 0..1.

        Raises:
            ValueRefused: another shape, dtype or side.
        """
        if side_to not in SIDES:
            raise ValueRefused(f"side: expected a or b, got {side_to!r}")
        size = self.input_px
        if faces.ndim != 4 or faces.shape[1:] != (size, size, 3):
            raise ValueRefused(f"faces: expected (n, {size}, {size}, 3), got {faces.shape}")
        pixels = torch.from_numpy(np.ascontiguousarray(faces))
        if pixels.dtype == torch.uint8:
            pixels = pixels.float() / 255
        elif pixels.dtype != torch.float32:
            raise ValueRefused(f"faces: expected uint8 or float32, got {faces.dtype}")
        pixels = pixels.permute(0, 3, 1, 2)
        shown = [self._pass(pixels[i : i + PASS], side_to) for i in range(0, len(pixels), PASS)]
        if not shown:
            return np.zeros((0, self.output_px, self.output_px, 3), np.float32)
        return np.ascontiguousarray(torch.cat(shown).permute(0, 2, 3, 1).numpy())

    def _pass(self, faces: Tensor, side_to: Side) -> Tensor:
        n = len(faces)
        padded = F.pad(faces, (0, 0, 0, 0, 0, 0, 0, PASS - n)).contiguous().to(self._device)
        with torch.inference_mode():
            shown: Tensor = self._model(padded, side_to)
        return shown[:n].float().clamp(0, 1).cpu()


def load_swapper(
    folder: Path, device: DeviceName = "auto", registry: Registry | None = None
) -> Swapper:
    """Open the newest checkpoint of a model folder that verifies.

    Args:
        folder: the model folder.
        device: where to run it.
        registry: where the model's plug-in is looked up; None takes the installed ones.

    Raises:
        StoreError: no model, a damaged one, or one of another version.
        PluginError: the model's plug-in is not installed.
    """
    found = checkpoint.newest(folder)
    if found is None:
        raise StoreError(f"{folder}: holds no trained model; train first, or check the name")
    plugin = (registry or default_registry()).get("swap", found.state.model)
    checkpoint.refuse_other_model(folder, found.state, plugin.name, plugin.version)
    model = new_model(plugin, found.state.seed)
    load_into(model, found.tensors("ema" if found.has("ema") else "weights"), found.path)
    return Swapper(model, found, choose_device(device))


def new_model(plugin: Plugin, seed: int) -> Any:
    """A fresh model with weights that depend on the seed only; a `SwapModel`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: SwapModel = plugin.load()()
    return model


def load_into(model: Any, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put a checkpoint's tensors into a model.

    Raises:
        StoreError: they are another architecture's.
    """
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise StoreError(f"{path}: the weights are another architecture's: {reason}") from error
