"""Does it do what the plate does: eyes, mouth and brows, curve beside curve.

Each reader judges for itself, and the mean counts. The first one may be the one whose landmarks
drive the model; a second one, that has no part in it, keeps it honest.
"""

from __future__ import annotations

import numpy as np

from understudy.score import Figure, Group, Numbers, Pair, Score, Table
from understudy.score.agreement import Agreement, agreement, column, read_off

FEATURES = {"eyes": 0.4, "mouth": 0.35, "width": 0.1, "brows": 0.15}
"""What is compared, and how much it counts."""
_STILL = {"eyes": 0.025, "mouth": 0.02, "width": 0.02, "brows": 0.015}
"""How much of each is a reader's noise, as a standard deviation."""
_SHUT = 0.45
"""Eyes are shut below this share of how far the person usually opens them."""
_USUAL = 0.75
_BLENDSHAPES_MOVE = 0.05


class Expression:
    """Eyes, mouth, brows, and blendshapes where they are known; see `score.Scorer`."""

    group: Group = "performance"
    weight = 0.7

    def look(self, pair: Pair) -> Numbers:
        """Both faces' readings; see `score.Scorer.look`."""
        found = read_off(pair, FEATURES)
        blank = np.full(1, np.nan)
        both = {"plate": pair.plate.blendshapes, "swap": pair.swap.blendshapes}
        return {**found, **{k: blank if v is None else np.asarray(v) for k, v in both.items()}}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """The mean over readers and features; see `score.Scorer.judge`."""
        readers = readers_of(swap)
        followed = {r: {f: _follow(swap, r, f) for f in FEATURES} for r in readers}
        values = [v for f in followed.values() if np.isfinite(v := _value(f))]
        if not values:
            return Score.unknown("too few faces were read in both films")
        figures = []
        for reader, of in followed.items():
            for feature, a in of.items():
                best = _follow(ceiling, reader, feature)
                same = _follow(floor, reader, feature)
                name = f"{feature} by {reader}"
                figures += [
                    Figure(f"{name}: r", a.r, same.r, best.r),
                    Figure(f"{name}: share of range", a.share, same.share, best.share),
                    Figure(f"{name}: error", a.error, same.error, best.error),
                ]
        if np.isfinite(shapes := _blendshapes(swap)):
            around = _blendshapes(floor), _blendshapes(ceiling)
            figures.append(Figure("blendshapes: r", shapes, *around))
        words = [_words(r, of) for r, of in followed.items()]
        shut = _shut(swap, readers[0])
        return Score(float(np.mean(values)), tuple(figures), "; ".join([*words, shut]).rstrip("; "))


def readers_of(table: Table) -> list[str]:
    """Names of the readers that a table has, in their order."""
    return list(dict.fromkeys(name.split(":")[1] for name in table if name.startswith("plate:")))


def _follow(table: Table, reader: str, feature: str) -> Agreement:
    after, before = (column(table, f"{side}:{reader}:{feature}") for side in ("swap", "plate"))
    return agreement(after, before, _STILL[feature])


def _value(followed: dict[str, Agreement]) -> float:
    """Weighted mean of concordances; what does not move in the plate must not move."""
    total = weight = 0.0
    for feature, a in followed.items():
        if not np.isfinite(a.error):
            continue
        value = max(a.concordance, 0.0)
        if not a.moves:
            value = float(np.clip(1 - a.error / (3 * _STILL[feature]), 0, 1))
        total += FEATURES[feature] * value
        weight += FEATURES[feature]
    return total / weight if weight else float("nan")


def _words(reader: str, followed: dict[str, Agreement]) -> str:
    said = []
    for feature, name in (("eyes", "the eyes"), ("mouth", "the mouth"), ("brows", "the brows")):
        a = followed[feature]
        verb = "follows" if name == "the mouth" else "follow"
        if not np.isfinite(a.error):
            continue
        if a.moves:
            share = float(np.clip(a.share, 0, 9.99))
            said.append(f"{name} {verb} the plate in {share:.0%} of the range (r {a.r:.2f})")
        else:
            rest = "rests" if name == "the mouth" else "rest"
            said.append(f"{name} {rest} in the plate (off by {a.error:.3f})")
    return f"read by {reader}: {', '.join(said)}"


def _shut(table: Table, reader: str) -> str:
    """How many frames have shut eyes, each person's eyes measured by how far they usually open."""
    before, after = (column(table, f"{side}:{reader}:eyes") for side in ("plate", "swap"))
    known = np.isfinite(before) & np.isfinite(after)
    before, after = before[known], after[known]
    if not len(before):
        return ""
    shut, too = (v < _SHUT * np.quantile(v, _USUAL) for v in (before, after))
    if not shut.any():
        extra = f", but in {too.sum()} of the swap" if too.any() else ""
        return f"eyes shut in no looked-at frame of the plate{extra}"
    extra = f", and in {(too & ~shut).sum()} more" if (too & ~shut).any() else ""
    return (
        f"eyes shut in {shut.sum()} looked-at frames of the plate, in {(shut & too).sum()} of "
        f"them in the swap too{extra}"
    )


def _blendshapes(table: Table) -> float:
    """Mean correlation over those that move in the plate."""
    before, after = table.get("plate"), table.get("swap")
    if before is None or after is None or before.ndim != 2 or before.shape[1] < 2:
        return float("nan")
    found = [
        agreement(after[:, n], before[:, n], _BLENDSHAPES_MOVE) for n in range(before.shape[1])
    ]
    moving = [a.r for a in found if a.moves]
    return float(np.mean(moving)) if moving else float("nan")
