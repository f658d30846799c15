"""Which faces training does not see: a few, in stretches, of all kinds, and never the rarest."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.stages.train.moments.heldout import MOST, SHARE, stretches, without
from understudy.stages.train.moments.read import Moments
from understudy.stages.train.moments.traits import LIDS, MOUTH, YAW


def _film(n: int, blinks: int = 12) -> np.ndarray:
    """A film of somebody who talks, turns and blinks for five frames now and then."""
    at = np.arange(n)
    rng = np.random.default_rng(1)
    lids = 0.3 + 0.01 * rng.standard_normal(n)
    for k in range(blinks):
        first = (2 * k + 1) * n // (2 * blinks)
        lids[first : first + 5] = 0.04
    mouth = 0.06 + 0.06 * np.sin(at / 9) * np.sin(at / 130)
    yaw = 35 * np.sin(at / 200)
    pitch = 12 * np.sin(at / 90)
    return np.stack([pitch, yaw, lids, mouth], 1).astype(np.float32)


@pytest.mark.parametrize("n", [240, 500, 1000, 20000])
def test_few_faces_are_left_out_and_those_in_stretches(n):
    found = stretches(_film(n), 24)
    assert found == stretches(_film(n), 24)
    assert len(found) == 24 and [s.scored for s in found] == sorted({s.scored for s in found})
    out = [row for s in found for row in s.left_out]
    assert len(out) == len(set(out)) and min(out) >= 0 and max(out) < n
    assert len(out) <= max(SHARE * n, MOST * n * (n < 480))
    assert all(s.scored in s.left_out for s in found)
    length = len(found[0].left_out)
    assert length == {240: 1, 500: 1, 1000: 2, 20000: 25}[n]
    middle = [abs(s.scored - (s.left_out.start + s.left_out.stop - 1) / 2) for s in found]
    assert max(middle) <= 1 or n < 1000


def test_they_hold_what_swaps_fail_at_and_are_spread():
    film = _film(2000)
    rows = [s.scored for s in stretches(film, 24)]
    assert (film[rows, LIDS] < 0.1).sum() >= 2
    assert (film[rows, MOUTH] > np.quantile(film[:, MOUTH], 0.95)).sum() >= 3
    assert film[rows, YAW].min() < -33 and film[rows, YAW].max() > 33
    assert len({row // 200 for row in rows}) == 10, "every tenth of the film has one"


def test_the_only_blink_of_a_film_stays_in_training():
    film = _film(2000, blinks=1)
    out = {row for s in stretches(film, 24) for row in s.left_out}
    assert not out & set(np.flatnonzero(film[:, LIDS] < 0.1).tolist())


@pytest.mark.parametrize(("n", "scored"), [(0, 0), (1, 1), (5, 3), (80, 24), (239, 24)])
def test_of_a_short_film_nothing_is_left_out(n, scored):
    found = stretches(_film(max(n, 1))[:n], 24)
    assert len(found) == scored and not any(s.left_out for s in found)


def test_shares_leave_out_what_is_left_out_and_no_person_altogether():
    def moments(film: str, n: int) -> Moments:
        return Moments(_film(n), np.zeros(n, np.float32), tuple((film, f"{i}_0") for i in range(n)))

    persons = {"ann": moments("x", 4), "bob": moments("y", 2)}
    assert without(None, persons, {("z", "0_0")}) is None
    ann, bob = without(None, persons, {("x", "1_0"), ("y", "0_0"), ("y", "1_0")})
    assert ann.tolist() == [1 / 3, 0, 1 / 3, 1 / 3] and bob.tolist() == [0.5, 0.5]
    given = [np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.5, 0.5])]
    ann, bob = without(given, persons, {("x", "3_0")})
    np.testing.assert_allclose(ann, [1 / 6, 1 / 3, 1 / 2, 0])
