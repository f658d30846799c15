"""How sharp and of which colour a face was filmed, in a few numbers that are kept with it.

Sharpness is the energy of the finest octave of a small picture of eyes, nose and mouth, as a share
of its contrast, so that light and exposure do not count. The picture has one size for all faces, so
that one which was small in its frame is as blurred here as it would be for a model that learns.

Source: the variance of the Laplacian as a measure of focus is J. L. Pech-Pacheco et al., "Diatom
autofocusing in brightfield microscopy", ICPR 2000.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import INNER
from understudy.imaging.depth import to_unit
from understudy.imaging.resample import resize

SHARPNESS = "sharpness"
COLOUR = ("red", "green", "blue")
"""Names in `Face.quality`."""
_SIDE = 64
"""Less would not tell a small face from a large one, more would cost more than it tells."""
_FINE, _COARSE = 0.8, 2.0
"""Sigmas: below the first lies the finest octave, above the second what counts as contrast."""
_LEAST_CONTRAST = 1.0


def filmed(pixels: NDArray[Any], landmarks: NDArray[np.floating]) -> dict[str, float]:
    """What is kept of a face: its sharpness, and its mean colour, 0..1, by their names.

    Args:
        pixels: (h, w, 3) uint8 RGB, the frame.
        landmarks: (68, 2) frame pixels.
    """
    part = _part(pixels, landmarks)
    if min(part.shape[:2]) < 2:
        return {SHARPNESS: 0.0}
    mean = to_unit(resize(part, (1, 1)))[0, 0]
    colour = {name: float(level) for name, level in zip(COLOUR, mean, strict=True)}
    return {SHARPNESS: _detail(part), **colour}


def sharpness(pixels: NDArray[Any], landmarks: NDArray[np.floating]) -> float:
    """Finest detail of a face beside its contrast; 0 of a face that lies beside the frame.

    The square is not turned with the face, which costs a tenth and tells the same.

    Args:
        pixels: (h, w, 3) uint8 RGB, the frame.
        landmarks: (68, 2) frame pixels.
    """
    part = _part(pixels, landmarks)
    return _detail(part) if min(part.shape[:2]) >= 2 else 0.0


def _part(pixels: NDArray[Any], landmarks: NDArray[np.floating]) -> NDArray[Any]:
    """The frame's square around eyes, nose and mouth, as far as it lies in the frame."""
    inner = np.asarray(landmarks, np.float64)[INNER]
    low, high = inner.min(0), inner.max(0)
    half = float((high - low).max()) / 2
    left, top = np.maximum(np.floor((low + high) / 2 - half), 0).astype(int)
    right, bottom = np.ceil((low + high) / 2 + half).astype(int)
    return pixels[top : max(bottom, 0), left : max(right, 0)]


def _detail(part: NDArray[Any]) -> float:
    # green alone: most of what is seen as light, at a third of the cost
    green = np.ascontiguousarray(part[..., 1])
    grey = resize(green, (_SIDE, _SIDE), "cubic").astype(np.float32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), _FINE)
    coarse = cv2.GaussianBlur(grey, (0, 0), _COARSE)
    return float(fine.std() / max(float(coarse.std()), _LEAST_CONTRAST))
