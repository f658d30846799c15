from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import MediaError, ValueRefused
from understudy.media import ColourTags, encode_segment, frames, probe
from understudy.media.colour.rgb import FromRgb, ToRgb, check_matrix
from understudy.media.encode import output_colour
from understudy.media.info import MediaInfo

# kr, kb of H.273 for the matrices, written down here rather than taken from what is tested.
WEIGHTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593), 7: (0.212, 0.087)}


def yuv(rgb, matrix, full):
    """(..., 3) float YUV of 8-bit RGB, straight from the standard's equations."""
    kr, kb = WEIGHTS[matrix]
    r, g, b = (np.asarray(rgb, float)[..., i] / 255 for i in range(3))
    y = kr * r + (1 - kr - kb) * g + kb * b
    u, v = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    scale, foot, chroma = (255, 0, 255) if full else (219, 16, 224)
    return np.stack([foot + scale * y, 128 + chroma * u, 128 + chroma * v], -1)


def planes(frame):
    return [
        np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[: p.height, : p.width]
        for p in frame.planes
    ]


def patches(seed=0, side=16):
    colours = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    colours[0] = [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 0, 255)]
    return np.kron(colours, np.ones((side, side, 1), np.uint8))


@settings(deadline=None, max_examples=40)
@given(
    rgb=st.tuples(*[st.integers(0, 255)] * 3),
    matrix=st.sampled_from(sorted(WEIGHTS)),
    range_=st.sampled_from(["limited", "full"]),
    pixel_format=st.sampled_from(["yuv420p", "yuv444p"]),
)
def test_rgb_to_yuv_follows_the_standard(rgb, matrix, range_, pixel_format):
    frame = FromRgb(pixel_format, matrix, range_)(np.full((16, 16, 3), rgb, np.uint8))
    found = [int(p[4, 4]) for p in planes(frame)]
    expected = yuv(rgb, matrix, range_ == "full")
    assert np.abs(found - expected).max() <= 1.2


@pytest.mark.parametrize("matrix", sorted(WEIGHTS))
@pytest.mark.parametrize("range_", [1, 2])
def test_decoding_gives_the_colours_that_went_in(make_clip, matrix, range_):
    image = patches()
    sws = {1: 1, 6: 5, 9: 9, 7: 7}[matrix]
    path = make_clip(
        n=2,
        draw=lambda _: image,
        pixel_format="yuv444p",
        options={"qp": "0"},
        matrix=sws,
        range_=range_,
        tags={"colorspace": matrix, "color_range": range_},
    )
    info = probe(path)
    assert info.effective_matrix == matrix
    found = next(frames(info)).pixels
    assert np.abs(found.astype(int) - image)[8::16, 8::16].max() <= 2


@pytest.mark.parametrize(
    "size,tags,expected",
    [
        ((64, 48), {}, (None, 6, "limited")),
        ((1280, 48), {}, (None, 1, "limited")),
        ((64, 48), {"colorspace": 1, "color_range": 1, "color_primaries": 1}, (1, 1, "limited")),
        ((64, 48), {"colorspace": 9, "color_trc": 16, "color_range": 1}, (None, 9, "limited")),
        ((64, 48), {"colorspace": 5, "color_range": 2}, (None, 5, "full")),
        ((63, 47), {"colorspace": 1, "color_range": 2}, (None, 1, "full")),
    ],
)
def test_output_keeps_luma_and_says_its_colour(make_clip, tmp_path, size, tags, expected):
    image = np.resize(patches(3, 16), (48, 64, 3))
    canvas = np.tile(image, (1, 20, 1))[: size[1], : size[0]]
    matrix = {6: 5, 5: 5}.get(expected[1], expected[1])
    range_ = 2 if expected[2] == "full" else 1
    odd = {"pixel_format": "yuv444p"} if size[0] % 2 else {}
    path = make_clip(
        n=3, size=size, draw=lambda _: canvas, matrix=matrix, range_=range_, tags=tags, **odd
    )
    info = probe(path)
    found = list(frames(info, assume_colour="rec709"))
    encode_segment(tmp_path / "out", found, info)
    out = probe(tmp_path / "out")
    assert (out.colour.primaries, out.colour.matrix, out.colour.range) == expected
    assert out.colour.transfer == info.colour.transfer
    with av.open(str(path)) as a, av.open(str(tmp_path / "out")) as b:
        luma = [planes(next(c.decode(video=0)))[0].astype(int) for c in (a, b)]
    assert np.abs(luma[0] - luma[1])[8::16, 8::16].max() <= 2


def test_images_become_limited_yuv_with_the_matrix_of_their_size():
    small = _info(640, 480)
    assert output_colour(small) == ColourTags(matrix=6, range="limited")
    assert output_colour(_info(1920, 1080)) == ColourTags(matrix=1, range="limited")


def test_a_matrix_that_cannot_be_converted_is_refused():
    with pytest.raises(MediaError, match="code 14"):
        check_matrix(_info(64, 48, ColourTags(matrix=14), "yuv420p"))


def test_float_frames_are_refused():
    with pytest.raises(ValueRefused, match="float32"):
        FromRgb("yuv420p", 1, "limited")(np.zeros((4, 4, 3), np.float32))


def _info(width, height, colour=None, pixel_format="rgb24"):
    from fractions import Fraction

    return MediaInfo(
        path=Path("x"),
        kind="video",
        width=width,
        height=height,
        coded_width=width,
        coded_height=height,
        orientation=1,
        time_base=Fraction(1, 25),
        average_rate=None,
        start_pts=None,
        end_pts=None,
        n_frames=None,
        duration_s=None,
        colour=colour or ColourTags(range="full"),
        pixel_format=pixel_format,
        bits=8,
        codec="x",
        container="x",
    )


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "nv12", "gray"])
@pytest.mark.parametrize("size", [(64, 48), (63, 47), (130, 33)])
@pytest.mark.parametrize("matrix,range_", [(1, "limited"), (6, "full"), (9, "limited")])
def test_planar_conversion_equals_the_packed_one(pixel_format, size, matrix, range_):
    """The fast way through planes gives what swscale gives for packed RGB, to the bit."""
    frame = av.VideoFrame(*size, pixel_format)
    rng = np.random.default_rng(7)
    for plane in frame.planes:
        plane.update(rng.integers(0, 256, plane.buffer_size, dtype=np.uint8).tobytes())
    info = _info(*size, ColourTags(matrix=matrix, range=range_), pixel_format)
    sws = {1: 1, 6: 5, 9: 9}[matrix]
    packed = frame.reformat(
        format="rgb24",
        src_colorspace=sws,
        dst_colorspace=sws,
        src_color_range={"limited": 1, "full": 2}[range_],
        dst_color_range=2,
        interpolation=0x4 | 0x2000 | 0x4000 | 0x40000 | 0x80000,
        threads=1,
    )
    np.testing.assert_array_equal(ToRgb(info)(frame), packed.to_ndarray())
