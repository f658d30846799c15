"""A trained model, ready to convert faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.errors import StoreError, ValueRefused
from understudy.geometry import Centering
from understudy.nn import checkpoint
from understudy.nn.device import Chosen, DeviceName, choose_device
from understudy.plugin import Plugin, Registry, default_registry
from understudy.swap import Outputs, SignalName, SwapModel, check_knobs

PASS = 8
"""Faces a pass. Always padded to it, so that a face's result does not hang on its neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Faces that a model made.

    Attributes:
        rgb: (n, output_px, output_px, 3) float32 RGB 0..1.
        alpha: (n, output_px, output_px) float32 0..1, how far the shown face reaches, or None
            where the model knows of no edge.
        mesh: (n, 514, 3) float32, where the surface lies in the crop that these are textures of,
            see `swap.Outputs`; None where they are crops.
    """

    rgb: NDArray[Any]
    alpha: NDArray[Any] | None = None
    mesh: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.rgb)


class Swapper:
    """Converts face crops with one checkpoint.

    Attributes:
        name: the model's plug-in.
        persons: ids of the persons that it can show.
        needs: which signals it must be given.
        knobs: what can be chosen at a conversion, by name.
        step: iterations it was trained.
        fingerprint: tells its weights from all others.
        device_reason: where it runs and why.
        warning: why a newer checkpoint was passed over, or "".
        faces_a_pass: `PASS`, or less since memory ran out: from then on the last places of a result
            may be others than they would have been.
    """

    def __init__(self, model: Any, found: checkpoint.Checkpoint, device: Chosen) -> None:
        self._model: Any = model.to(device.device, memory_format=torch.channels_last).eval()
        self._device = device.device
        self.name = found.state.model
        self.persons: tuple[str, ...] = tuple(found.state.persons)
        self.needs = self._model.needs
        self.knobs = self._model.knobs
        self.step = found.state.step
        self.fingerprint = found.fingerprint
        self.device_reason: str = device.reason
        self.warning = found.warning
        self.faces_a_pass = PASS

    @property
    def input_px(self) -> int:
        """Pixels a side of the crops that go in."""
        size: int = self._model.crop.input_px
        return size

    @property
    def output_px(self) -> int:
        """Pixels a side of the crops that come out; they show the same part of the frame."""
        size: int = self._model.crop.output_px
        return size

    @property
    def surface(self) -> bool:
        """Whether textures of the face's surface go in and come out, see `swap.Crop`."""
        answer: bool = self._model.crop.surface
        return answer

    @property
    def asks(self) -> tuple[SignalName, ...]:
        """What it must be told of each face."""
        return (*self.needs.signals, *self.needs.of_plate)

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

    def convert(
        self,
        crops: NDArray[Any],
        to: str,
        signals: Mapping[str, NDArray[Any]] | None = None,
        **knobs: Any,
    ) -> Shown:
        """Show faces of anybody as one person.

        Args:
            crops: (n, input_px, input_px, 3) RGB, uint8 or float32 0..1.
            to: id of the person to show.
            signals: what `asks` names, (n, ...) float32 each as `swap.Batch` has them.
            **knobs: of those that the model has, such as `morph`.

        Raises:
            ValueRefused: another shape or dtype, an unknown person or knob, or a missing signal.
        """
        if to not in self.persons:
            raise ValueRefused(
                f"person: this model can show {', '.join(self.persons)}, not {to!r}; train one "
                f"with {to!r}, or choose one of these"
            )
        check_knobs(self._model, knobs)
        pixels, numbers = self._pixels(crops), self._signals(signals or {}, len(crops))
        shown: list[Outputs] = []
        done = 0
        while not shown or done < len(pixels):
            some = slice(done, done + self.faces_a_pass)
            try:
                part = {name: values[some] for name, values in numbers.items()}
                shown.append(self._pass(pixels[some], to, part, knobs))
            except (RuntimeError, MemoryError) as error:
                self._shrink(error)
                continue
            done = some.stop
        rgb = torch.cat([s.rgb for s in shown]).permute(0, 2, 3, 1).contiguous().numpy()
        alphas = [s.alpha[:, 0] for s in shown if s.alpha is not None]
        meshes = [s.mesh for s in shown if s.mesh is not None]
        if not np.isfinite(rgb).all():
            raise StoreError(
                f"model {self.name}: makes pixels that are no numbers at iteration {self.step}; "
                "train it anew with --new, or go back to an earlier checkpoint by removing this one"
            )
        return Shown(
            rgb,
            torch.cat(alphas).numpy() if alphas else None,
            torch.cat(meshes).numpy() if meshes else None,
        )

    def _shrink(self, error: RuntimeError | MemoryError) -> None:
        """Take half as many faces a pass where memory ran out.

        Raises:
            StoreError: one face is too many already.
            RuntimeError: the error is another.
        """
        full = isinstance(error, (MemoryError, torch.OutOfMemoryError))
        if not full and "not enough memory" not in str(error):
            raise error
        if self.faces_a_pass == 1:
            raise StoreError(
                f"model {self.name}: memory ran out with a single face; close other programs, or "
                "run it elsewhere with --device cpu"
            ) from error
        self.faces_a_pass //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _pixels(self, crops: NDArray[Any]) -> Tensor:
        size = self.input_px
        if crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
            raise ValueRefused(f"faces: expected (n, {size}, {size}, 3), got {crops.shape}")
        pixels = torch.from_numpy(np.ascontiguousarray(crops))
        if pixels.dtype == torch.uint8:
            pixels = pixels.float() / 255
        elif pixels.dtype != torch.float32:
            raise ValueRefused(f"faces: expected uint8 or float32, got {crops.dtype}")
        return pixels.permute(0, 3, 1, 2)

    def _signals(self, given: Mapping[str, NDArray[Any]], n: int) -> dict[str, Tensor]:
        missing = [name for name in self.asks if name not in given]
        if missing:
            raise ValueRefused(f"signals: this model needs {', '.join(missing)} of each face")
        found: dict[str, Tensor] = {}
        for name in self.asks:
            values = torch.from_numpy(np.ascontiguousarray(given[name], np.float32))
            if len(values) != n:
                raise ValueRefused(f"signals: expected {name} of {n} faces, got {len(values)}")
            found[name] = values
        return found

    def _pass(
        self, faces: Tensor, to: str, signals: Mapping[str, Tensor], knobs: Mapping[str, Any]
    ) -> Outputs:
        n = len(faces)
        with torch.inference_mode():
            shown: Outputs = self._model.convert(
                self._padded(faces),
                to,
                {name: self._padded(values) for name, values in signals.items()},
                **knobs,
            )
        alpha = None if shown.alpha is None else shown.alpha[:n].float().clamp(0, 1).cpu()
        mesh = None if shown.mesh is None else shown.mesh[:n].float().cpu()
        return Outputs(shown.rgb[:n].float().clamp(0, 1).cpu(), alpha, None, mesh)

    def _padded(self, values: Tensor) -> Tensor:
        # with copies of the last one, which any model can make sense of
        last = values[-1:] if len(values) else values.new_zeros(1, *values.shape[1:])
        missing = last.expand(self.faces_a_pass - len(values), *values.shape[1:])
        return torch.cat([values, missing]).contiguous().to(self._device)


def load_swapper(
    folder: Path,
    device: DeviceName = "auto",
    registry: Registry | None = None,
    which: checkpoint.Which = "last",
) -> Swapper:
    """Open the newest checkpoint of a model folder that verifies, or the best one.

    Args:
        folder: the model folder.
        device: where to run it.
        registry: where the model's plug-in is looked up; None takes the installed ones.
        which: "best" takes the one with the best score while it was trained.

    Raises:
        StoreError: no model, a damaged one, one of another version, or one without scores where
            the best is asked for.
        PluginError: the model's plug-in is not installed.
    """
    found = checkpoint.chosen(folder, which)
    if found is None and which == "best" and checkpoint.steps(folder):
        raise StoreError(
            f"{folder}: no checkpoint was scored, so none is the best; train on with --score-faces "
            "above 0, or take the last one: --checkpoint last"
        )
    if found is None:
        raise StoreError(f"{folder}: holds no trained model; train first, or check the name")
    state = found.state
    plugin = (registry or default_registry()).get("swap", state.model)
    checkpoint.refuse_other_model(folder, state, plugin.name, plugin.version)
    model = new_model(plugin, state.seed, state.persons, state.model_options)
    load_into(model, found.tensors("ema" if found.has("ema") else "weights"), found.path)
    return Swapper(model, found, choose_device(device))


def new_model(
    plugin: Plugin, seed: int, persons: Sequence[str], chosen: Mapping[str, Any] | None = None
) -> Any:
    """A fresh model with weights that depend on the seed only; a `SwapModel`.

    Args:
        plugin: which one.
        seed: of its weights.
        persons: ids of whom it is for.
        chosen: values of its options; the rest are its own defaults.

    Raises:
        ValueRefused: an option that it does not have, a value out of range, or too few persons.
    """
    options = plugin.made_options(chosen)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: SwapModel = plugin.load()(options, tuple(persons))
    return model


def load_into(model: Any, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put a checkpoint's tensors into a model.

    Raises:
        StoreError: they are another architecture's, or hold values that are not finite.
    """
    bad = [n for n, t in tensors.items() if t.is_floating_point() and not t.isfinite().all()]
    if bad:
        raise StoreError(
            f"{path}: the weights hold values that are not finite ({bad[0]} and {len(bad) - 1} "
            "others); remove this checkpoint to go on from the one before, or start over with --new"
        )
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise StoreError(f"{path}: the weights are another architecture's: {reason}") from error
