"""What every part of a score keeps to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry.templates import MEAN_FACE_51, MEAN_JAW_17
from understudy.imaging.resample import resize
from understudy.score import Group, Numbers, Pair, Score, Scorer, Sight, Table
from understudy.score.reading import Reading
from understudy.score.regions import face_region

SIZE = 96


def check_scorer(scorer: Scorer) -> None:
    """The same names for every face, values of 0..1, and a copy of the plate that nothing beats.

    Args:
        scorer: under test.
    """
    assert scorer.group in get_args(Group), f"unknown group {scorer.group!r}"
    assert scorer.weight > 0, f"expected a weight above 0, got {scorer.weight}"
    plates, donors = acted(1), acted(2)
    floor = table_of(scorer.look(Pair(p, p, matte_of(p))) for p in plates)
    ceiling = table_of(scorer.look(Pair(d, spoilt(d, 3), matte_of(d))) for d in donors)
    spoiled = table_of(
        scorer.look(Pair(p, spoilt(q, 9), matte_of(p))) for p, q in zip(plates, donors, strict=True)
    )
    blind = replace(plates[0], readings={}, identity=None, blendshapes=None, beside=None)
    assert scorer.look(Pair(blind, blind, matte_of(blind))) is not None, "a bare face is refused"
    again = scorer.look(Pair(plates[0], plates[0], matte_of(plates[0])))
    for name, value in again.items():
        same = np.array_equal(np.asarray(value), floor[name][0], equal_nan=True)
        assert same, f"{name}: two looks at one face differ"
    copied, other = (scorer.judge(t, floor, ceiling) for t in (floor, spoiled))
    for score in (copied, other, scorer.judge(floor, floor, {}), scorer.judge({}, {}, {})):
        _check(score)
    assert scorer.judge({}, {}, {}).words.startswith("not measured"), "no face must be unknown"
    if scorer.group != "person" and not np.isnan(copied.value):
        assert copied.value >= other.value, f"a copy has {copied.value}, a ruin {other.value}"


def _check(score: Score) -> None:
    known = np.isfinite(score.value)
    assert not known or 0 <= score.value <= 1, f"expected 0..1, got {score.value}"
    assert score.words, "nothing is said"
    assert known or score.words.startswith("not measured"), "unknown without a reason"


def table_of(looks: Iterable[Numbers]) -> Table:
    """Columns of what was kept of several faces.

    Args:
        looks: one face each.
    """
    rows = list(looks)
    names = [list(row) for row in rows]
    assert all(n == names[0] for n in names), "the names differ from face to face"
    return {n: np.stack([np.asarray(row[n], np.float64) for row in rows]) for n in names[0]}


def acted(seed: int, n: int = 12) -> list[Sight]:
    """A drawn face that opens and shuts eyes and mouth, turns, and looks about.

    Args:
        seed: whose face, and how it moves.
        n: frames.
    """
    rng = np.random.default_rng(seed)
    skin = resize(rng.integers(60, 200, (24, 24, 3)).astype(np.uint8), (SIZE, SIZE))
    noise = rng.integers(0, 40, (SIZE, SIZE, 3)).astype(np.uint8)
    mean_face = np.vstack([MEAN_JAW_17, MEAN_FACE_51])
    outline = mean_face * SIZE * 0.6 + SIZE * 0.2
    whose = rng.normal(size=16)
    crops = [np.roll(cv2.add(skin, noise), int(k), 1) for k in rng.integers(0, 3, n)]
    moves = rng.uniform(0.02, 0.4, (n, len(fields(Reading)))) * [1, 1, 1, 1, 40, 40, 1, 1]
    return [
        Sight(
            crop=crops[k],
            outline=outline + rng.normal(0, 0.3, outline.shape),
            readings={r: Reading(*map(float, moves[k])) for r in ("first", "second")},
            identity=whose + rng.normal(0, 0.1, 16),
            blendshapes=moves[k],
            beside=(crops[k - 1], crops[(k + 1) % n]),
        )
        for k in range(n)
    ]


def spoilt(sight: Sight, blur: int) -> Sight:
    """The same face blurred and shaken.

    Args:
        sight: as it was.
        blur: width of the blur, pixels, odd.
    """
    crop = cv2.GaussianBlur(sight.crop, (blur, blur), 0)
    return replace(sight, crop=crop, outline=sight.outline + blur / 3)


def matte_of(sight: Sight) -> NDArray[Any]:
    """Where a whole face would be replaced."""
    return face_region(sight.outline, len(sight.crop))


__all__: Sequence[str] = ("acted", "check_scorer", "matte_of", "spoilt", "table_of")
