"""What a lens, a sensor and a codec do to a picture, done to a face that was made without them.

Convention: pictures are (h, w, 3) float32 RGB 0..1 at the frame's own resolution; sizes in pixels.
"""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.imaging.resample import resize

Sharpening = Literal["none", "box", "gaussian", "unsharp"]
OCTAVES = 2
"""Scales of noise: single pixels, and pairs of them, which is where codecs leave it."""
N_TEXTURE = 3 * OCTAVES + 1
_YCC = np.array([[0.299, 0.587, 0.114], [0.5, -0.4187, -0.0813], [-0.1687, -0.3313, 0.5]])
_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""Source: J. Immerkaer, "Fast noise variance estimation", CVIU 64, 1996: it answers to no plane."""
_TO_SIGMA = 1.4826
_SLIGHT = 0.016
"""What unsharp masking takes for grain, and leaves alone."""
_MOST_BLUR_PX = 3.0
_SOFTER = np.linspace(0.0, _MOST_BLUR_PX, 13)


def texture_of(picture: NDArray[Any], within: NDArray[Any]) -> NDArray[np.float64]:
    """How grainy and how sharp a picture is.

    Args:
        picture: of a face.
        within: (h, w) float32 0..1; looked at where it is above a half.

    Returns:
        (7,) float64: standard deviations of the noise of Y, Cr and Cb in single pixels, the same in
        pairs of pixels, and how steep edges are, per pixel; zeros where there is nothing to see.
    """
    found = np.zeros(N_TEXTURE)
    planes: Any = cv2.transform(np.asarray(picture, np.float32), _YCC)
    mask = np.asarray(within, np.float32)
    for octave in range(OCTAVES):
        inside = cv2.erode((mask > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if inside.sum() < 64:
            break
        response = np.abs(cv2.filter2D(planes, -1, _NOISE))[inside]
        # the median: features are few, noise is everywhere
        found[3 * octave : 3 * octave + 3] = _TO_SIGMA * np.median(response, axis=0)
        if octave == 0:
            luma = np.ascontiguousarray(planes[..., 0])
            found[-1] = _steepness(luma, inside)
        half = (max(1, mask.shape[1] // 2), max(1, mask.shape[0] // 2))
        planes, mask = resize(planes, half), resize(mask, half)
    return found


def softened_to(
    picture: NDArray[Any], within: NDArray[Any], steepness: float
) -> tuple[NDArray[Any], float]:
    """The picture, blurred until its edges are no steeper than those of its surroundings.

    Args:
        picture: of a face.
        within: where it is looked at, see `texture_of`.
        steepness: the last number of the plate's `texture_of`.

    Returns:
        The picture, and by how many pixels (sigma) it was blurred; at most 3.
    """
    inside = within > 0.5
    if steepness <= 0 or inside.sum() < 64:
        return picture, 0.0
    luma = np.ascontiguousarray(cv2.transform(np.asarray(picture, np.float32), _YCC[:1]))
    low, high = 0, len(_SOFTER) - 1
    while low < high:
        middle = (low + high) // 2
        if _steepness(blurred(luma, float(_SOFTER[middle])), inside) <= steepness:
            high = middle
        else:
            low = middle + 1
    sigma = float(_SOFTER[low])
    return blurred(picture, sigma), sigma


def blurred(picture: NDArray[Any], sigma: float) -> NDArray[Any]:
    """Like a lens or a codec that is not sharp; up to a fifth of a pixel nothing changes."""
    if sigma < 0.2:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def sharpened(
    picture: NDArray[Any], how: Sharpening, amount: float, radius_px: float
) -> NDArray[Any]:
    """Edges made steeper by what a blur takes away.

    Args:
        picture: of a face.
        how: whether the blur is a box or a bell; "unsharp" is a bell that leaves slight
            differences, such as grain, alone.
        amount: how much of it is added.
        radius_px: of the blur.
    """
    if how == "none" or amount <= 0:
        return picture
    if how == "box":
        side = 2 * max(1, round(radius_px)) + 1
        soft: Any = cv2.blur(picture, (side, side), borderType=cv2.BORDER_REPLICATE)
    else:
        soft = cv2.GaussianBlur(picture, (0, 0), radius_px, borderType=cv2.BORDER_REPLICATE)
    detail = picture - soft
    if how == "unsharp":
        detail = np.sign(detail) * np.maximum(np.abs(detail) - np.float32(_SLIGHT), 0)
    return np.asarray(np.clip(picture + np.float32(amount) * detail, 0, 1), np.float32)


def streaked(picture: NDArray[Any], along_px: NDArray[np.floating]) -> NDArray[Any]:
    """Smeared along a way, as a shutter that stays open does.

    Args:
        picture: of a face.
        along_px: (2,) x, y that the face moves while it is open; below a pixel nothing changes.
    """
    length = float(np.hypot(*along_px))
    if length < 1:
        return picture
    reach = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    steps = 4 * int(np.ceil(length)) + 1
    for share in np.linspace(-0.5, 0.5, steps):
        x, y = share * np.asarray(along_px, np.float64) + reach
        left, top = int(x), int(y)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            kernel[top + dy, left + dx] += (1 - abs(x - left - dx)) * (1 - abs(y - top - dy))
    kernel /= kernel.sum()
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE))


def grained(
    picture: NDArray[Any], missing: NDArray[np.floating], seed: tuple[int, int]
) -> NDArray[Any]:
    """The picture with noise of its own.

    Args:
        picture: of a face.
        missing: (6,) standard deviations as in `texture_of`, of the noise that is added.
        seed: of this face in this frame; the same gives the same noise.
    """
    if not np.any(missing > 1e-4):
        return picture
    height, width = picture.shape[:2]
    rng = np.random.default_rng(seed)
    noise = np.zeros((height, width, 3), np.float32)
    for octave in range(OCTAVES):
        coarse = 2**octave
        size = (-(-height // coarse), -(-width // coarse), 3)
        one: Any = rng.standard_normal(size, np.float32)
        one *= missing[3 * octave : 3 * octave + 3].astype(np.float32)
        if octave:
            one = resize(one, (coarse * size[1], coarse * size[0]), "cubic")
        noise += one[:height, :width]
    added: Any = cv2.transform(noise, np.linalg.inv(_YCC))
    return np.asarray(np.clip(picture + added, 0, 1), np.float32)


def missing_grain(plate: NDArray[np.floating], face: NDArray[np.floating]) -> NDArray[np.floating]:
    """(6,) the noise that makes one texture as grainy as another; none where it is already.

    Args:
        plate: (7,) from `texture_of`, what is to be reached.
        face: (7,) what is there.
    """
    have, want = face[:-1] ** 2, plate[:-1] ** 2
    gap = np.maximum(want - have, 0.0)
    # half of the noise of single pixels is still there in pairs of them
    gap[3:] = np.maximum(gap[3:] - gap[:3] / 4, 0.0)
    found: NDArray[np.floating] = np.sqrt(gap)
    return found


def _steepness(luma: NDArray[Any], inside: NDArray[np.bool_]) -> float:
    """How steep the steepest edges are: where features are, and not grain."""
    # a blur of one pixel first, so that noise is no edge
    smooth = blurred(luma, 1.0)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    size = np.hypot(across, down)[inside]
    contrast = float(np.ptp(np.quantile(smooth[inside], (0.02, 0.98))))
    return float(np.quantile(size, 0.95)) / max(contrast, 1e-3) / 8
