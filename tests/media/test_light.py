"""HDR and log footage is recognised, and refused where it cannot be served rightly."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.errors import MediaError, ValueRefused
from understudy.imaging.depth import eight_bit
from understudy.media import check_readable, check_writable, frames, light_of, probe
from understudy.media.colour.light import is_hdr


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_hdr_may_be_read_and_written(make_clip, curve):
    tags = {"color_primaries": 9, "color_trc": {"pq": 16, "hlg": 18}[curve], "colorspace": 9}
    info = probe(make_clip(pixel_format="yuv420p10le", matrix=9, tags=tags))
    assert light_of(info) == curve
    check_readable(info)
    check_writable(info)
    assert is_hdr(info)
    assert not is_hdr(info, "rec709")


@pytest.mark.parametrize(
    "tags,metadata,name",
    [
        ({"color_trc": 9}, {}, "transfer 9"),
        ({"color_trc": 10}, {}, "transfer 10"),
        ({}, {"com.arri.camera.ColorGammaSxS": "LOG-C"}, "LOG-C"),
        ({}, {"com.dji.camera.ColorGammaSxS": "D-Log2"}, "D-Log2"),
        ({}, {"com.apple.quicktime.camera.log": "Apple Log"}, "Apple Log"),
    ],
)
def test_log_footage_is_refused_by_name(make_clip, tags, metadata, name):
    path = make_clip(
        "log.mov",
        tags=tags,
        metadata=metadata,
        container_options={"movflags": "use_metadata_tags"},
    )
    info = probe(path)
    assert light_of(info) == "log"
    with pytest.raises(MediaError, match=rf"{name}.*LUT.*--assume-colour rec709"):
        next(frames(info))
    assert len(list(frames(info, assume_colour="rec709"))) == 12


@pytest.mark.parametrize("where", ["beside", "inside"])
@pytest.mark.parametrize("gamma,light", [("s-log3-cine", "log"), ("rec709-xvycc", "sdr")])
def test_sonys_xml_names_the_curve(make_clip, where, gamma, light):
    path = make_clip("C0001.MP4")
    xml = f'<Item name="CaptureGammaEquation" value="{gamma}"/>'.encode()
    if where == "beside":
        path.with_name("C0001M01.XML").write_bytes(xml)
    else:
        box = (len(xml) + 8).to_bytes(4) + b"free" + xml
        path.write_bytes(path.read_bytes() + box)
    info = probe(path)
    assert light_of(info) == light
    assert info.camera_curve == ("s-log3" if light == "log" else "")


@pytest.mark.parametrize(
    "metadata",
    [
        {"title": "my S-Log3 test"},
        {"comment": "V-Log"},
        {"com.dji.camera.ColorGammaSxS": "Rec.709"},
    ],
)
def test_words_about_log_are_no_curve(make_clip, metadata):
    options = {"movflags": "use_metadata_tags"}
    info = probe(make_clip("x.mov", metadata=metadata, container_options=options))
    assert light_of(info) == "sdr"


def test_wide_primaries_without_a_curve_are_refused(make_clip):
    tags = {"color_primaries": 9, "colorspace": 9}
    deep = make_clip("deep.mov", tags=tags, pixel_format="yuv420p10le", matrix=9)
    with pytest.raises(MediaError, match=r"BT\.2020.*does not say its curve"):
        check_readable(probe(deep))
    check_readable(probe(make_clip("plain.mov", tags=tags, matrix=9)))


def test_hdr_with_unknown_primaries_is_refused(make_clip):
    path = make_clip(tags={"color_primaries": 8, "color_trc": 16}, pixel_format="yuv420p10le")
    with pytest.raises(MediaError, match="code 8"):
        check_readable(probe(path))


def test_eight_bit_rounds_to_the_nearest():
    every = np.arange(65536, dtype=np.uint16).reshape(128, 512)
    np.testing.assert_array_equal(eight_bit(every), np.rint(every / 257))
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(eight_bit(levels.astype(np.uint16) * 257), levels)
    assert eight_bit(levels) is levels
    assert eight_bit(np.zeros((4, 5, 3), np.uint16)).shape == (4, 5, 3)
    with pytest.raises(ValueRefused, match="float32"):
        eight_bit(np.zeros(3, np.int32))
