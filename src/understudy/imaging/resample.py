"""The one resampler: pictures and masks brought onto another pixel grid.

Convention: pixel i covers [i, i+1), as in `geometry.space`; OpenCV counts centres as integers, and
gets its matrices shifted accordingly, here and nowhere else. So warping by 1/2 to 1/6 equals the
mean of 2 x 2, 3 x 3 ... pixels, and warping by 2 equals `cv2.resize` but for the last place.

Where a picture shrinks by more than half a pixel to each pixel, the finer grid that divides each
pixel of the result is sampled, and its mean taken: no detail is lost or turned into jitter by where
samples happen to fall. Networks that learnt from pictures sampled otherwise get theirs with
`antialias=False`.

A mean of samples is smooth, and a face that comes back from a finer grid has been softened once
already. `fit_image` brings it back with all that the coarser grid can hold.
"""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Space, Warp

Interpolation = Literal["nearest", "linear", "cubic", "area"]
"""Between pixels that move apart; "area" is OpenCV's own mixture, as MTCNN's nets expect it."""
Border = Literal["black", "edge"]
"""What lies beyond the picture: 0, or its last pixel again."""

_FLAGS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
}
_BORDERS = {"black": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE}
_PASSES = 4 / 3
"""Highest frequency that `fit_image` keeps, in those that the coarser grid can hold. A filter that
stopped at 1 would take a third of what lies just below, and grain lies there; what lies between 1
and 4/3 comes back weakly as the finest detail, where nobody sees it."""
_FINEST = 6
"""Samples a side of a result's pixel; beyond it the picture is shrunk by whole pixels first."""


def resize(
    image: NDArray[Any], size_wh: tuple[int, int], interpolation: Interpolation = "linear"
) -> NDArray[Any]:
    """Scale all of a picture onto another grid; where it shrinks, each pixel is a mean.

    Args:
        image: (h, w) or (h, w, c) uint8, uint16 or float32.
        size_wh: width and height of the result in pixels.
        interpolation: where it grows.

    Returns:
        The same dtype.
    """
    shrinks = size_wh[0] * size_wh[1] < image.shape[0] * image.shape[1]
    flag = cv2.INTER_AREA if shrinks else _FLAGS[interpolation]
    return cv2.resize(image, size_wh, interpolation=flag)


def warp_image(
    image: NDArray[Any],
    dst_from_src: Warp,
    interpolation: Interpolation = "linear",
    border: Border = "black",
    antialias: bool = True,
) -> NDArray[Any]:
    """Bring a picture onto another grid; where it shrinks, each pixel is a mean.

    Args:
        image: (h, w) or (h, w, c) uint8, uint16 or float32 on the source grid.
        dst_from_src: an affine warp.
        interpolation: where it does not shrink; means are taken of linear samples.
        border: what lies beyond the picture.
        antialias: False samples at the centres of pixels alone, however far they are apart.

    Returns:
        (h, w) or (h, w, c) of the same dtype on the target grid.
    """
    matrix, size_wh = dst_from_src.matrix, dst_from_src.dst.size_wh
    finer = max(1, round(1 / dst_from_src.scale)) if antialias else 1
    if finer > _FINEST:
        by = 2 * finer // _FINEST
        image, matrix = _shrunk(image, matrix, by)
        finer = round(1 / (by * dst_from_src.scale))
    if finer == 1:
        return _sampled(image, matrix, size_wh, interpolation, border)
    fine_wh = (size_wh[0] * finer, size_wh[1] * finer)
    fine = _sampled(image, np.diag([finer, finer, 1.0]) @ matrix, fine_wh, "linear", border)
    return cv2.resize(fine, size_wh, interpolation=cv2.INTER_AREA)


def crop_image(pixels: NDArray[Any], crop_from_frame: Warp) -> NDArray[Any]:
    """Cut a crop out of a frame, sharply where it grows and smoothly where it shrinks.

    Args:
        pixels: (h, w, 3) uint8, uint16 or float32 RGB.
        crop_from_frame: the warp to the crop's grid.

    Returns:
        (c, c, 3) of the same dtype; beyond the frame its edge is repeated.
    """
    return warp_image(pixels, crop_from_frame, "cubic", "edge")


def fit_image(image: NDArray[Any], dst_from_src: Warp) -> NDArray[np.float32]:
    """Bring a made picture onto the grid it is composited on, without loss of what that can hold.

    Where the picture shrinks, frequencies that the target has no pixels for are filtered out of
    it first (a sinc in a window of Lanczos, three lobes), then it is sampled by cubics. So a crop
    that was cut out finer than its frame comes back as it was, grain included.

    Args:
        image: (h, w) or (h, w, c) on the source grid; floats.
        dst_from_src: an affine warp.

    Returns:
        (h, w) or (h, w, c) float32 on the target grid; beyond the picture its edge is repeated.
        It may overshoot the picture's range at sharp edges.
    """
    image = np.asarray(image, np.float32)
    pitch = 1 / (_PASSES * dst_from_src.scale)
    if pitch > 1:
        taps = _low_pass(pitch)
        image = cv2.sepFilter2D(image, -1, taps, taps, borderType=cv2.BORDER_REPLICATE)
    size_wh = dst_from_src.dst.size_wh
    fitted = _sampled(image, dst_from_src.matrix, size_wh, "cubic", "edge")
    return np.asarray(fitted, np.float32)


def _low_pass(pitch: float, lobes: int = 3) -> NDArray[np.float32]:
    """Weights, adding up to one, that keep periods of more than twice `pitch` pixels."""
    reach = int(np.ceil(lobes * pitch))
    at = np.arange(-reach, reach + 1) / pitch
    weights = np.where(np.abs(at) < lobes, np.sinc(at) * np.sinc(at / lobes), 0.0)
    return (weights / weights.sum()).astype(np.float32)


def _shrunk(
    image: NDArray[Any], matrix: NDArray[np.float64], by: int
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The picture a whole number of times smaller, and the matrix from its pixels."""
    height, width = image.shape[:2]
    small_wh = (max(1, round(width / by)), max(1, round(height / by)))
    small = cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA)
    src_from_small = np.diag([width / small_wh[0], height / small_wh[1], 1.0])
    return small, matrix @ src_from_small


def _sampled(
    image: NDArray[Any],
    matrix: NDArray[np.float64],
    size_wh: tuple[int, int],
    interpolation: Interpolation,
    border: Border,
) -> NDArray[Any]:
    height, width = image.shape[:2]
    dst_from_src = Warp(matrix, Space("src", width, height), Space("dst", *size_wh))
    return cv2.warpAffine(
        image,
        dst_from_src.index_matrix[:2],
        size_wh,
        flags=_FLAGS[interpolation],
        borderMode=_BORDERS[border],
    )
