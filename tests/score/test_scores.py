"""The parts of a score: a copy of the plate, a frozen face, a shuffled one, and a blurred one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from understudy.geometry.facemesh import canonical
from understudy.geometry.templates import MEAN_FACE_51, MEAN_JAW_17
from understudy.plugin import default_registry
from understudy.score import Pair, Score
from understudy.score.agreement import agreement
from understudy.score.combined import answers, combined
from understudy.score.identity import NEARER
from understudy.score.reading import read_landmarks, read_mesh
from understudy.testing.contracts import check_scorer
from understudy.testing.contracts.score import acted, matte_of, spoilt, table_of

SCORERS = default_registry().of_kind("score")
PLATES, DONORS = acted(1, 40), acted(2, 40)


@pytest.mark.parametrize("plugin", SCORERS, ids=lambda p: p.name)
def test_contract(plugin):
    check_scorer(plugin.build())


def judged(name: str, swaps, plates=PLATES, donors=DONORS) -> Score:
    scorer = default_registry().create("score", name)
    looks = [
        [scorer.look(Pair(p, s, matte_of(p))) for p, s in zip(*pair, strict=True)]
        for pair in ((plates, swaps), (plates, plates), (donors, [spoilt(d, 3) for d in donors]))
    ]
    return scorer.judge(*map(table_of, looks))


def figure(score: Score, name: str) -> float:
    (found,) = (f.swap for f in score.figures if f.name == name)
    return found


def test_a_copy_of_the_plate_does_what_the_plate_does_and_is_nobody_else():
    assert judged("expression", PLATES).value == pytest.approx(1)
    assert (
        "the mouth follows the plate in 100% of the range (r 1.00)"
        in judged("expression", PLATES).words
    )
    for name in ("pose", "gaze", "light", "seam", "flicker", "outline"):
        assert judged(name, PLATES).value == pytest.approx(1), name
    identity = judged("identity", PLATES)
    assert (identity.value < 0.05, figure(identity, NEARER)) == (True, 0)


def test_the_donor_in_the_plates_place_is_the_donor_and_does_something_else():
    identity = judged("identity", DONORS)
    assert (identity.value > 0.95, figure(identity, NEARER)) == (True, 100)
    half = judged("identity", [*DONORS[: len(DONORS) // 2], *PLATES[len(DONORS) // 2 :]])
    assert figure(half, NEARER) == 50
    assert judged("expression", DONORS).value < 0.3


def test_a_frozen_face_follows_nothing():
    frozen = [replace(p, readings=PLATES[0].readings) for p in PLATES]
    score = judged("expression", frozen)
    assert score.value < 0.05
    assert abs(figure(score, "mouth by first: r")) < 0.05
    assert "eyes shut in" in score.words and "in 0 of them in the swap too" in score.words


def test_a_shuffled_performance_has_the_range_but_not_the_time():
    order = np.random.default_rng(0).permutation(len(PLATES))
    shuffled = [replace(p, readings=PLATES[k].readings) for p, k in zip(PLATES, order, strict=True)]
    assert judged("expression", shuffled).value < 0.4


def test_half_the_range_costs_though_the_correlation_is_perfect():
    def half(sight):
        reading = next(iter(sight.readings.values()))
        low = replace(reading, mouth=reading.mouth / 2, eyes=reading.eyes / 2)
        return replace(sight, readings=dict.fromkeys(sight.readings, low))

    score = judged("expression", [half(p) for p in PLATES])
    assert figure(score, "mouth by first: r") == pytest.approx(1)
    assert figure(score, "mouth by first: share of range") == pytest.approx(0.5)
    assert 0.8 < score.value < 0.9


def test_one_reader_that_sees_nothing_move_pulls_the_mean_down():
    second = PLATES[0].readings["second"]
    swaps = [replace(p, readings={**p.readings, "second": second}) for p in PLATES]
    assert judged("expression", swaps).value == pytest.approx(0.5, abs=0.03)


def test_what_rests_in_the_plate_must_rest():
    still = [replace(p, readings=PLATES[0].readings) for p in PLATES]
    assert judged("expression", still, still).value == pytest.approx(1)
    assert judged("expression", PLATES, still).value < 0.3


def test_the_more_it_is_blurred_the_less_sharp_it_is():
    values = [judged("sharpness", [spoilt(p, k) for p in PLATES]).value for k in (1, 3, 5, 9, 15)]
    assert values == sorted(values, reverse=True) and values[0] > 4 * values[-1]


def lit(levels: int, feather: int):
    """The plate with its face brighter, and the mattes it was pasted with."""
    mattes = [cv2.GaussianBlur(matte_of(p), (feather, feather), 0) for p in PLATES]
    pixels = [
        np.clip(p.crop + levels * m[..., None], 0, 255).astype(np.uint8)
        for p, m in zip(PLATES, mattes, strict=True)
    ]
    return [replace(p, crop=c) for p, c in zip(PLATES, pixels, strict=True)], mattes


def test_other_light_is_seen_the_more_the_worse():
    light = [judged("light", lit(levels, 9)[0]).value for levels in (0, 10, 20, 40)]
    assert light == sorted(light, reverse=True) and light[0] > light[-1] + 0.5


def test_a_hard_edge_is_seen_and_a_soft_one_less_and_none_where_nothing_differs():
    def seam(levels: int, feather: int) -> float:
        scorer = default_registry().create("score", "seam")
        pairs = zip(PLATES, *lit(levels, feather), strict=True)
        looks = table_of(scorer.look(Pair(p, s, m)) for p, s, m in pairs)
        return scorer.judge(looks, looks, {}).value

    assert seam(25, 1) == 0 and seam(0, 1) == 1
    assert 0.4 < seam(25, 25) < seam(10, 25)


def test_trembling_light_is_flicker():
    rng = np.random.default_rng(0)
    lamps = rng.integers(-15, 15, (len(PLATES), 2))
    calm = [replace(p, beside=(p.crop, p.crop)) for p in PLATES]
    shaken = [
        replace(p, beside=tuple(cv2.add(p.crop, float(x)) for x in lamp))
        for p, lamp in zip(calm, lamps, strict=True)
    ]
    assert judged("flicker", shaken, calm).value == 0
    assert judged("flicker", calm, calm).value == 1


def test_a_network_that_cannot_tell_them_apart_says_so():
    alike = [replace(d, identity=p.identity) for d, p in zip(DONORS, PLATES, strict=True)]
    score = judged("identity", PLATES, donors=alike)
    assert np.isnan(score.value) and "does not tell these two persons apart" in score.words


def test_agreement_by_hand():
    leads = np.array([0.0, 1, 2, 3, 4])
    half = agreement(leads / 2 + 7, leads, 0.1)
    assert (half.r, half.share) == (pytest.approx(1), pytest.approx(0.5))
    assert half.concordance == pytest.approx(2 * 0.5 / (1 + 0.25))
    assert half.error == pytest.approx(np.mean([1, 0.5, 0, 0.5, 1]))
    assert agreement(-leads, leads, 0.1).concordance == pytest.approx(-1)
    assert not agreement(leads, leads / 1000, 0.1).moves
    gaps = leads.copy()
    gaps[2] = np.nan
    assert np.isnan(agreement(gaps, leads, 0.1).r)  # four points say nothing


def test_both_readers_see_lids_lips_and_a_turn():
    face = np.vstack([MEAN_JAW_17, MEAN_FACE_51])
    wide = face.copy()
    wide[[65, 66, 67]] += (0, 0.1)  # the lower lip
    shut = face.copy()
    shut[[40, 41, 46, 47]] = shut[[38, 37, 44, 43]]
    rest = read_landmarks(face)
    assert read_landmarks(wide).mouth > rest.mouth + 0.15
    assert read_landmarks(shut).eyes == pytest.approx(0)
    assert read_landmarks(face * 3 + 40).mouth == pytest.approx(rest.mouth)
    mesh = canonical().vertices * (1, -1, -1)
    turn = np.radians(20)
    around = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    ahead, turned = read_mesh(mesh), read_mesh(7 * mesh @ around.T + 100)
    assert abs(turned.yaw - ahead.yaw) == pytest.approx(20, abs=0.01)
    for name in ("eyes", "mouth", "width", "brows"):
        assert getattr(turned, name) == pytest.approx(getattr(ahead, name), abs=1e-6)
    opened = mesh.copy()
    opened[[14, 87, 317, 178, 402]] += (0, 1.0, 0)
    assert read_mesh(opened).mouth > ahead.mouth + 0.1
    assert np.isnan(ahead.gaze_x)


def test_the_combined_figure_is_nothing_where_nobody_was_swapped():
    scorers = {p.name: p.build() for p in SCORERS}
    perfect = {name: Score(1.0, (), "x") for name in scorers}
    assert combined(answers(perfect, scorers)) == pytest.approx(100)
    unswapped = {**perfect, "identity": Score(0.0, (), "x")}
    assert combined(answers(unswapped, scorers)) == 0
    half = {**perfect, "gaze": Score.unknown("no iris"), "expression": Score(0.5, (), "x")}
    answered = answers(half, scorers)
    assert answered["performance"] == pytest.approx(0.9 / (0.7 / 0.5 + 0.2))
    red = {**perfect, "light": Score(0.0, (), "x")}
    assert answers(red, scorers)["picture"] == pytest.approx(1 / (0.8 + 0.2 / 0.1))
    assert np.isnan(combined(answers({**perfect, "identity": Score.unknown("x")}, scorers)))
