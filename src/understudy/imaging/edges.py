"""The edge of a mask: where it lies, and how it fades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Warp


@dataclass(frozen=True, slots=True)
class Edge:
    """How a mask is shaped before a face is put in by it; all lengths as shares of its side.

    Attributes:
        feather: width of the soft edge, which lies inside the mask.
        erode: how far the edge moves inwards; below 0 outwards.
        top: how far the upper edge moves inwards besides; below 0 outwards. Up is the face's own.
        bottom: the same at the chin.
        left: the same on the left side as it is seen.
        right: the same on the right side as it is seen.
        blur: how the edge fades.
        passes: blurs in turn, which together are as wide as one; many boxes are nearly a Gaussian.
        threshold: alpha up to this becomes 0, from one less this 1; 0 leaves it as it is.
        border: width of the fade at the border of the converted crop, as a share of the crop; None
            is half of `feather`.
    """

    feather: float = 0.06
    erode: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0
    blur: Literal["gaussian", "box"] = "gaussian"
    passes: int = 1
    threshold: float = 0.0
    border: float | None = None


def softened(alpha: NDArray[Any], edge: Edge) -> NDArray[np.float32]:
    """A mask with another edge.

    It never fades beyond where its edge was moved to: it is eroded by half of the feather first,
    and what the blur spreads beyond is cut.

    Args:
        alpha: (h, w) float32 0..1 on the mask's own grid.
        edge: what is made of it.
    """
    side = alpha.shape[0]
    if edge.threshold:
        alpha = np.clip((alpha - edge.threshold) / (1 - 2 * edge.threshold), 0, 1)
    alpha = _moved(np.asarray(alpha, np.float32), edge)
    feather_px, erode_px = edge.feather * side, max(0.0, edge.erode) * side
    reach = erode_px + feather_px / 2
    padded = np.pad(alpha, 1)  # so that a mask touching the grid's edge is softened there too
    if reach >= 0.5:
        padded = np.asarray(cv2.erode(padded, _disk(reach)), np.float32)
    if feather_px >= 0.5:
        padded = _blurred(padded, feather_px / 4, edge)
    return np.minimum(padded[1:-1, 1:-1], alpha)


def inside(grid_from_frame: Warp, crop_from_frame: Warp, edge: Edge) -> NDArray[np.float32]:
    """1 well inside the converted crop, falling to 0 at its border, on the mask's grid."""
    grid, crop = grid_from_frame.dst, crop_from_frame.dst
    crop_from_grid = crop_from_frame @ grid_from_frame.inverse()
    x, y = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    at = crop_from_grid.points(np.stack([x, y], -1)) / [crop.width, crop.height]
    distance = np.minimum(at, 1 - at).min(-1)
    width = edge.feather / 2 if edge.border is None else edge.border
    return np.clip(distance / max(width, 1e-3), 0.0, 1.0).astype(np.float32)


def _moved(alpha: NDArray[np.float32], edge: Edge) -> NDArray[np.float32]:
    """The mask with its edge outwards where that was asked for, and its sides moved."""
    side = alpha.shape[0]
    if -edge.erode * side >= 0.5:
        alpha = np.asarray(cv2.dilate(alpha, _disk(-edge.erode * side)), np.float32)
    sides = ((edge.top, 0, True), (edge.bottom, 0, False), (edge.left, 1, True))
    for share, axis, first in (*sides, (edge.right, 1, False)):
        n = round(abs(share) * side)
        if not n:
            continue
        kernel = np.ones((n + 1, 1) if axis == 0 else (1, n + 1), np.uint8)
        # a pixel stays where all those beyond it, towards that side, belong to the mask as well
        at = n if first == (share > 0) else 0
        anchor = (0, at) if axis == 0 else (at, 0)
        turn = cv2.erode if share > 0 else cv2.dilate
        moved: Any = turn(
            alpha, kernel, anchor=anchor, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,)
        )
        alpha = np.asarray(moved, np.float32)
    return alpha


def _disk(reach: float) -> NDArray[Any]:
    size = 2 * round(reach) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))


def _blurred(padded: NDArray[np.float32], sigma: float, edge: Edge) -> NDArray[np.float32]:
    """Blurred so often that all passes together are as wide as `sigma`."""
    each = sigma / edge.passes**0.5
    # the odd width whose spread is nearest
    size = 2 * max(1, round(((12 * each**2 + 1) ** 0.5 - 1) / 2)) + 1
    for _ in range(edge.passes):
        if edge.blur == "box":
            made: Any = cv2.blur(padded, (size, size), borderType=cv2.BORDER_CONSTANT)
        else:
            made = cv2.GaussianBlur(padded, (0, 0), each, borderType=cv2.BORDER_CONSTANT)
        padded = np.asarray(made, np.float32)
    return padded
