"""Each matcher does what its name says, and steady ones match by numbers alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.colour import SteadyMatcher
from understudy.colour.chain import chained
from understudy.colour.fields import Local, Seamless
from understudy.colour.histogram import Histogram
from understudy.colour.idt import Idt
from understudy.colour.lab import to_lab
from understudy.colour.linear import Linear
from understudy.colour.manual import Manual
from understudy.colour.options import LocalOptions, ManualOptions
from understudy.colour.reinhard import Average, Reinhard, Skin

SIZE = 72
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE].astype(np.float32) / SIZE
INSIDE = ((ROWS - 0.5) ** 2 + (COLUMNS - 0.5) ** 2 < 0.17).astype(np.float32)


def _skin(seed: int, mean, spread=0.05) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE, 3)).astype(np.float32), (0, 0), 1.5)
    return np.clip(np.array(mean, np.float32) + spread * noise / noise.std(), 0, 1)


SWAPPED, PLATE = _skin(1, (0.72, 0.5, 0.4)), _skin(2, (0.5, 0.42, 0.38))


def _apart(one, other) -> np.ndarray:
    """Mean LAB distance of the upper, middle and lower third in the mask."""
    away = to_lab(one) - to_lab(other)
    thirds = [(INSIDE > 0) & (a <= ROWS) & (b > ROWS) for a, b in ((0, 0.4), (0.4, 0.6), (0.6, 1))]
    return np.array([np.linalg.norm(away[third].mean(0)) for third in thirds])


ALL = [Average(), Reinhard(), Skin(), Linear(), Histogram(), Idt(), Local(), Seamless(), Manual()]
ALL += [chained([Reinhard(), Local(), Manual(ManualOptions(exposure=0.5))])]


@pytest.mark.parametrize("matcher", ALL, ids=lambda m: type(m).__name__)
def test_numbers_are_all_that_a_steady_matcher_goes_by(matcher):
    assert isinstance(matcher, SteadyMatcher)
    numbers = matcher.measure(SWAPPED, PLATE, INSIDE)
    again = matcher.measure(_skin(3, (0.7, 0.5, 0.4)), PLATE, INSIDE)
    assert numbers is not None and numbers.dtype == np.float64
    assert numbers.shape == again.shape, "means are taken over frames"
    by_numbers = matcher.apply(SWAPPED, INSIDE, numbers)
    assert np.array_equal(by_numbers, matcher.match(SWAPPED, PLATE, INSIDE))


@pytest.mark.parametrize("matcher", [Average(), Reinhard(), Skin(), Linear(), Histogram(), Idt()])
def test_the_mean_colour_becomes_the_plates(matcher):
    got, want = (to_lab(p)[INSIDE > 0].mean(0) for p in (
        matcher.match(SWAPPED, PLATE, INSIDE), PLATE))  # fmt: skip
    assert np.abs(got - want).max() < 0.7


def test_linear_turns_what_goes_together():
    wave = np.sin(9 * COLUMNS)[..., None]
    have = np.clip(0.5 + 0.12 * wave * np.float32([1, 1, 1]), 0, 1).astype(np.float32)
    want = np.clip(0.5 + 0.12 * wave * np.float32([1, 0.3, 0]), 0, 1).astype(np.float32)

    def tied(picture) -> float:
        lab = to_lab(picture)[INSIDE > 0]
        return float(np.corrcoef(lab[:, 0], lab[:, 1])[0, 1])

    have += 0.01 * (SWAPPED - 0.5)
    assert tied(Linear().match(have, want, INSIDE)) > 0.8 > abs(tied(have)) - 0.2
    assert abs(tied(Reinhard().match(have, want, INSIDE)) - tied(have)) < 0.3


def test_a_histogram_takes_the_shape_and_not_only_the_moments():
    two = np.where((COLUMNS > 0.5)[..., None], 0.3, 0.7).astype(np.float32) * np.ones(3, np.float32)
    light = to_lab(Histogram().match(_skin(4, (0.5, 0.5, 0.5)), two, INSIDE))[INSIDE > 0][:, 0]
    ends = to_lab(two)[INSIDE > 0][:, 0]
    near = np.minimum(abs(light - ends.min()), abs(light - ends.max()))
    assert np.quantile(near, 0.8) < 4, "most pixels lie at one of the two lights"


@pytest.mark.parametrize(
    ("matcher", "most"), [(Local(LocalOptions(light=1, tint=1)), 2.5), (Seamless(), 3.5)]
)
def test_light_from_above_is_taken_where_a_mean_leaves_it(matcher, most):
    lit = np.clip(PLATE + 0.25 * (0.5 - ROWS)[..., None], 0, 1)
    mean = Reinhard().match(SWAPPED, lit, INSIDE)
    assert _apart(mean, lit).max() > 5, "one mean for all leaves the thirds apart"
    assert _apart(chained([Reinhard(), matcher]).match(SWAPPED, lit, INSIDE), lit).max() < most


def test_local_light_leaves_the_features_alone():
    brow = PLATE.copy()
    brow[20:24, 20:52] = 0.05
    plain, with_brow = (Local().match(SWAPPED, p, INSIDE) for p in (PLATE, brow))
    ghost = to_lab(plain)[..., 0] - to_lab(with_brow)[..., 0]
    assert ghost[20:24, 24:48].max() < 9, "of a brow that is 40 darker"


def test_seamless_meets_the_plate_at_the_edge():
    lit = np.clip(PLATE + 0.25 * (0.5 - ROWS)[..., None], 0, 1)
    edge = (INSIDE > 0) & (cv2.erode(INSIDE, np.ones((7, 7))) == 0)

    def off(picture) -> float:
        return float(np.abs(cv2.blur(picture - lit, (5, 5)))[edge].mean())

    assert off(Seamless().match(SWAPPED, lit, INSIDE)) < 0.35 * off(SWAPPED)


def test_a_balance_by_hand():
    def moved(**how) -> np.ndarray:
        out = Manual(ManualOptions(**how)).match(SWAPPED, PLATE, INSIDE)
        return (to_lab(out) - to_lab(SWAPPED)).mean((0, 1))

    assert moved(exposure=0.5)[0] > 5
    assert moved(temperature=10)[2] == pytest.approx(10, abs=1)
    assert moved(magenta=-10)[1] == pytest.approx(-10, abs=1)
    grey = Manual(ManualOptions(saturation=0.0)).match(SWAPPED, PLATE, INSIDE)
    assert np.ptp(grey, axis=2).max() < 0.02
    assert Manual().match(SWAPPED, PLATE, INSIDE) is SWAPPED


def test_a_chain_with_a_strangers_matcher_works_frame_by_frame():
    class Darker:
        def match(self, swapped, original, mask):
            return swapped * np.float32(0.5)

    chain = chained([Average(), Darker()])
    assert not isinstance(chain, SteadyMatcher)
    want = Average().match(SWAPPED, PLATE, INSIDE) * np.float32(0.5)
    assert np.array_equal(chain.match(SWAPPED, PLATE, INSIDE), want)
