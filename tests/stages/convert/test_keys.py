"""Settings over time: what is said of frames and shots, and what a film makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.media import frames, probe
from understudy.media.stills import read_image
from understudy.stages.convert.keyed.keys import Keys, check_keys, movable, with_values
from understudy.stages.convert.options import ConvertOptions


def test_between_keys_a_value_moves_evenly_and_beyond_them_it_stays():
    keys = Keys(["10: grain=0 softness=0.2", "20: grain=1"])
    assert keys.at(0) == {"grain": 0, "softness": 0.2}
    assert keys.at(15) == {"grain": 0.5, "softness": 0.2}
    assert keys.at(99) == {"grain": 1, "softness": 0.2}


def test_ranges_and_shots_hold_a_value_there_alone():
    keys = Keys(["5-8: grain=1", "shot 1: knob.shape=0.5", "0: grain=0.25"], lambda: [0, 7, 12])
    assert [keys.at(n).get("grain") for n in (4, 5, 8, 9)] == [0.25, 1, 1, 0.25]
    assert [keys.at(n).get("knob.shape") for n in (6, 7, 11, 12)] == [None, 0.5, 0.5, None]
    assert Keys(["shot 2: grain=1"], lambda: [0, 7, 12]).at(10**6) == {"grain": 1}


@pytest.mark.parametrize(
    "words,why",
    [
        ("grain=1", "expected words such as"),
        ("5: ", "expected words such as"),
        ("9-5: grain=1", "expected words such as"),
        ("shot 1-2: grain=1", "expected words such as"),
        ("5: grain", "expected NAME=NUMBER"),
        ("5: grain=nan", "expected NAME=NUMBER"),
        ("5: grain=high", "expected NAME=NUMBER"),
        ("5: mask=1", "'mask' cannot change over time; what can: feather"),
        ("5: smooth_colour=1", "cannot change over time"),
        ("5: colour.manual=1", "cannot change over time"),
    ],
)
def test_what_says_nothing_is_refused(words, why):
    with pytest.raises(ValueRefused, match=why):
        Keys([words])


def test_values_that_a_setting_may_not_have_are_refused_before_the_work():
    with pytest.raises(ValueRefused, match=r"keys: .*grain"):
        check_keys(ConvertOptions(keys=("5: grain=9",)))
    with pytest.raises(ValueRefused, match="single picture has no shots"):
        Keys(["shot 0: grain=1"])
    with pytest.raises(ValueRefused, match="the film has 2 shots"):
        Keys(["shot 2: grain=1"], lambda: [0, 9])


def test_values_of_a_frame_become_options():
    manual = {"exposure": 0.1, "magenta": 2.0}
    options = ConvertOptions(knob=("shape=1",), colour={"manual": manual})
    made = with_values(options, {"grain": 0.5, "knob.shape": 0.25, "colour.manual.exposure": 0.4})
    assert (made.grain, made.keys, made.knob) == (0.5, (), ("shape=1", "shape=0.25"))
    assert made.colour.of("manual") == {"exposure": 0.4, "magenta": 2.0}
    assert {"grain", "feather", "border", "face_scale"} <= set(movable())
    assert "output_scale" not in movable()


def test_a_film_follows_its_keys_and_a_part_is_the_same(films, extracted, converter, tmp_path):
    footage = extracted(films.a)
    keys = ("0: erode=0", "23: erode=0.2", "4-5: erode=0.3")
    converter(footage, "out", keys=keys, faces="all")
    converter(footage, "part", keys=keys, faces="all", frames="15-17")
    covered = []
    for frame in frames(probe(footage.media)):
        made = read_image(tmp_path / "out" / f"{frame.at.index:06d}.png")
        covered.append(int((made != frame.pixels).any(-1).sum()))
    assert covered[0] > covered[9] > covered[14] > covered[22] > 0
    assert covered[4] < covered[22]
    for index in (15, 16, 17):
        both = [read_image(tmp_path / name / f"{index:06d}.png") for name in ("out", "part")]
        assert np.array_equal(*both)
