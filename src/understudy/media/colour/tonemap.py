"""HDR to Rec.709: the same light gives the same picture, whatever file it comes from.

PQ (SMPTE ST 2084) and HLG (ARIB STD-B67) are decoded as in ITU-R BT.2100-2. Diffuse white is 203
cd/m2 in both and becomes Rec.709's, as ITU-R BT.2408-7 maps SDR into HDR, here the other way. So
what was SDR comes back unchanged up to the knee; above it the EETF of ITU-R BT.2390-11 (5.4.1)
rolls highlights off up to 1000 cd/m2. A file's own peak (mastering metadata) is not looked at: it
would give two takes of one face different tones.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

WHITE_NITS = 203.0
"""HDR reference white, BT.2408-7 table 1; it becomes (almost) Rec.709's white."""
PEAK_NITS = 1000.0
"""What HLG displays reach by BT.2100 and most PQ is graded for; light above it is clipped."""

_STRIP = 32
_ALMOST_NONE = np.float32(1e-14)  # rounds to code 0; a true 0 makes `pow` many times slower
_SDR_GAMMA = 2.4  # BT.1886 with a black of 0
_HLG_GAMMA = 1.2  # BT.2100 table 5, at 1000 cd/m2
_WHITE_XY = (0.3127, 0.3290)
_PRIMARIES_XY = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_LEVELS = np.arange(65536, dtype=np.float64) / 65535


class ToneMap:
    """HDR code values of one source to Rec.709 code values.

    Args:
        curve: of the source.
        primaries: H.273 code 1, 9 or 12; None is read as 9, BT.2100's own.
    """

    def __init__(self, curve: Literal["pq", "hlg"], primaries: int | None) -> None:
        source = to_xyz(primaries or 9)
        self._to_709 = (np.linalg.inv(to_xyz(1)) @ source).astype(np.float32)
        self._luminance = source[1:2].astype(np.float32) if curve == "hlg" else None
        decoded = pq_nits(_LEVELS) / WHITE_NITS if curve == "pq" else hlg_scene(_LEVELS)
        self._light = decoded.astype(np.float32)
        self._per_light = np.float32(65535 * WHITE_NITS / PEAK_NITS)
        nits = np.maximum(_LEVELS * PEAK_NITS, 1e-6)
        self._gain = (rolled_off(nits) / nits).astype(np.float32)

    def __call__(self, rgb: NDArray[Any], dtype: type[np.uint8] | type[np.uint16]) -> NDArray[Any]:
        """(h, w, 3) Rec.709 code values, full range of `dtype`, rounded to the nearest.

        The roll-off looks at the largest component and scales all three, so hue stays; what lies
        outside of Rec.709's primaries is clipped.

        Args:
            rgb: (h, w, 3) uint16 full-range code values of the source.
            dtype: of the result.
        """
        result = np.empty(rgb.shape, dtype)
        top = np.float32(np.iinfo(dtype).max)
        for row in range(0, len(rgb), _STRIP):  # what fits the cache goes through twice as fast
            part = self._mapped(rgb[row : row + _STRIP])
            part *= top
            result[row : row + _STRIP] = np.rint(part, out=part)
        return result

    def _mapped(self, rgb: NDArray[Any]) -> NDArray[np.float32]:
        import cv2

        light: NDArray[Any] = self._light.take(rgb)
        if self._luminance is not None:  # the HLG system gamma works on luminance
            system = cv2.pow(cv2.transform(light, self._luminance), _HLG_GAMMA - 1)
            light *= (system * np.float32(PEAK_NITS / WHITE_NITS))[..., None]
        light = cv2.transform(light, self._to_709)
        np.maximum(light, _ALMOST_NONE, out=light)
        largest = cv2.max(cv2.max(light[..., 0], light[..., 1]), light[..., 2])
        step = np.minimum(largest * self._per_light, 65535).astype(np.uint16)
        light *= self._gain.take(step)[..., None]
        codes: NDArray[Any] = cv2.pow(light, 1 / _SDR_GAMMA)
        return np.minimum(codes, 1, out=codes)


def pq_nits(code: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """SMPTE ST 2084: code values 0..1 to cd/m2."""
    m1, m2, c1, c2, c3 = _PQ
    root = np.power(code, 1 / m2)
    return 10000 * np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1)


def pq_code(nits: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """SMPTE ST 2084: cd/m2 to code values 0..1."""
    m1, m2, c1, c2, c3 = _PQ
    part = np.power(nits / 10000, m1)
    return np.power((c1 + c2 * part) / (1 + c3 * part), m2)


def hlg_scene(code: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """BT.2100 table 5: HLG code values 0..1 to scene light 0..1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)


def hlg_code(scene: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """BT.2100 table 5: HLG scene light 0..1 to code values 0..1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    high = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    return np.where(scene <= 1 / 12, np.sqrt(3 * np.maximum(scene, 0)), high)


def rolled_off(nits: NDArray[np.float64]) -> NDArray[np.floating[Any]]:
    """BT.2390-11 EETF: cd/m2 of a 1000 cd/m2 grade to a display of 203 cd/m2.

    Unchanged up to 87 cd/m2 (Rec.709 code 179 of 255), then a Hermite spline in PQ.
    """
    peak = pq_code(np.array(PEAK_NITS))
    e1 = pq_code(nits) / peak
    top = pq_code(np.array(WHITE_NITS)) / peak
    knee = 1.5 * top - 0.5
    t = (np.clip(e1, knee, 1) - knee) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * top
    )
    return pq_nits(np.where(e1 < knee, e1, spline) * peak) * np.ones_like(nits)


def to_xyz(primaries: int) -> NDArray[np.float64]:
    """Linear RGB with these primaries and D65 to CIE XYZ (SMPTE RP 177).

    Args:
        primaries: H.273 code 1, 9 or 12.
    """
    x, y = np.array(_PRIMARIES_XY[primaries]).T
    columns = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    wx, wy = _WHITE_XY
    white = np.array([wx / wy, 1, (1 - wx - wy) / wy])
    return columns * np.linalg.solve(columns, white)


_PQ = (2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32)
