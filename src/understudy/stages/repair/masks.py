"""Masks as images: written to be looked at or painted on, and read back under the same names.

An image is called like the face's picture, `<film>_<frame>_<number>.png`, and covers what that
picture covers. So masks painted in any image editor over the pictures of a faceset find their faces
by name alone, whatever size they were saved at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError, ValueRefused
from understudy.files import make_folder
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.geometry import Centering, Space, Warp
from understudy.imaging.depth import from_unit, to_unit
from understudy.imaging.png import encode_png
from understudy.imaging.resample import crop_image, resize, warp_image
from understudy.imaging.sheets import show_mask
from understudy.media import read_image
from understudy.shell import quoted
from understudy.stages.faces.masks import Faces, with_mask
from understudy.stages.faces.views import View
from understudy.store.atomic import commit_bytes
from understudy.types import Face, Mask
from understudy.words import counted

Show = Literal["mask", "masked", "overlay"]
_LARGEST_PX = 256
"""Painted masks are kept at most this large; a face picture is rarely larger."""


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How mask images are written.

    Attributes:
        show: the mask alone, the face with all else black, or the face with the mask tinted.
        blur: width of a Gaussian blur, as a share of the side; 0 for none.
        threshold: from which value on a mask counts as 1, below as 0; None keeps it soft.
        size: side of the crop in a film; face pictures have their own.
        centering: of the crop in a film.
    """

    show: Show = "mask"
    blur: float = 0.0
    threshold: float | None = None
    size: int = 256
    centering: Centering = "head"


def write_images(
    source: Faces, kind: str, folder: Path, options: ImageOptions, progress: Progress
) -> int:
    """Write the masks of one kind as PNGs; returns how many.

    Raises:
        ValueRefused: no face has such a mask, or the folder is where the faces come from.
        Cancelled: between two batches; images written so far are whole.
    """
    n = 0
    for views in source.batches(lambda face: kind in face.masks, progress):
        make_folder(folder)
        for view in views:
            target = folder / view.name
            if view.path is not None and target.resolve() == view.path.resolve():
                raise ValueRefused(f"{folder} holds the face pictures themselves; choose another")
            picture = _picture(view, kind, options)
            commit_bytes(target, encode_png(picture), durable=False)
        n += len(views)
        stop_if_cancelled(progress, f"{n} mask images are written")
    if n == 0:
        raise ValueRefused(
            f"no face has a mask {kind!r}; add it with understudy mask --kind {quoted(kind)}"
        )
    return n


def read_images(
    source: Faces, kind: str, folder: Path, options: ImageOptions, progress: Progress
) -> tuple[int, list[str]]:
    """Take masks from images called like the faces' pictures: white is inside.

    Returns:
        How many faces got a mask, and the images that fit no face.

    Raises:
        StoreError: the folder holds no image.
        MediaError: an image cannot be read; the masks of earlier batches are saved.
        Cancelled: between two batches, which are saved.
    """
    images = _images(folder)
    taken: set[str] = set()

    tails = {"_".join(stem.split("_")[-2:]) for stem in images}

    def may_have(face: Face) -> bool:
        frame, _, number = face.id.partition("_")
        return not frame.isdecimal() or f"{int(frame):06d}_{number}" in tails

    n = 0
    for views in source.batches(may_have, progress):
        edited = []
        for view in views:
            path = images.get(Path(view.name).stem)
            if path is not None:
                mask = _mask(view, kind, path, options)
                edited.append((view, with_mask(view.face, mask, f"{kind}@hand")))
                taken.add(path.stem)
        source.save(edited)
        n += len(edited)
        stop_if_cancelled(
            progress, f"{counted(n, 'mask is', 'masks are')} imported; run it again to go on"
        )
    return n, sorted(path.name for stem, path in images.items() if stem not in taken)


def _picture(view: View, kind: str, options: ImageOptions) -> NDArray[Any]:
    mask = view.face.masks[kind]
    crop_from_frame = _crop(view, options)
    side = crop_from_frame.dst.width
    alpha = warp_image(mask.alpha, crop_from_frame @ mask.grid_from_frame.inverse())
    if options.blur > 0:
        alpha = cv2.GaussianBlur(alpha, (0, 0), max(0.3, options.blur * side))
    if options.threshold is not None:
        alpha = (alpha >= options.threshold).astype(np.float32)
    alpha = np.clip(alpha, 0, 1)
    if options.show == "mask":
        return from_unit(alpha, np.uint8)
    pixels = view.pixels
    if view.path is None:
        pixels = crop_image(view.pixels, crop_from_frame)
    if options.show == "overlay":
        return show_mask(pixels, alpha)
    return np.rint(pixels * alpha[..., None]).astype(np.uint8)


def _mask(view: View, kind: str, path: Path, options: ImageOptions) -> Mask:
    """A painted image as a mask on the crop's own grid, made smaller where it is very fine."""
    painted = to_unit(read_image(path)).mean(-1)
    height, width = painted.shape
    if abs(width - height) > 0.02 * max(width, height):
        raise StoreError(
            f"{path}: expected a square image that covers the face's picture, got {width}x{height}"
        )
    crop_from_frame = _crop(view, options)
    side = min(_LARGEST_PX, crop_from_frame.dst.width)
    grid = Space(f"crop:{side}", side, side)
    alpha = resize(painted, (side, side))
    if options.blur > 0:
        alpha = cv2.GaussianBlur(alpha, (0, 0), max(0.3, options.blur * side))
    if options.threshold is not None:
        alpha = (alpha >= options.threshold).astype(np.float32)
    grid_from_frame = Warp.resize(crop_from_frame.dst, grid) @ crop_from_frame
    return Mask(kind, np.clip(alpha, 0, 1).astype(np.float32), grid_from_frame)


def _crop(view: View, options: ImageOptions) -> Warp:
    """What the face's picture covers."""
    if view.path is not None:
        return view.view_from_frame
    return view.face.alignment.crop(options.size, 1.0, options.centering)


def _images(folder: Path) -> dict[str, Path]:
    """Images by their names without ending.

    Raises:
        StoreError: there is none.
    """
    suffixes: Sequence[str] = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
    try:
        found = {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in suffixes}
    except OSError as error:
        raise StoreError(f"{folder}: cannot be listed ({error.strerror}); check it") from error
    if not found:
        raise StoreError(f"{folder}: holds no mask image")
    return found
