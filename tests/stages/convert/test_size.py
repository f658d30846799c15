"""Outputs of another size than their source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.imaging.resample import resize
from understudy.media import frames, probe
from understudy.media.stills import read_image
from understudy.stages.convert.part.size import info_of_size


@pytest.fixture(scope="module")
def footage(films, extracted):
    """Film A; not to be changed."""
    return extracted(films.a)


def test_finished_frames_are_brought_to_the_size(footage, converter, tmp_path):
    converter(footage, "whole", frames="3-4")
    converter(footage, "half", frames="3-4", output_scale=0.5)
    for index in (3, 4):
        whole, half = (read_image(tmp_path / n / f"{index:06d}.png") for n in ("whole", "half"))
        assert np.array_equal(half, resize(whole, (80, 60), "cubic"))
    converter(footage, "large.mp4", frames="3-4", output_scale=1.5)
    large = probe(tmp_path / "large.mp4")
    assert (large.width, large.height) == (240, 180)
    source = [f.at.seconds for f in frames(probe(footage.media))]
    shown = [f.at.seconds for f in frames(large)]
    assert shown[1] - shown[0] == source[4] - source[3]


def test_layers_have_the_size_too(footage, converter, tmp_path):
    converter(footage, "layer", frames="3", layer=True, output_scale=0.5)
    picture = (tmp_path / "layer" / "000003.png").read_bytes()
    assert int.from_bytes(picture[16:20], "big") == 80


def test_sides_stay_even_and_what_has_no_size_is_refused(footage, converter):
    info = replace(probe(footage.media), width=1918, height=1081)
    made = info_of_size(info, 0.3)
    assert (made.width, made.height) == (576, 324)
    with pytest.raises(ValueRefused, match="would become 8x6 px"):
        info_of_size(probe(footage.media), 0.05)
    with pytest.raises(ValueRefused, match="--output-scale: patch stores faces"):
        converter(footage, "patch", writer="patch", frames="3", output_scale=0.5)
