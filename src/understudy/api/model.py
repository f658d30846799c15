"""`Model`: a trained model, to look at and to try on single pictures."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from understudy.api.bars.progress import Watch, watching
from understudy.api.pictures import Picture, frame_of
from understudy.api.settings import chosen
from understudy.errors import NoFaces, StoreError, ValueRefused
from understudy.geometry.facemesh.build import Build
from understudy.media.stills import natural_key
from understudy.nn import checkpoint
from understudy.nn.device import DeviceName, choose_device
from understudy.options import fields_of
from understudy.plugin import default_registry
from understudy.stages.convert.composer import composer_for
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.analyse import Tools
from understudy.stages.extract.choose import choose, resolved
from understudy.stages.faces.casting import Part
from understudy.stages.faces.mattes import kinds_of
from understudy.stages.faces.surfaces import build_from, mesh_of
from understudy.swap.loading import Swapper, load_swapper

if TYPE_CHECKING:
    from understudy.flow import Progress
    from understudy.stages.extract.options import ExtractOptions
    from understudy.types import Face, Frame


class Model:
    """A trained model: the newest checkpoint of a model folder that verifies.

    Args:
        path: the model folder.
        device: where it runs when pictures are swapped: "auto", "cpu", "cuda" or "mps".

    Raises:
        StoreError: there is no trained model, or none that can be read.

    Example:
        >>> model = Model("pair")
        >>> model.persons, model.name, model.step
        (('ann', 'bob'), 'mesh', 2)
        >>> picture = model.swap("ann.png", to="bob", min_face_px=30)
        >>> picture.shape, picture.dtype
        ((120, 160, 3), dtype('uint8'))
    """

    def __init__(self, path: str | os.PathLike[str], *, device: DeviceName = "auto") -> None:
        self._path, self._device = Path(path), device
        found = checkpoint.newest(self._path)
        if found is None:
            raise StoreError(
                f"{self._path}: holds no trained model; train first, or check the name"
            )
        self._found = found
        self._ready: tuple[ExtractOptions, Tools] | None = None

    @property
    def path(self) -> Path:
        """The model folder."""
        return self._path

    @property
    def device(self) -> DeviceName:
        """Where it runs, as it was asked for."""
        return self._device

    @property
    def persons(self) -> tuple[str, ...]:
        """Ids of the persons whom it can show."""
        return self._found.state.persons

    @property
    def name(self) -> str:
        """The kind of model, such as "mesh"."""
        return self._found.state.model

    @property
    def step(self) -> int:
        """Iterations that it was trained."""
        return self._found.state.step

    @property
    def losses(self) -> dict[str, float]:
        """Each person's mean loss over the last iterations; lower is better."""
        return dict(self._found.state.losses)

    @property
    def options(self) -> dict[str, Any]:
        """The options that it was trained with last."""
        return dict(self._found.state.training)

    @property
    def previews(self) -> list[Path]:
        """Preview sheets that training drew, the oldest first."""
        found = (self._path / "previews").glob("*.png")
        return sorted(found, key=lambda path: natural_key(path.name))

    @cached_property
    def swapper(self) -> Swapper:
        """The network itself, loaded when it is first asked for: crops in, faces out."""
        return load_swapper(self._path, self._device, default_registry())

    def swap(
        self,
        picture: Picture,
        to: str,
        *,
        knobs: dict[str, Any] | None = None,
        progress: Watch = True,
        **options: Any,
    ) -> NDArray[Any]:
        """Show everybody in a still picture as one person.

        Faces are found, aligned, swapped, and pasted under a mask, as `extract` and `convert` do it
        with a film. Nothing is written: an array carries no label, so whoever makes a file of it
        has to say what it is; `convert` does that by itself.

        Args:
            picture: (h, w, 3) RGB array (uint8 or uint16), a `Frame`, or a still image's file.
            to: id of the person to show.
            knobs: what the model lets one choose, such as `{"morph": 0.5, "toward": "ann"}`.
            progress: who is told of choices and licences; nothing is drawn for one picture.
            **options: of conversion (`mask`, `feather`, `erode`, `match_colour`) and of detection
                and alignment (`detector`, `aligner`, `min_face_px`).

        Returns:
            (h, w, 3) RGB of the picture's dtype; the same but where faces were replaced.

        Raises:
            NoFaces: no face was found.
            ValueRefused: no such person, knob or option, or what is no picture.
            PluginError, WeightsError: a plug-in or its weights cannot be had.
        """
        frame = frame_of(picture)
        if frame.pixels.dtype == np.float32:
            raise ValueRefused("picture: expected uint8 or uint16 pixels, got float32")
        finding = {name: options.pop(name) for name in _FINDING if name in options}
        settings = chosen("convert", options, _SHOWING)
        found = {
            "embedder": "none",
            "masks": ",".join(kinds_of(settings.mask)) or "extended",
            "device": self._device,
            **finding,
        }
        with watching(progress, stops=False) as told:
            tools = self._tools(chosen("extract", found), told)
        faces = self._faces(frame, tools)
        parts = [Part(str(number), to) for number in range(len(faces))]

        def builds() -> dict[Part, Build]:
            return {p: build_from([mesh_of(f)]) for p, f in zip(parts, faces, strict=True)}

        composer = composer_for(settings, self.swapper, default_registry(), builds, knobs)
        fresh = composer.made([(frame, f, p) for f, p in zip(faces, parts, strict=True)])
        return composer.composed((frame, fresh)).pixels

    def _tools(self, asked: ExtractOptions, progress: Progress) -> Tools:
        """Detector, predictor and masker; kept for the next picture."""
        if self._ready is None or self._ready[0] != asked:
            registry = default_registry()
            looking = resolved(asked, registry, None, progress)
            device = choose_device(self._device).device.type
            tools = Tools(choose(looking, registry, progress), looking, device)
            self._ready = (asked, tools)
        return self._ready[1]

    @staticmethod
    def _faces(frame: Frame, tools: Tools) -> list[Face]:
        (seen,) = tools.look([frame])
        faces = tools.finish(frame, seen)
        if not faces:
            raise NoFaces(
                f"{frame.source}: no face was found; try a lower min_face_px, or another detector"
            )
        return faces

    def __repr__(self) -> str:
        persons = ", ".join(self.persons)
        return f"Model({str(self._path)!r}: {self.name} of {persons}, step {self.step})"


_FINDING = (
    "detector",
    "detect",
    "aligner",
    "align",
    "min_face_px",
    "max_face_px",
    "rotate",
    "normalise",
    "refeed",
    "realign",
    "template",
    "commercial_safe",
    "trust_on_first_use",
)
_BLENDING = [f.name for f in fields_of(ConvertOptions) if f.group == "Blending"]
_IN_TIME = {"smooth_colour"}
"""What one picture has no use for."""
_SHOWING = (*(name for name in _BLENDING if name not in _IN_TIME), "enhance", "colour")
