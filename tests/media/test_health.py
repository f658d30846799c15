"""What costs quality is named, and clean sources get no remark."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from understudy.imaging.png import encode_png
from understudy.media import colour_differences, frames, probe, remarks
from understudy.media.health import LOW_BITS, bits_per_pixel


def noise(index: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def kinds(info) -> list[str]:
    return [remark.kind for remark in remarks(info)]


@pytest.mark.parametrize(
    "codec,options,order",
    [
        ("libx264", {"x264-params": "tff=1"}, "top"),
        ("libx264", {"x264-params": "bff=1"}, "bottom"),
        ("libx264", {}, "progressive"),
        ("mpeg2video", {"flags": "+ildct+ilme"}, "interlaced"),
    ],
)
def test_field_order(make_clip, codec, options, order):
    info = probe(make_clip(codec=codec, options=options))
    assert info.field_order == order
    found = [r for r in remarks(info) if r.kind == "interlaced"]
    assert len(found) == (order != "progressive")
    for remark in found:
        assert "deinterlace" in str(remark) and (order == "interlaced") != (
            order in str(remark)[20:40]
        )


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_low_bitrate(make_clip, name):
    flat = make_clip("flat_" + name, n=100, draw=lambda _: np.full((48, 64, 3), 90, np.uint8))
    rich = make_clip("rich_" + name, n=10, draw=noise)
    poor, good = probe(flat), probe(rich)
    bits = bits_per_pixel(poor)
    whole = flat.stat().st_size * 8 / (100 * 64 * 48)
    assert bits is not None and bits <= whole * 1.05
    assert "low-bitrate" not in kinds(good)
    starved = dataclasses.replace(poor, width=1280, coded_width=1280)
    (remark,) = remarks(starved)
    assert remark.kind == "low-bitrate" and remark.value == bits_per_pixel(starved)
    assert remark.value < LOW_BITS["h264"] and "0.03" in str(remark)


def test_pixel_aspect(make_clip):
    square = probe(make_clip(n=50, draw=noise))
    assert kinds(square) == []
    for aspect, size in (
        (Fraction(64, 45), (91, 48)),
        (Fraction(8, 9), (64, 54)),
        (Fraction(200, 201), (64, 48)),
        (Fraction(1000), (64, 48)),  # a mistake of the file
    ):
        own = dataclasses.replace(square, sample_aspect=aspect)
        info = own.squared()
        assert (info.width, info.height) == size
        assert next(frames(info)).pixels.shape == (size[1], size[0], 3)
        assert kinds(own) == [], "nothing of it costs quality"


@pytest.mark.parametrize("transfer,kind", [(16, "hdr"), (18, "hdr"), (9, "log"), (1, None)])
def test_light(make_clip, transfer, kind):
    info = probe(make_clip(draw=noise, tags={"color_trc": transfer}))
    assert kinds(info) == ([kind] if kind else [])


def test_colour_differences_of_one_side(make_clip, tmp_path):
    tagged = {"colorspace": 1, "color_primaries": 1, "color_trc": 1, "color_range": 1}
    hd = probe(make_clip("hd.mp4", tags=tagged))
    assert colour_differences([hd, hd]) == [] and colour_differences([]) == []
    same = probe(make_clip("same.mp4", tags={"colorspace": 1, "color_trc": 6}))
    assert colour_differences([hd, same]) == []
    other = probe(
        make_clip(
            "other.mp4",
            pixel_format="yuv420p10le",
            tags={"colorspace": 9, "color_primaries": 9, "color_trc": 16, "color_range": 2},
        )
    )
    words = [str(remark) for remark in colour_differences([hd, other, same])]
    aspects = ["primaries", "transfer", "matrix", "range", "bit depth"]
    assert [next(a for a in aspects if f"differ in {a}:" in w) for w in words] == aspects
    assert "BT.709 in hd.mp4, same.mp4; PQ in other.mp4" in words[1]
    (tmp_path / "stills").mkdir()
    (tmp_path / "stills/1.png").write_bytes(encode_png(noise(0)))
    assert colour_differences([hd, probe(tmp_path / "stills")]) == []


def test_long_lists_of_names_are_cut(make_clip):
    sd = probe(make_clip("a.mp4"))
    hd = dataclasses.replace(sd, coded_width=1920)
    (remark,) = colour_differences([sd, hd, hd, hd, hd, hd])
    assert "a.mp4, a.mp4, a.mp4 and 2 more" in str(remark) and remark.value == 2
