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

from understudy.colour import ColourMatcher, SteadyMatcher
from understudy.errors import ValueRefused
from understudy.flow import mapped
from understudy.geometry import Warp
from understudy.geometry.facemesh.build import Build
from understudy.imaging.composite import Patch, feathered, fitted, laid, overlaid, shown_through
from understudy.imaging.depth import from_unit, to_unit
from understudy.imaging.resample import crop_image, resize, warp_image
from understudy.media.colour.plate import Ground, Rec709
from understudy.stages.convert.look.bounds import bounds_of, edge_of, moved_in
from understudy.stages.convert.look.enhancing import Enhancing
from understudy.stages.convert.look.plate import PlateLook
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.casting import Part
from understudy.stages.faces.mattes import LEARNED, factors_of, mask_of
from understudy.stages.faces.signals import signals_of
from understudy.stages.faces.surfaces import build_signal, drawn, texture_of
from understudy.swap.loading import Swapper
from understudy.types import Cutout, Face, Frame, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """A face that the model made.

    Attributes:
        face: whose place it takes.
        to: id of the person who is shown.
        rgb: (c, c, 3) float32 0..1 on the model's output crop, with as many pixels as it has or
            as an enhancer gave it.
        alpha: (c, c) float32 0..1, how far it reaches, or None where the model does not say.
        mesh: (514, 3) in the crop, where the surface lies that these are textures of, or None.
        seen: (i, i, 3) what the model saw of the frame: the same part of it as `rgb`.
    """

    face: Face
    to: str
    rgb: NDArray[Any]
    alpha: NDArray[Any] | None
    mesh: NDArray[Any] | None = None
    seen: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A new face where it lies in its frame.

    Attributes:
        face: whose place it takes.
        to: id of the person who is shown.
        rgb: (h, w, 3) float32 0..1, on the crop or, where there is none, on the patch's window.
        within: (h, w) float32 0..1, where on these pixels colours are measured.
        patch: how far it covers the frame.
        crop_from_frame: where the crop lies in the frame; None for a surface, which is drawn with
            the frame's own pixels.
        measured: what its colours are matched by, see `colour.SteadyMatcher`, or None.
        texture: how grainy and sharp the plate is there, see `plate.texture_of`, or None.
        way_px: (2,) how far it moves from frame to frame, or None where nobody looked.
    """

    face: Face
    to: str
    rgb: NDArray[Any]
    within: NDArray[Any]
    patch: Patch
    crop_from_frame: Warp | None = None
    measured: NDArray[Any] | None = None
    texture: NDArray[Any] | None = None
    way_px: NDArray[Any] | None = None


class Composer:
    """Makes faces with a model and pastes them, as the options say.

    Args:
        options: of conversion.
        swapper: the model.
        matcher: a colour matcher.
        knobs: values for what the model lets one choose.
        builds: of everybody who is replaced, for models that ask for them.
        ground: what code values of the frames show; None where they are Rec.709.
        enhancing: makes faces finer; None leaves them as the model made them.

    Attributes:
        measures: whether frames are measured, so that neighbours in time count.
        moves: whether the way of a face matters.
        look: the look of the plate that faces get.
    """

    def __init__(
        self,
        options: ConvertOptions,
        swapper: Swapper,
        matcher: ColourMatcher,
        knobs: Mapping[str, Any],
        builds: Mapping[Part, Build],
        ground: Ground | None = None,
        enhancing: Enhancing | None = None,
    ) -> None:
        self._ground: Ground = ground or Rec709()
        self._enhancing = enhancing or Enhancing()
        self._options, self._swapper, self._matcher = options, swapper, matcher
        self._steady = matcher if isinstance(matcher, SteadyMatcher) else None
        self._knobs, self._builds = dict(knobs), builds
        self.look = PlateLook(options)
        self.measures = self.look.measures or self._steady is not None
        self.moves = self.look.moves
        self._bounds, self._edge = bounds_of(options, swapper), edge_of(options)
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
                    rgb, alpha = self._enhancing.finer(shown.rgb[n], alpha)
                    made[i] = Fresh(faces[i][1], to, rgb, alpha, mesh, crops[i])
        return [made[i] for i in range(len(faces))]

    def _cut(self, one: tuple[Frame, Face, Part], crop_from_frame: Warp) -> NDArray[Any]:
        """What the model sees of a face."""
        frame, face, _ = one
        pixels, found = frame.pixels, face.alignment.unit_from_frame.src
        if found != frame.space:
            pixels = resize(pixels, found.size_wh, "cubic")
        # curves are undone in the crop and not in the frame, whose most part nobody looks at
        if self._swapper.surface:
            return self._ground.seen(texture_of(pixels, face, self._swapper.input_px))
        return self._ground.seen(crop_image(pixels, crop_from_frame))

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

    def placed(self, frame: Frame, fresh: Sequence[Fresh]) -> list[Placed]:
        """New faces where they lie in a frame, their colours measured; the frame stays."""
        return [self._placed(frame, one) for one in fresh]

    def joined(self, frame: Frame, placed: Sequence[Placed]) -> Frame:
        """A frame with its new faces; the frame itself where there are none.

        Args:
            frame: where the faces lie.
            placed: from `placed`, perhaps with numbers that neighbours had a part in.
        """
        if self._options.matte or self._options.layer:
            return self._apart(frame, placed)
        pixels = frame.pixels
        for one in placed:
            if one.patch.alpha.any():
                pixels = self._ground.laid(pixels, self._finished(frame, one), one.patch)
        return frame if pixels is frame.pixels else Frame(frame.at, pixels, frame.source)

    def cut_out(self, frame: Frame, placed: Sequence[Placed]) -> Frame:
        """A frame as it was, with its new faces beside it; see `joined`."""
        found = []
        for p in placed:
            if p.patch.alpha.any():
                rgb, at = self._ground.coded(self._finished(frame, p)), p.patch
                found.append(Cutout(p.face, p.to, at.left, at.top, rgb, at.alpha))
        return replace(frame, cutouts=tuple(found))

    def _finished(self, frame: Frame, one: Placed) -> NDArray[Any]:
        """A face in the colours and with the look of its surroundings, on its patch's window."""
        matched = self._matched(frame, one)
        if one.crop_from_frame is not None:
            matched = fitted(matched, one.crop_from_frame, one.patch)
        moved = moved_in(self._options, one.face)
        matched = self._enhancing.restored(frame, one.face, moved, matched, one.patch, self._ground)
        return self.look.apply(matched, one.patch.alpha, one.texture, one.way_px, one.face)

    def _apart(self, frame: Frame, placed: Sequence[Placed]) -> Frame:
        """The new faces without the film, or how far they cover it."""
        covered = np.zeros(frame.pixels.shape[:2], np.float32)
        pixels = np.zeros_like(frame.pixels)
        for one in placed:
            if not one.patch.alpha.any():
                continue
            over = one.patch.window(covered)
            over += one.patch.alpha * (1 - over)
            if self._options.layer:
                # colours are not multiplied by alpha: a face is whole wherever it shows at all
                solid = (one.patch.alpha > 0).astype(np.float32)
                coded = self._ground.coded(self._finished(frame, one))
                pixels = laid(pixels, coded, replace(one.patch, alpha=solid))
        if self._options.layer:
            return Frame(frame.at, pixels, frame.source, covered)
        if pixels.dtype == np.float32:
            return Frame(frame.at, np.dstack([covered] * 3), frame.source)
        grey = from_unit(covered, pixels.dtype)
        return Frame(frame.at, np.dstack([grey] * 3), frame.source)

    def composed(self, pair: tuple[Frame, Sequence[Fresh]]) -> Frame:
        """A frame with its new faces, by what was measured in this frame alone."""
        frame, fresh = pair
        return self.joined(frame, self.placed(frame, fresh))

    def _placed(self, frame: Frame, one: Fresh) -> Placed:
        found = self._pasted(frame, one) if one.mesh is None else self._drawn(frame, one, one.mesh)
        if not found.patch.alpha.any():
            return found
        texture = None
        if self.look.measures:
            plate = self._ground.seen(found.patch.window(frame.pixels))
            texture = self.look.measure(to_unit(plate), found.patch.alpha)
        if self._steady is None:
            return replace(found, texture=texture)
        return replace(found, measured=self._measured(frame, one, found), texture=texture)

    def _measured(self, frame: Frame, one: Fresh, found: Placed) -> NDArray[Any] | None:
        """What the colours of a face are matched by."""
        assert self._steady is not None  # noqa: S101 - asked by the caller
        still = moved_in(self._options, one.face) is None
        if found.crop_from_frame is None or one.seen is None or not still:
            return self._steady.measure(found.rgb, self._original(frame, found), found.within)
        # what the model saw is enough, and spares reading all of a large face once more
        size = one.seen.shape[1::-1]
        rgb, within = (
            picture if picture.shape[1::-1] == size else resize(picture, size)
            for picture in (found.rgb, found.within)
        )
        return self._steady.measure(rgb, to_unit(one.seen), within)

    def _matched(self, frame: Frame, one: Placed) -> NDArray[Any]:
        """A face in the colours of its surroundings."""
        if self._steady is None:
            return self._matcher.match(one.rgb, self._original(frame, one), one.within)
        if one.measured is None:
            return one.rgb
        return self._steady.apply(one.rgb, one.within, one.measured)

    def _original(self, frame: Frame, one: Placed) -> NDArray[Any]:
        """What a frame shows where a face comes to lie, on the face's own pixels."""
        if one.crop_from_frame is None:
            return to_unit(self._ground.seen(one.patch.window(frame.pixels)))
        return to_unit(self._ground.seen(crop_image(frame.pixels, one.crop_from_frame)))

    def _pasted(self, frame: Frame, one: Fresh) -> Placed:
        """A face that comes as a crop."""
        if one.alpha is None and LEARNED in factors_of(self._options.mask):
            raise ValueRefused(
                f"mask: {self._swapper.name} knows of no edge of its face; take another mask than "
                f"{LEARNED}"
            )
        crop_from_frame = self._shown_on(frame, one.face, one.rgb.shape[0])
        mask = self._mask_on(frame, one.face)
        on_crop = np.clip(
            warp_image(mask.alpha, crop_from_frame @ mask.grid_from_frame.inverse()), 0, 1
        )
        if one.alpha is not None:
            on_crop *= one.alpha
        patch = self._patch(frame, one)
        return Placed(one.face, one.to, one.rgb, on_crop, patch, crop_from_frame)

    def _drawn(self, frame: Frame, one: Fresh, mesh: NDArray[Any]) -> Placed:
        """A face that comes as a surface."""
        # a model that knows of no edge covers all of its surface
        alpha = np.ones(one.rgb.shape[:2], np.float32) if one.alpha is None else one.alpha
        new = drawn(one.rgb, alpha, mesh, self._shown_on(frame, one.face))
        patch = new.patch
        if self._bounds in ("mask", "both"):
            mask = self._mask_on(frame, one.face)
            whole = feathered(mask, mask.grid_from_frame, frame.space, edge=self._edge)
            patch = overlaid(patch, whole, keep=self._bounds == "both")
        return Placed(one.face, one.to, new.rgb, patch.alpha, patch)

    def _seen(self, face: Face) -> Warp:
        """Where the model's input lies in the frame."""
        s = self._swapper
        return face.alignment.crop(s.input_px, s.coverage, s.centering)

    def _shown(self, face: Face, side_px: int | None = None) -> Warp:
        """Where the model's output lies in the frame, with its own or so many pixels a side."""
        s = self._swapper
        return face.alignment.crop(side_px or s.output_px, s.coverage, s.centering)

    def _shown_on(self, frame: Frame, face: Face, side_px: int | None = None) -> Warp:
        """Where the model's output lies in the frame's own pixels."""
        crop, moved = self._shown(face, side_px), moved_in(self._options, face)
        if moved is not None:
            crop = crop @ moved.inverse()
        return crop.begun_in(frame.space)

    def _mask_on(self, frame: Frame, face: Face) -> Mask:
        """The face's mask as it lies in the frame's own pixels."""
        mask = mask_of(face, self._options.mask, self._shown(face), moved_in(self._options, face))
        return replace(mask, grid_from_frame=mask.grid_from_frame.begun_in(frame.space))

    def _patch(self, frame: Frame, one: Fresh) -> Patch:
        """The feathered mask of one face on its frame, as far as the model's own alpha reaches."""
        crop = self._shown_on(frame, one.face, one.rgb.shape[0])
        patch = feathered(self._mask_on(frame, one.face), crop, frame.space, edge=self._edge)
        return patch if one.alpha is None else shown_through(patch, one.alpha, crop)
