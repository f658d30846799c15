"""Which enhancers a conversion uses, and what they do to a new face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.enhance import Enhancer
from understudy.enhance.square import square_from_frame
from understudy.flow import Progress
from understudy.geometry import Warp
from understudy.imaging.composite import Patch, fitted
from understudy.imaging.depth import to_unit
from understudy.imaging.resample import crop_image, resize
from understudy.media.colour.plate import Ground
from understudy.nn.device import choose_device
from understudy.plugin import Plugin, Registry
from understudy.stages.convert.options import ENHANCERS, ConvertOptions
from understudy.stages.faces.plugins import say_devices, say_licences
from understudy.types import Face, Frame
from understudy.weights.needed import ensure


def named_enhancers(registry: Registry, options: ConvertOptions) -> list[Plugin]:
    """The enhancers that were named, in their order.

    Raises:
        PluginError: one of them is unknown.
    """
    return [registry.get("enhance", name) for name in ENHANCERS.chosen(options.enhancer)]


def enhancers_of(registry: Registry, options: ConvertOptions) -> list[Enhancer]:
    """The enhancers of a conversion, with their options of the tree.

    Raises:
        PluginError, ValueRefused, WeightsError: see `named_enhancers` and `Plugin.build`.
    """
    plugins = named_enhancers(registry, options)
    if not plugins:
        return []
    device = choose_device(options.device).device.type
    return [plugin.build(options.enhance.of(plugin.name), device) for plugin in plugins]


def enhancers_ready(
    registry: Registry, options: ConvertOptions, progress: Progress
) -> list[list[Any]]:
    """See that all enhancers can be had, before the first frame; their weights are fetched.

    Returns:
        What their results hang on, plain data: plug-in and fingerprint of each.

    Raises:
        PluginError, ValueRefused: as `enhancers_of`.
        WeightsError: weights cannot be had; says how to bring them here otherwise.
    """
    plugins = named_enhancers(registry, options)
    if not plugins:
        return []
    ensure(plugins, progress)
    say_licences(plugins, progress)
    made = enhancers_of(registry, options)
    say_devices(progress)
    return [
        [plugin.made_by, enhancer.fingerprint]
        for plugin, enhancer in zip(plugins, made, strict=True)
    ]


class Enhancing:
    """Makes new faces finer.

    Args:
        enhancers: in turn; those of whole faces after all others.
        strength: how much of what they make is taken, 0..1.
    """

    def __init__(self, enhancers: Sequence[Enhancer] = (), strength: float = 0.0) -> None:
        self._strength = np.float32(strength)
        used = enhancers if strength > 0 else ()
        self._squares = [e for e in used if e.face_px is None]
        self._faces = [(e, e.face_px) for e in used if e.face_px is not None]

    def finer(
        self, rgb: NDArray[Any], alpha: NDArray[Any] | None
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """What a model made of a face, larger and finer.

        Args:
            rgb: (c, c, 3) float32 0..1.
            alpha: (c, c) float32 0..1, or None.

        Returns:
            The same with as many pixels as the enhancers give.
        """
        for enhancer in self._squares:
            made = enhancer.enhance(np.clip(rgb, 0, 1)[None])[0]
            rgb = self._mixed(_sized(rgb, made.shape), made)
        if alpha is not None and alpha.shape != rgb.shape[:2]:
            alpha = np.clip(_sized(alpha, rgb.shape), 0, 1)
        return rgb, alpha

    def restored(
        self,
        frame: Frame,
        face: Face,
        moved: Warp | None,
        rgb: NDArray[Any],
        patch: Patch,
        ground: Ground,
    ) -> NDArray[Any]:
        """A face in its frame as restorers of whole faces make it, its mean colour kept.

        They want hair and neck around a face, so they look at the frame with the face in it.

        Args:
            frame: where the face lies.
            face: whose place it takes.
            moved: where that place goes, frame to frame; None where it stays.
            rgb: (h, w, 3) float32 0..1 over the patch's window, its colours matched.
            patch: how far it covers the frame.
            ground: what code values of the frame show.
        """
        for enhancer, face_px in self._faces:
            square = self._square(frame, face, moved, face_px)
            seen = ground.seen(crop_image(ground.laid(frame.pixels, rgb, patch), square))
            made = enhancer.enhance(to_unit(seen)[None])[0]
            if made.shape[0] != face_px:
                square = self._square(frame, face, moved, made.shape[0])
            restored = fitted(made, square, patch)
            # colours are those of the plate, smoothed over time, and no restorer's
            weight = patch.alpha[..., None] / max(float(patch.alpha.sum()), 1e-6)
            restored = restored + ((rgb - restored) * weight).sum((0, 1))
            rgb = self._mixed(rgb, np.clip(restored, 0, 1).astype(np.float32))
        return rgb

    @staticmethod
    def _square(frame: Frame, face: Face, moved: Warp | None, face_px: int) -> Warp:
        square = square_from_frame(face.alignment, face_px)
        if moved is not None:
            square = square @ moved.inverse()
        return square.begun_in(frame.space)

    def _mixed(self, before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
        return before + self._strength * (after - before)


def _sized(picture: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    same = picture.shape[:2] == shape[:2]
    return picture if same else resize(picture, (shape[1], shape[0]), "cubic")
