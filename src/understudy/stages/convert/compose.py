"""New faces in their places: a frame and its faces in, the composited frame out.

Faces are found and made in square pixels; a frame, whose untouched pixels stay as they are, has
those of the film.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.flow import mapped
from understudy.geometry import Warp
from understudy.geometry.facemesh.build import Build
from understudy.imaging.composite import Patch, feathered, laid, overlaid, paste, shown_through
from understudy.imaging.depth import to_unit
from understudy.imaging.resample import crop_image, resize, warp_image
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.casting import Part
from understudy.stages.faces.signals import signals_of
from understudy.stages.faces.surfaces import build_signal, drawn, texture_of
from understudy.swap.loading import Swapper
from understudy.types import Face, Frame, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """A face that the model made.

    Attributes:
        face: whose place it takes.
        rgb: (c, c, 3) float32 0..1 on the model's output crop.
        alpha: (c, c) float32 0..1, how far it reaches, or None where the model does not say.
        mesh: (514, 3) in the crop, where the surface lies that these are textures of, or None.
    """

    face: Face
    rgb: NDArray[Any]
    alpha: NDArray[Any] | None
    mesh: NDArray[Any] | None = None


def bounds_of(options: ConvertOptions, swapper: Swapper) -> str:
    """What bounds the new face: "mask", "surface" or "both"."""
    if options.bounds == "auto":
        return "surface" if swapper.surface else "mask"
    return options.bounds


def idle_flags(options: ConvertOptions, swapper: Swapper) -> list[str]:
    """Flags of the mask that somebody chose, and that change nothing since no mask bounds the face.

    A mask that keeps hands before the face is the one that people miss most.
    """
    if not swapper.surface or bounds_of(options, swapper) != "surface":
        return []
    usual = ConvertOptions()
    return [
        f"--{name}"
        for name in ("mask", "feather", "erode")
        if getattr(options, name) != getattr(usual, name)
    ]


class Composer:
    """Makes faces with a model and pastes them, as the options say.

    Args:
        options: of conversion.
        swapper: the model.
        matcher: a colour matcher.
        knobs: values for what the model lets one choose.
        builds: of everybody who is replaced, for models that ask for them.
    """

    def __init__(
        self,
        options: ConvertOptions,
        swapper: Swapper,
        matcher: Any,
        knobs: Mapping[str, Any],
        builds: Mapping[Part, Build],
    ) -> None:
        self._options, self._swapper, self._matcher = options, swapper, matcher
        self._knobs, self._builds = dict(knobs), builds
        self._bounds = bounds_of(options, swapper)
        self._workers = os.cpu_count() or 1

    def made(self, faces: Sequence[tuple[Frame, Face, Part]]) -> list[Fresh]:
        """The faces as the persons they become, each person's in as few passes as it takes."""
        warps = [self._seen(face) for _, face, _ in faces]
        pairs = list(zip(faces, warps, strict=True))
        crops = list(mapped(lambda pair: self._cut(*pair), pairs, self._workers))
        made: dict[int, Fresh] = {}
        for to in dict.fromkeys(part.to for _, _, part in faces):
            whose = [i for i, (_, _, part) in enumerate(faces) if part.to == to]
            for start in range(0, len(whose), self._options.faces_at_once):
                some = whose[start : start + self._options.faces_at_once]
                pixels = np.stack([crops[i] for i in some])
                shown = self._swapper.convert(
                    pixels if pixels.dtype == np.uint8 else to_unit(pixels),
                    to,
                    self._told([faces[i] for i in some], [warps[i] for i in some]),
                    **self._knobs,
                )
                for n, i in enumerate(some):
                    alpha = None if shown.alpha is None else shown.alpha[n]
                    mesh = None if shown.mesh is None else shown.mesh[n]
                    made[i] = Fresh(faces[i][1], shown.rgb[n], alpha, mesh)
        return [made[i] for i in range(len(faces))]

    def _cut(self, one: tuple[Frame, Face, Part], crop_from_frame: Warp) -> NDArray[Any]:
        """What the model sees of a face."""
        frame, face, _ = one
        pixels, found = frame.pixels, face.alignment.unit_from_frame.src
        if found != frame.space:
            pixels = resize(pixels, found.size_wh, "cubic")
        if self._swapper.surface:
            return texture_of(pixels, face, self._swapper.input_px)
        return crop_image(pixels, crop_from_frame)

    def _told(
        self, faces: Sequence[tuple[Frame, Face, Part]], warps: Sequence[Warp]
    ) -> dict[str, NDArray[Any]]:
        """What the model wants to know of faces."""
        found: dict[str, NDArray[Any]] = {
            **signals_of([face for _, face, _ in faces], warps, self._swapper.needs.signals)
        }
        if "build" in self._swapper.needs.of_plate:
            found["build"] = build_signal([self._builds[part] for _, _, part in faces])
        return found

    def composed(self, pair: tuple[Frame, Sequence[Fresh]]) -> Frame:
        """A frame with its new faces; the frame itself where there are none."""
        frame, fresh = pair
        pixels = frame.pixels
        for one in fresh:
            if one.mesh is not None:
                pixels = self._drawn(frame, pixels, one, one.mesh)
                continue
            crop_from_frame = self._shown_on(frame, one.face)
            mask = self._mask_on(frame, one.face)
            on_crop = np.clip(
                warp_image(mask.alpha, crop_from_frame @ mask.grid_from_frame.inverse()), 0, 1
            )
            if one.alpha is not None:
                on_crop *= one.alpha
            original = to_unit(crop_image(frame.pixels, crop_from_frame))
            matched = self._matcher.match(one.rgb, original, on_crop)
            pixels = paste(pixels, matched, crop_from_frame, self._patch(frame, one))
        return frame if pixels is frame.pixels else Frame(frame.at, pixels, frame.source)

    def _drawn(
        self, frame: Frame, pixels: NDArray[Any], one: Fresh, mesh: NDArray[Any]
    ) -> NDArray[Any]:
        """A copy of a frame's pixels with a new face drawn on its surface."""
        # a model that knows of no edge covers all of its surface
        alpha = np.ones(one.rgb.shape[:2], np.float32) if one.alpha is None else one.alpha
        new = drawn(one.rgb, alpha, mesh, self._shown_on(frame, one.face))
        patch = new.patch
        if self._bounds in ("mask", "both"):
            mask, o = self._mask_on(frame, one.face), self._options
            whole = feathered(mask, mask.grid_from_frame, frame.space, o.feather, o.erode)
            patch = overlaid(patch, whole, keep=self._bounds == "both")
        if not patch.alpha.any():
            return pixels
        original = to_unit(patch.window(frame.pixels))
        matched = self._matcher.match(new.rgb, original, patch.alpha)
        return laid(pixels, matched, patch)

    def _seen(self, face: Face) -> Warp:
        """Where the model's input lies in the frame."""
        s = self._swapper
        return face.alignment.crop(s.input_px, s.coverage, s.centering)

    def _shown(self, face: Face) -> Warp:
        """Where the model's output lies in the frame."""
        s = self._swapper
        return face.alignment.crop(s.output_px, s.coverage, s.centering)

    def _shown_on(self, frame: Frame, face: Face) -> Warp:
        """Where the model's output lies in the frame's own pixels."""
        crop = self._shown(face)
        return crop if crop.src == frame.space else crop @ Warp.resize(frame.space, crop.src)

    def _mask_on(self, frame: Frame, face: Face) -> Mask:
        """The face's mask as it lies in the frame's own pixels."""
        mask = face.masks[self._options.mask]
        grid = mask.grid_from_frame
        if grid.src == frame.space:
            return mask
        return replace(mask, grid_from_frame=grid @ Warp.resize(frame.space, grid.src))

    def _patch(self, frame: Frame, one: Fresh) -> Patch:
        """The feathered mask of one face on its frame, as far as the model's own alpha reaches."""
        o, crop = self._options, self._shown_on(frame, one.face)
        patch = feathered(self._mask_on(frame, one.face), crop, frame.space, o.feather, o.erode)
        return patch if one.alpha is None else shown_through(patch, one.alpha, crop)
