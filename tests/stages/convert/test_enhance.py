"""Enhancers make new faces finer, as much as is said, and are had before the first frame."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.errors import PluginError, WeightsError
from understudy.flow import Silent
from understudy.imaging.composite import Patch
from understudy.media import FilmReader, probe
from understudy.media.colour.plate import Rec709
from understudy.media.stills import read_image
from understudy.stages.convert.look.enhancing import Enhancing, enhancers_ready
from understudy.stages.convert.options import ConvertOptions
from understudy.store.alignments import Alignments


class Twice:
    """Twice the size, and a tenth lighter."""

    face_px: int | None = None
    fingerprint = "twice"

    def enhance(self, pictures: NDArray[Any]) -> NDArray[Any]:
        larger = pictures.repeat(2, 1).repeat(2, 2)
        return np.clip(larger + 0.1, 0, 1).astype(np.float32)


class Stripes(Twice):
    """Draws dark and light rows over whole faces."""

    face_px = 64

    def enhance(self, pictures: NDArray[Any]) -> NDArray[Any]:
        rows = 0.15 * np.sign(np.sin(np.arange(64) * np.pi / 8 + 0.1))[None, :, None, None]
        return np.clip(pictures + rows + 0.1, 0, 1).astype(np.float32)


def test_a_models_square_gets_as_much_of_it_as_is_said() -> None:
    rgb = np.full((8, 8, 3), 0.5, np.float32)
    alpha = np.ones((8, 8), np.float32)
    for strength in (0.25, 1.0):
        finer, larger = Enhancing([Twice()], strength).finer(rgb, alpha)
        assert finer.shape == (16, 16, 3) and larger is not None and larger.shape == (16, 16)
        assert np.allclose(finer, 0.5 + 0.1 * strength, atol=1e-6)
    same, _ = Enhancing([Twice()], 0.0).finer(rgb, alpha)
    assert same is rgb


def test_whole_faces_are_seen_in_their_frame_and_keep_their_colour(couple) -> None:
    frame = next(iter(FilmReader(probe(couple.media)).frames()))
    with Alignments.open(couple.alignments, read_only=True) as store:
        face = store.faces(0)[0]
    left, top = face.alignment.landmarks.mean(0).astype(int) - 12
    patch = Patch(int(left), int(top), np.ones((24, 24), np.float32))
    rgb = np.full((24, 24, 3), (0.5, 0.4, 0.3), np.float32)
    found = Enhancing([Stripes()], 1.0).restored(frame, face, None, rgb, patch, Rec709())
    assert found.std((0, 1)).min() > 0.05, "no stripes"
    assert np.abs(found.mean((0, 1)) - rgb.mean((0, 1))).max() < 0.01
    assert Enhancing([Twice()], 1.0).restored(frame, face, None, rgb, patch, Rec709()) is rgb


def pictures(folder: Any) -> NDArray[Any]:
    return np.stack([read_image(p) for p in sorted(folder.glob("*.png"))]).astype(int)


def test_a_film_is_converted_with_a_restorer_that_is_brought(
    converter, couple, tiny_onnx, tmp_path
) -> None:
    pytest.importorskip("onnxruntime")
    net = tmp_path / "net.onnx"
    finer: dict[str, Any] = {"enhancer": "onnx", "enhance": {"onnx": {"restorer_path": str(net)}}}
    few: dict[str, Any] = {"frames": "0-1", "match_colour": "skin"}
    net.write_bytes(tiny_onnx("Identity", side=96))
    converter(couple, "plain", **few)
    converter(couple, "same", **few, **finer)
    plain = pictures(tmp_path / "plain")
    # sampled to the square and back, so the edges of the painted square are a little softer
    assert np.abs(pictures(tmp_path / "same") - plain).mean() < 0.5
    net.write_bytes(tiny_onnx("Neg", side=96))
    converter(couple, "turned", **few, **finer)
    turned = pictures(tmp_path / "turned")
    assert np.abs(turned - plain).max() > 8
    converter(couple, "matte", frames="0-1", matte=True)
    frames = [f.pixels for f in FilmReader(probe(couple.media)).frames()][:2]
    for before, matte, after in zip(frames, pictures(tmp_path / "matte"), turned, strict=True):
        # a matte of less than half a level is none here
        beyond = cv2.dilate(matte[..., 0].astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
        assert beyond.any() and (after[beyond] == before[beyond]).all()


def test_what_cannot_be_had_is_refused_before_the_first_frame(converter, couple, tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"realesr-general-x4v3\.pth"):
        converter(couple, "out.mp4", enhancer="realesrgan")
    with pytest.raises(PluginError, match="no enhance plug-in is called 'gfpgan'; there are"):
        converter(couple, "out.mp4", enhancer="gfpgan")
    assert not list(tmp_path.glob("out*")) and not list((tmp_path / "work").glob("*/seg*"))


def test_other_weights_are_another_result(registry, tiny_onnx, tmp_path) -> None:
    pytest.importorskip("onnxruntime")
    net = tmp_path / "net.onnx"
    options = ConvertOptions(enhancer="onnx", enhance={"onnx": {"restorer_path": str(net)}})
    found = []
    for operator in ("Identity", "Neg"):
        net.write_bytes(tiny_onnx(operator))
        found.append(enhancers_ready(registry, options, Silent()))
    assert found[0] != found[1]
    assert enhancers_ready(registry, ConvertOptions(), Silent()) == []
