"""Tone mapping: what was SDR comes back, PQ and HLG agree, depth stays, runs repeat."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.imaging.depth import eight_bit
from understudy.media import frames, light_of, probe
from understudy.media.colour.tonemap import ToneMap, rolled_off

GREYS = [(v, v, v) for v in (0, 16, 60, 118, 150, 180, 220, 255)]
# Two skins and four colours of the ColorChecker, 8-bit.
COLOURS = [
    (115, 82, 68),
    (180, 140, 122),
    (70, 148, 73),
    (56, 61, 150),
    (175, 54, 60),
    (90, 90, 20),
]
TRANSFER = {"pq": 16, "hlg": 18}


# The standards' numbers, not those of what is tested.
# BT.2087-0, table 2: linear BT.709 to linear BT.2020.
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])


def sdr_light(rgb: NDArray[Any]) -> NDArray[Any]:
    """8-bit Rec.709 on a BT.1886 display whose white is 203 cd/m2, in BT.2020 primaries."""
    return 203 * (np.asarray(rgb, float) / 255) ** 2.4 @ TO_2020.T


def pq(nits: NDArray[Any]) -> NDArray[Any]:
    """cd/m2 to PQ code values 0..1."""
    y = (np.clip(nits, 0, None) / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(nits: NDArray[Any]) -> NDArray[Any]:
    """cd/m2 of a 1000 cd/m2 display to HLG code values 0..1, gamma 1.2 undone on luminance."""
    shown = np.clip(nits, 0, None) / 1000
    luminance = np.maximum(shown @ LUMA_2020, 1e-12)[..., None]
    scene = shown * luminance ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


def as_hdr(rgb: NDArray[Any], curve: str) -> NDArray[np.uint16]:
    """8-bit Rec.709 as 16-bit code values of this curve."""
    code = {"pq": pq, "hlg": hlg}[curve](sdr_light(rgb))
    return np.rint(np.clip(code, 0, 1) * 65535).astype(np.uint16)


def lab(rgb: NDArray[Any]) -> NDArray[Any]:
    """8-bit Rec.709 (gamma 2.4) to CIELAB, D65."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = (np.asarray(rgb, float) / 255) ** 2.4 @ to_xyz.T / to_xyz.sum(1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def chart() -> np.ndarray:
    patches = np.array([*GREYS, *COLOURS, *GREYS[1:3]], np.uint8).reshape(4, 4, 3)
    return np.kron(patches, np.ones((16, 16, 1), np.uint8))


def middles(pixels: np.ndarray) -> np.ndarray:
    return pixels[8::16, 8::16].reshape(-1, 3)


@pytest.fixture
def hdr_clip(make_clip):
    def make(curve: str, picture: np.ndarray, **kwargs):
        kwargs.setdefault("codec", "libx264")
        tags = {"color_primaries": 9, "color_trc": TRANSFER[curve], "colorspace": 9}
        return make_clip(
            f"{curve}.mp4",
            kwargs.pop("n", 2),
            size=picture.shape[1::-1],
            pixel_format=kwargs.pop("pixel_format", "yuv444p10le"),
            options=kwargs.pop("options", {"qp": "0"}),
            draw=lambda _: as_hdr(picture, curve),
            matrix=9,
            tags={**tags, "color_range": 1},
            **kwargs,
        )

    return make


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_what_was_sdr_comes_back_from_hdr(hdr_clip, curve):
    info = probe(hdr_clip(curve, chart()))
    assert light_of(info) == curve and info.bits == 10
    found, wanted = middles(next(frames(info)).pixels), middles(chart())
    off = np.linalg.norm(lab(found) - lab(wanted), axis=1)
    below_knee = wanted.max(1) <= 179
    assert off[below_knee].max() < 1.5, "greys, skin and colours below the knee stay"
    assert np.all(np.diff(found[:8, 1].astype(int)) > 0), "a grey ramp keeps rising above it"
    assert 226 <= found[7, 1] <= 234, "diffuse white leaves room for highlights"


def test_pq_and_hlg_of_one_scene_give_one_picture(hdr_clip):
    both = [next(frames(probe(hdr_clip(c, chart())))).pixels.astype(int) for c in ("pq", "hlg")]
    assert np.abs(middles(both[0]) - middles(both[1])).max() <= 2


def test_hevc_main10_with_subsampled_chroma(hdr_clip, people):
    actor = people.a[0]
    path = hdr_clip(
        "pq",
        actor,
        codec="libx265",
        pixel_format="yuv420p10le",
        options={
            "crf": "6",
            "preset": "ultrafast",
            "x265-params": "log-level=error:bframes=0:frame-threads=1:pools=none",
        },
    )
    found = next(frames(probe(path))).pixels
    off = np.linalg.norm(lab(found) - lab(actor), axis=-1)
    assert off[actor.max(-1) < 180].mean() < 2


def test_highlights_roll_off_and_end_at_white():
    nits = np.linspace(0, 1000, 2001)
    out = rolled_off(nits)
    assert np.allclose(out[nits < 87], nits[nits < 87])
    assert np.all(np.diff(out) > 0) and out[-1] == pytest.approx(203)
    top = np.full((1, 1, 3), 65535, np.uint16)
    assert ToneMap("pq", 9)(top, np.uint8).tolist() == [[[255, 255, 255]]]
    assert ToneMap("hlg", None)(top, np.uint16).min() >= 65534


def test_tone_mapping_keeps_depth_and_repeats_itself(hdr_clip):
    ramp = np.repeat(np.linspace(0, 255, 1024)[None, :, None], 3, 2).repeat(16, 0)
    info = probe(hdr_clip("pq", ramp, n=6))
    whole = list(frames(info, depth="native"))
    assert whole[0].pixels.dtype == np.uint16
    assert len(np.unique(whole[0].pixels[8, :, 1])) > 300, "more steps than 8 bits have"
    again = list(frames(info, start=whole[4].at, depth="native"))
    np.testing.assert_array_equal(again[0].pixels, whole[4].pixels)
    narrow = next(frames(info)).pixels.astype(int)
    assert np.abs(narrow - eight_bit(whole[0].pixels)).max() <= 1


def test_rec709_may_be_assumed(hdr_clip):
    info = probe(hdr_clip("pq", chart()))
    raw = middles(next(frames(info, assume_colour="rec709")).pixels).astype(int)
    signal = middles(as_hdr(chart(), "pq")) / 257
    assert np.abs(raw - signal).max() <= 2
