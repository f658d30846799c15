"""What a film's code values show, and how a face that was made in Rec.709 goes back into them.

Models, masks and colour matching know Rec.709. A film that keeps its own light is converted in its
own code values: a face is looked at through the film's `Ground`, is made and matched there, and
comes back through the same curves the other way. Pixels it does not cover are never converted.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.imaging.composite import Patch, laid
from understudy.imaging.depth import largest, to_unit
from understudy.media.colour.cube import Cube
from understudy.media.colour.light import AssumeColour, is_hdr, light_of
from understudy.media.colour.lut import lut_of
from understudy.media.colour.tonemap import (
    PEAK_NITS,
    WHITE_NITS,
    ToneMap,
    hlg_code,
    hlg_scene,
    pq_code,
    pq_nits,
    rolled_off,
    to_xyz,
)
from understudy.media.info import MediaInfo

_LEVELS = np.arange(65536, dtype=np.float64) / 65535
_SDR_GAMMA = 2.4
_HLG_GAMMA = 1.2
_ALMOST_NONE = np.float32(1e-6)
_ALMOST_BLACK = np.float32(1e-9)
_FINE = 1 << 14
_ALIKE = np.float32(0.06)
"""By how much of 1 a face may differ from the film and still show the same thing."""


class Ground(Protocol):
    """A film's code values, which faces are laid on.

    Attributes:
        name: says how they are looked at; other pixels have another.
        curve: see `light.curve_kept`.
    """

    @property
    def name(self) -> str:
        """See the class."""

    @property
    def curve(self) -> str:
        """See the class."""

    def seen(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """A piece of the film as Rec.709.

        Args:
            pixels: (h, w, 3) code values as they are read from the film.

        Returns:
            (h, w, 3) uint8 or uint16.
        """

    def coded(self, face: NDArray[Any]) -> NDArray[Any]:
        """(h, w, 3) float32 code values of the film, 0..1, of a face in Rec.709, float32 0..1."""

    def laid(self, pixels: NDArray[Any], face: NDArray[Any], patch: Patch) -> NDArray[Any]:
        """A copy of a frame with a face over it; see `composite.laid`.

        Args:
            pixels: (h, w, 3) the frame's own code values.
            face: (h, w, 3) float32 0..1 in Rec.709, over the patch's window.
            patch: how far it covers the frame.
        """


class Rec709:
    """A film whose code values are looked at as they are."""

    name = "rec709"
    curve = ""

    def seen(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The pixels themselves; see `Ground.seen`."""
        return pixels

    def coded(self, face: NDArray[Any]) -> NDArray[Any]:
        """The face itself; see `Ground.coded`."""
        return face

    def laid(self, pixels: NDArray[Any], face: NDArray[Any], patch: Patch) -> NDArray[Any]:
        """A frame with a face over it, mixed in code values; see `Ground.laid`."""
        return laid(pixels, face, patch)


class HighRange:
    """PQ or HLG, looked at through `tonemap.ToneMap` and mixed in linear light.

    Light is linear in the film's own primaries: in PQ that of the display, in HLG that of the
    scene, each over what diffuse white has. What the tone map cannot hold, colours outside of
    Rec.709 and light above 1000 cd/m2, does not come back in a face. Near white a step of Rec.709
    is many cd/m2, so that a face's white would be a lamp where the film has none: it is held to the
    brightest that the film has in its place, or to diffuse white where that is more.

    Args:
        curve: of the film.
        primaries: H.273 code 1, 9 or 12; None is read as 9.
    """

    curve = "HDR"

    def __init__(self, curve: Literal["pq", "hlg"], primaries: int | None) -> None:
        self.name = f"{curve}-{primaries or 9}"
        self._curve, self._tone = curve, ToneMap(curve, primaries)
        source = to_xyz(primaries or 9)
        self._from_709 = (np.linalg.inv(source) @ to_xyz(1)).astype(np.float32)
        self._luminance = source[1:2].astype(np.float32)
        decoded = pq_nits(_LEVELS) / WHITE_NITS if curve == "pq" else hlg_scene(_LEVELS)
        self._light = decoded.astype(np.float32)
        # how much brighter than its Rec.709 light a face is, by its highest component's code value
        nits, left = np.linspace(0, PEAK_NITS, _FINE), np.maximum(_LEVELS, 1 / 65535) ** _SDR_GAMMA
        had = np.interp(left, rolled_off(nits) / WHITE_NITS, nits / WHITE_NITS)
        self._gain = (had / left).astype(np.float32)

    def seen(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Rec.709 by the tone map that the faces were found with, in 16 bits; see `Ground.seen`."""
        return self._tone(_sixteen(pixels), np.uint16)

    def coded(self, face: NDArray[Any]) -> NDArray[Any]:
        """The face in the film's code values; see `Ground.coded`."""
        return np.clip(self._encoded(self._linear(face, PEAK_NITS / WHITE_NITS)), 0, 1)

    def laid(self, pixels: NDArray[Any], face: NDArray[Any], patch: Patch) -> NDArray[Any]:
        """A frame with a face over it, mixed in linear light; see `Ground.laid`."""
        result = pixels.copy()
        covered = patch.alpha > 0
        if not covered.any():
            return result
        view = patch.window(result)
        had = view[covered][None]
        there = self._light.take(_sixteen(had))
        mixed = self._linear(face[covered][None], max(1.0, float(self._displayed(there).max())))
        mixed -= there
        mixed *= patch.alpha[covered][None, :, None]
        mixed += there
        # the way to light and back is no identity in float32: only what the face adds is added
        codes = self._encoded(mixed)
        codes -= self._encoded(there)
        codes *= largest(view.dtype)
        codes += had
        view[covered] = np.clip(np.rint(codes, out=codes), 0, largest(view.dtype))[0]
        return result

    def _linear(self, face: NDArray[Any], brightest: float) -> NDArray[Any]:
        """Linear light of a face in the film's primaries, see the class."""
        shown = np.clip(face, _ALMOST_NONE, 1)
        top = cv2.max(cv2.max(shown[..., 0], shown[..., 1]), shown[..., 2])
        light: NDArray[Any] = cv2.pow(shown, _SDR_GAMMA)
        gain = self._gain.take((top * np.float32(65535)).astype(np.uint16))
        gain = np.minimum(gain, np.float32(brightest) / cv2.pow(top, _SDR_GAMMA))
        light *= gain[..., None]
        light = cv2.transform(light, self._from_709)
        np.maximum(light, 0, out=light)
        return light if self._curve == "pq" else self._of_the_scene(light)

    def _of_the_scene(self, light: NDArray[Any]) -> NDArray[Any]:
        """HLG scene light 0..1 of display light over diffuse white: BT.2100's OOTF undone."""
        light *= np.float32(WHITE_NITS / PEAK_NITS)
        luminance = np.maximum(cv2.transform(light, self._luminance), _ALMOST_BLACK)
        light *= cv2.pow(luminance, (1 - _HLG_GAMMA) / _HLG_GAMMA)[..., None]
        return light

    def _displayed(self, light: NDArray[Any]) -> NDArray[Any]:
        """Display light over diffuse white of the film's linear light."""
        if self._curve == "pq":
            return light
        luminance = np.maximum(cv2.transform(light, self._luminance), _ALMOST_BLACK)
        system = cv2.pow(luminance, _HLG_GAMMA - 1)[..., None]
        return np.asarray(light * system * np.float32(PEAK_NITS / WHITE_NITS))

    def _encoded(self, light: NDArray[Any]) -> NDArray[Any]:
        """Code values 0..1 of the film's linear light."""
        code = pq_code(light * np.float32(WHITE_NITS)) if self._curve == "pq" else hlg_code(light)
        return np.asarray(code, np.float32)


class Log:
    """Log footage, looked at through its table; faces are mixed in its own code values.

    The way back is sought in numbers and misses by up to a level of 255, and where the table is
    flat nobody knows it. So where a face shows what the film shows, what was missed is added again:
    there the film comes back as it was.

    Args:
        cube: the table.
    """

    curve = "log"

    def __init__(self, cube: Cube) -> None:
        self.name, self._lut = f"lut-{cube.digest}", lut_of(cube)

    def seen(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Rec.709 by the table, in 16 bits; see `Ground.seen`."""
        return self._lut(pixels)

    def coded(self, face: NDArray[Any]) -> NDArray[Any]:
        """The face in the film's code values; see `Ground.coded`."""
        return self._lut.back(face)

    def laid(self, pixels: NDArray[Any], face: NDArray[Any], patch: Patch) -> NDArray[Any]:
        """A frame with a face over it; see `Ground.laid`."""
        covered = patch.alpha > 0
        if not covered.any():
            return pixels.copy()
        had = patch.window(pixels)[covered][None]
        there = to_unit(self._lut(had))
        shown = np.clip(face[covered][None], 0, 1)
        missed = to_unit(had) - self._lut.back(there)
        far = np.abs(shown - there).max(-1, keepdims=True) / _ALIKE
        new = self._lut.back(shown) + missed * np.maximum(1 - far, 0)
        coded = np.zeros((*patch.alpha.shape, 3), np.float32)
        coded[covered] = new[0]
        return laid(pixels, coded, patch)


def ground_of(info: MediaInfo, assume_colour: AssumeColour = "tags") -> Ground:
    """What a film's faces are laid on.

    Args:
        info: the film; its code values are those of `FilmReader` with "rec709".
        assume_colour: how its extraction took its colours.
    """
    if isinstance(assume_colour, Cube):
        return Log(assume_colour)
    if not is_hdr(info, assume_colour):
        return Rec709()
    return HighRange("pq" if light_of(info) == "pq" else "hlg", info.colour.primaries)


def _sixteen(pixels: NDArray[Any]) -> NDArray[np.uint16]:
    """Code values in 16 bits, where 65535 is the highest of any depth."""
    if pixels.dtype == np.uint16:
        return pixels
    return pixels.astype(np.uint16) * np.uint16(257)
