"""A model that changes nothing gives back the film, and what the matte leaves is bit-exact."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from torch import Tensor

from understudy.imaging.composite import feathered
from understudy.media import FilmReader, probe
from understudy.media.stills import read_image
from understudy.nn import checkpoint
from understudy.plugin import Plugin, Registry
from understudy.store.alignments import Alignments
from understudy.swap import Crop, Outputs, Recipe
from understudy.swap.standard import StandardModel


class Mirror(StandardModel):
    """Shows everybody as they are."""

    crop = Crop(input_px=256, output_px=256, centering="face", coverage=0.9)
    recipe = Recipe(learning_rate=1e-3)

    def __init__(self, options: None, persons: Sequence[str]) -> None:
        super().__init__(persons)

    def convert(self, crops: Tensor, to: str, signals: Any = None) -> Outputs:
        return Outputs(crops)


@pytest.fixture
def mirror(converter, registry, tmp_path, monkeypatch):
    module: Any = types.ModuleType("tests_mirror")
    module.Mirror = Mirror
    monkeypatch.setitem(sys.modules, module.__name__, module)
    kinds = ("detect", "align", "mask", "embed", "swap", "enhance", "colour", "write", "score")
    known = [p for kind in kinds for p in registry.of_kind(kind)]
    plugin = Plugin("swap", "mirror", "tests_mirror:Mirror", "shows everybody as they are")
    (tmp_path / "mirror").mkdir()
    state = checkpoint.State(1, "mirror", "1", {}, seed=1, trained_s=1.0, persons=("a", "b"))
    weights = Mirror(None, ("a", "b")).state_dict()
    checkpoint.save(tmp_path / "mirror", state, {"weights": weights})
    return replace(converter, model=tmp_path / "mirror", registry=Registry([*known, plugin]))


@pytest.fixture(scope="module")
def grainy(people, film, extracted, tmp_path_factory):
    """The actor at twice the size, with the grain of a camera."""
    rng = np.random.default_rng(4)
    large = [cv2.resize(p, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for p in people.a[:6]]
    shot = [np.clip(p + rng.normal(0, 2, p.shape), 0, 255).round().astype(np.uint8) for p in large]
    path = film(tmp_path_factory.mktemp("grainy") / "grainy.mp4", shot, sound=False)
    found = extracted(path)
    assert found.report.faces == 6
    return found


def matte_of(face, frame) -> np.ndarray:
    crop = face.alignment.crop(256, 0.9, "face")
    patch = feathered(face.masks["extended"], crop, frame.space, feather=0.12, erode=0.0)
    alpha = np.zeros(frame.pixels.shape[:2], np.float32)
    patch.window(alpha)[:] = patch.alpha
    return alpha


@pytest.mark.parametrize("colour", ["none", "reinhard"])
def test_a_model_that_changes_nothing_gives_back_the_film(grainy, mirror, tmp_path, colour):
    mirror(grainy, "out", match_colour=colour)
    before = list(FilmReader(probe(grainy.media)).frames())
    after = [read_image(p) for p in sorted((tmp_path / "out").glob("*.png"))]
    with Alignments.open(grainy.alignments, read_only=True) as store:
        faces = [store.faces(frame.at.index) for frame in before]
    for frame, (face,), new in zip(before, faces, after, strict=True):
        matte = matte_of(face, frame)
        off = np.abs(new.astype(int) - frame.pixels)
        assert (off[matte == 0] == 0).all(), "what the matte leaves is bit-exact"
        fine = cv2.Laplacian(frame.pixels.astype(np.float32), cv2.CV_32F)[matte == 1]
        assert fine.std() > 3, "there is grain to be lost"
        assert off[matte == 1].mean() <= 0.25
