"""Pictures in depth and with alpha, read back by others."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.imaging.png import encode_png
from understudy.imaging.tiff import encode_tiff
from understudy.media import probe
from understudy.types import Frame, Timestamp
from understudy.write.exr import ExrWriter, linear_from_709
from understudy.write.options import ExrOptions, PngOptions, ProResOptions, TiffOptions
from understudy.write.png import PngWriter
from understudy.write.prores import ProResWriter
from understudy.write.tiff import TiffWriter

RNG = np.random.default_rng(3)
DEEP = RNG.integers(0, 65536, (31, 45, 3)).astype(np.uint16)
ALPHA = RNG.random((31, 45)).astype(np.float32)


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    folder = tmp_path_factory.mktemp("still")
    (folder / "0.png").write_bytes(encode_png(DEEP))
    return probe(folder)


def _frame(pixels=DEEP, alpha=None) -> Frame:
    return Frame(Timestamp(0, 0, Fraction(1, 25)), pixels, "0.png", alpha)


def _decoded(data: bytes, tmp_path, name: str, format_: str) -> np.ndarray:
    path = tmp_path / name
    path.write_bytes(data)
    with av.open(str(path)) as file:
        return next(file.decode(video=0)).to_ndarray(format=format_)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("samples", [3, 4])
def test_tiff_is_without_loss(kind, samples, tmp_path):
    pixels = np.dstack([DEEP, DEEP[..., :1]])[..., :samples]
    pixels = (pixels / 65535).astype(kind) if kind == np.float32 else pixels.astype(kind)
    if samples == 4 and kind != np.float32:  # OpenCV multiplies colours by alpha
        deep = {np.uint8: "rgba", np.uint16: "rgba64le"}[kind]
        assert np.array_equal(_decoded(encode_tiff(pixels), tmp_path, "a.tif", deep), pixels)
        return
    back = cv2.imdecode(np.frombuffer(encode_tiff(pixels, "says"), np.uint8), cv2.IMREAD_UNCHANGED)
    assert back.dtype == kind
    turn = cv2.COLOR_BGR2RGB if samples == 3 else cv2.COLOR_BGRA2RGBA
    assert np.array_equal(cv2.cvtColor(back, turn), pixels)
    assert b"says\0" in encode_tiff(pixels, "says")


def test_deep_sources_stay_deep_and_a_layer_keeps_its_alpha(info, tmp_path):
    assert info.bits == 16
    assert (PngWriter(info).bits, TiffWriter(info).bits) == (16, 16)
    for writer, name in ((PngWriter(info), "a.png"), (TiffWriter(info), "a.tif")):
        got = _decoded(writer.encoded(_frame(alpha=ALPHA)), tmp_path, name, "rgba64le")
        assert np.array_equal(got[..., :3], DEEP), name
        assert np.abs(got[..., 3] / 65535 - ALPHA).max() < 1e-4
    eight = PngWriter(info, PngOptions(picture_bits="8"))
    assert eight.not_kept == ("16 bits a sample become 8",)
    floats = TiffWriter(info, TiffOptions(sample="float")).encoded(_frame())
    back = cv2.imdecode(np.frombuffer(floats, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.abs(back[..., ::-1] - DEEP / 65535).max() < 1e-6


@pytest.mark.parametrize(("number", "near"), [("half", 1e-3), ("float", 1e-6)])
def test_exr_is_linear_light_multiplied_by_alpha(info, tmp_path, number, near):
    writer = ExrWriter(info, ExrOptions(number=number))
    light = linear_from_709(DEEP / np.float32(65535))
    assert linear_from_709(np.float32([0, 0.081, 1])) == pytest.approx([0, 0.018, 1], abs=1e-4)
    plain = _decoded(writer.encoded(_frame()), tmp_path, "a.exr", "gbrpf32le")
    assert np.abs(plain - light).max() < near
    layer = _decoded(writer.encoded(_frame(alpha=ALPHA)), tmp_path, "b.exr", "gbrapf32le")
    assert np.abs(layer[..., :3] - light * ALPHA[..., None]).max() < near
    assert np.abs(layer[..., 3] - ALPHA).max() < near
    as_is = ExrWriter(info, ExrOptions(number=number, curve="encoded")).encoded(_frame())
    assert np.abs(_decoded(as_is, tmp_path, "c.exr", "gbrpf32le") - DEEP / 65535).max() < near


def test_prores_4444_holds_a_layer(info, tmp_path):
    still = replace(info, width=64, height=48)
    writer = ProResWriter(still, ProResOptions(profile="4444", layer=True))
    assert writer.keeps_alpha
    assert not ProResWriter(still, ProResOptions(profile="hq", layer=True)).keeps_alpha
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (48, 1))
    grey = np.full((48, 64, 3), 140, np.uint8)
    writer.write_segment(tmp_path, 0, [_frame(grey, ramp)])
    with av.open(str(writer.segment_path(tmp_path, 0))) as film:
        picture = next(film.decode(video=0))
    assert "yuva444p" in picture.format.name
    got = picture.to_ndarray(format="rgba64le")
    assert np.abs(got[..., 3] / 65535 - ramp).max() < 0.01
    assert np.abs(got[..., :3] / 257 - 140).mean() < 3


def test_one_picture_is_one_frame(info, tmp_path):
    writer = PngWriter(info, PngOptions(alone=True))
    assert writer.suffix == ".png"
    writer.write_segment(tmp_path, 0, [_frame()])
    pairs = writer.finish(tmp_path, 1, tmp_path / "still.png")
    assert pairs == [(tmp_path / "still.png", info.files[0])]
    back = cv2.imread(str(tmp_path / "still.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(back[..., ::-1], DEEP)
    with pytest.raises(ValueRefused, match="one frame"):
        writer.write_segment(tmp_path, 1, [_frame()])
        (tmp_path / "seg_00001.unsigned" / "0.png").rename(
            tmp_path / "seg_00001.unsigned" / "1.png"
        )
        writer.finish(tmp_path, 2, tmp_path / "still.png")


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
@pytest.mark.parametrize(
    ("make", "name", "format_"),
    [
        (PngWriter, "a.png", "rgba64be"),
        (TiffWriter, "a.tif", "rgba64le"),
        (ExrWriter, "a.exr", "gbrapf32le"),
    ],
)
def test_ffprobe_reads_every_picture(info, tmp_path, make, name, format_):
    (tmp_path / name).write_bytes(make(info).encoded(_frame(alpha=ALPHA)))
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(tmp_path / name)]
    done = subprocess.run(words, capture_output=True, check=True)
    (stream,) = json.loads(done.stdout)["streams"]
    assert (stream["width"], stream["height"]) == (45, 31)
    assert stream["pix_fmt"] == format_


def test_no_other_shapes():
    for wrong in (DEEP[..., 0], DEEP.astype(np.float64), DEEP[..., :2]):
        with pytest.raises(ValueRefused, match="encode_tiff"):
            encode_tiff(wrong)
