"""Putting a converted crop back into its frame, and nothing else.

Convention: all warps are `understudy.geometry.Warp`s on pixel grids where pixel i covers
[i, i+1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Space, Warp, corners
from understudy.imaging.depth import largest
from understudy.imaging.edges import Edge, inside, softened
from understudy.imaging.resample import fit_image, warp_image
from understudy.types import Mask

_BAND_PX = 1 << 15


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A feathered alpha over a rectangle of the frame, at full frame resolution.

    Attributes:
        left, top: the rectangle's place in frame pixels.
        alpha: (h, w) float32, 0..1; exactly 0 where the frame must stay untouched.
    """

    left: int
    top: int
    alpha: NDArray[Any]

    def window(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The view of a frame-sized array that the patch covers."""
        height, width = self.alpha.shape
        return pixels[self.top : self.top + height, self.left : self.left + width]


def feathered(
    mask: Mask,
    crop_from_frame: Warp,
    frame: Space,
    feather: float = 0.06,
    erode: float = 0.0,
    *,
    edge: Edge | None = None,
) -> Patch:
    """The mask, shrunk and softened inwards, on the frame's own pixels.

    See `edges.softened`. Nothing is left where the crop has no pixels.

    Args:
        mask: on its own grid.
        crop_from_frame: where the converted crop lies; alpha fades to 0 at its edge.
        frame: the frame's grid.
        feather: width of the soft edge, as a share of the mask grid's side, 0..0.3.
        erode: how far the edge moves inwards before feathering, as a share of the side.
        edge: all there is to say about the edge, in place of these two.
    """
    edge = edge or Edge(feather, erode)
    alpha = softened(mask.alpha, edge) * inside(mask.grid_from_frame, crop_from_frame, edge)
    grid = mask.grid_from_frame.dst
    box = mask.grid_from_frame.inverse().points(corners(grid.width))
    left, top = np.clip(np.floor(box.min(0)), 0, [frame.width, frame.height]).astype(int)
    right, bottom = np.clip(np.ceil(box.max(0)), 0, [frame.width, frame.height]).astype(int)
    if right <= left or bottom <= top:
        return Patch(0, 0, np.zeros((0, 0), np.float32))
    window = Space("window", int(right - left), int(bottom - top))
    window_from_frame = Warp(np.array([[1, 0, -left], [0, 1, -top]]), frame, window)
    window_from_grid = window_from_frame @ mask.grid_from_frame.inverse()
    on_frame = warp_image(alpha, window_from_grid)
    on_frame[on_frame < 1 / 512] = 0.0
    return _trimmed(Patch(int(left), int(top), on_frame))


def paste(
    pixels: NDArray[Any], swapped: NDArray[Any], crop_from_frame: Warp, patch: Patch
) -> NDArray[Any]:
    """A copy of the frame with the converted crop composited where the patch's alpha is above 0.

    Args:
        pixels: (h, w, 3) uint8, uint16 or float32 RGB.
        swapped: (c, c, 3) float32 RGB 0..1 on the crop's grid.
        crop_from_frame: where that grid lies.
        patch: from `feathered`.

    Returns:
        Same shape and dtype; bit-identical to `pixels` wherever alpha is 0.
    """
    if patch.alpha.size == 0:
        return pixels.copy()
    return laid(pixels, fitted(swapped, crop_from_frame, patch), patch)


def fitted(swapped: NDArray[Any], crop_from_frame: Warp, patch: Patch) -> NDArray[np.float32]:
    """A converted crop on the frame's own pixels, over a patch's window.

    Args:
        swapped: (c, c, 3) float32 RGB 0..1 on the crop's grid.
        crop_from_frame: where that grid lies.
        patch: with at least one pixel.
    """
    return fit_image(swapped, _window_from_crop(crop_from_frame, patch))


def laid(pixels: NDArray[Any], face: NDArray[Any], patch: Patch) -> NDArray[Any]:
    """A copy of the frame with a face over it that has the frame's own pixels.

    Args:
        pixels: (h, w, 3) uint8, uint16 or float32 RGB.
        face: float32 RGB 0..1 over the patch's window.
        patch: how far it covers the frame.

    Returns:
        Same shape and dtype; bit-identical to `pixels` wherever alpha is 0.
    """
    result = pixels.copy()
    _mix(patch.window(result), face, patch)
    return result


def overlaid(patch: Patch, other: Patch, *, keep: bool) -> Patch:
    """The other patch's alpha over the first one's window.

    Args:
        patch: gives the window.
        other: of the same frame.
        keep: whether the first one's alpha bounds it too; else only where it is above 0.
    """
    height, width = patch.alpha.shape
    alpha = np.zeros_like(patch.alpha)
    left, top = max(patch.left, other.left), max(patch.top, other.top)
    right = min(patch.left + width, other.left + other.alpha.shape[1])
    bottom = min(patch.top + height, other.top + other.alpha.shape[0])
    if right > left and bottom > top:
        first, second = (
            p.alpha[top - p.top : bottom - p.top, left - p.left : right - p.left]
            for p in (patch, other)
        )
        place = alpha[top - patch.top : bottom - patch.top, left - patch.left : right - patch.left]
        place[:] = second * (first if keep else first > 0)
    return Patch(patch.left, patch.top, alpha)


def _mix(view: NDArray[Any], face: NDArray[Any], patch: Patch) -> None:
    """Change the pixels of a window where the patch is above 0, and no others."""
    if not patch.alpha.size:
        return
    # a few rows at a time, so that what is in work stays in the processor's cache
    rows = max(1, _BAND_PX // patch.alpha.shape[1])
    for top in range(0, len(view), rows):
        band = slice(top, top + rows)
        _mix_band(view[band], face[band], patch.alpha[band])


def _mix_band(view: NDArray[Any], face: NDArray[Any], alpha: NDArray[Any]) -> None:
    if not alpha.any():
        return
    # one alpha a number: broadcasting over three channels costs NumPy ten times as much
    whole = cv2.merge([alpha] * 3)
    counts = view.dtype.kind != "f"
    mixed = view.astype(np.float32)
    # light above white is none of a face's, but may well be the plate's where that is in floats
    added = np.clip(face, 0, 1)
    if counts:
        added *= largest(view.dtype)
    added -= mixed
    added *= whole
    mixed += added
    if counts:
        # where alpha is 0 nothing was added, and a whole number comes back as it was
        np.rint(mixed, out=mixed)
        view[:] = mixed
    else:
        np.copyto(view, mixed, where=whole > 0)


def _trimmed(patch: Patch) -> Patch:
    """The part of a patch that covers anything."""
    there = patch.alpha > 0
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    if not len(rows):
        return Patch(0, 0, np.zeros((0, 0), np.float32))
    top, left = int(rows[0]), int(columns[0])
    tight = patch.alpha[top : rows[-1] + 1, left : columns[-1] + 1]
    return Patch(patch.left + left, patch.top + top, np.ascontiguousarray(tight))


def shown_through(patch: Patch, alpha: NDArray[Any], crop_from_frame: Warp) -> Patch:
    """The patch where a crop's own alpha lets it: neither shows the new face beyond the other.

    Args:
        patch: from `feathered`.
        alpha: (c, c) float32 0..1 on the crop's grid.
        crop_from_frame: where that grid lies.
    """
    if patch.alpha.size == 0:
        return patch
    through = np.clip(warp_image(alpha, _window_from_crop(crop_from_frame, patch)), 0, 1)
    both = patch.alpha * through
    both[both < 1 / 512] = 0.0
    return Patch(patch.left, patch.top, both)


def _window_from_crop(crop_from_frame: Warp, patch: Patch) -> Warp:
    height, width = patch.alpha.shape
    shift = np.array([[1, 0, -patch.left], [0, 1, -patch.top]])
    window = Warp(shift, crop_from_frame.src, Space("window", width, height))
    return window @ crop_from_frame.inverse()
