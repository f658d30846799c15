"""Whether scores still rise is told by the scores alone, and survives a checkpoint."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.stages.train.scored.plateau import AT_MOST, Plateau


def _after(scores, patience=6, key="faces") -> tuple[Plateau, list[int]]:
    """A plateau that saw these scores, and after which of them it was one."""
    plateau, reached = Plateau(patience, key), []
    for i, score in enumerate(scores):
        plateau.add(100 * i, score)
        if plateau.reached:
            reached.append(i)
    return plateau, reached


def test_what_rises_is_none_and_what_stays_is_one():
    rising = 80 - 50 * np.exp(-np.arange(40) / 20)
    assert _after(rising)[1] == []
    flat = [*rising[:20], *[rising[19]] * 10]
    assert _after(flat)[1][0] == 25, "six scores after the last one that rose"
    assert _after([50.0] * 6)[1] == [], "too few to say"


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_rise(seed):
    rng = np.random.default_rng(seed)
    noisy = 60 + rng.standard_normal(60)
    plateau, reached = _after(noisy)
    assert reached and 0.5 < plateau.noise <= 3.0
    rising = np.linspace(40, 80, 40) + 0.5 * rng.standard_normal(40)
    assert _after(rising)[1] == []


def test_a_steep_beginning_is_not_taken_for_noise():
    plateau, _ = _after([0.0, 30.0, 42.0, 47.0, 50.0, 51.0, 51.2, 51.3, 51.3, 51.3])
    assert plateau.noise < 1.0


def test_what_is_not_a_number_says_nothing():
    assert _after([50.0, float("nan")] * 5)[1] == []


def test_the_rate_falls_a_few_times_and_waits_in_between():
    plateau, falls = Plateau(3), []
    for i in range(40):
        plateau.add(i, 50.0)
        if plateau.reached and plateau.fall():
            falls.append(i)
    assert falls == [3, 6, 9, 12][:AT_MOST] and plateau.share == 1 / 16


def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_been():
    scores = [40.0, 50.0, 50.1, 50.2, 50.1, 50.0, 50.2, 50.1, 50.1]
    whole, _ = _after(scores, patience=3)
    for cut in range(len(scores)):
        first, _ = _after(scores[:cut], patience=3)
        again = Plateau(3, "faces")
        again.restore(first.tensors())
        for i in range(cut, len(scores)):
            again.add(100 * i, scores[i])
        assert (again.reached, again.noise, again.words()) == (
            whole.reached,
            whole.noise,
            whole.words(),
        )
    other = Plateau(3, "other faces")
    whole.fall()
    other.restore(whole.tensors())
    assert other.falls == 1 and not other.reached, "a rate that fell for good reasons stays"
