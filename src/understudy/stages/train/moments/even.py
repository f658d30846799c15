"""How often each face is shown, so that rare moments are learnt and common ones not by heart.

A film shows its person looking ahead with open eyes most of the time; a blink is one frame in
fifty. Drawn frame by frame, the net meets two closed eyes an epoch and a thousand open ones that
are nearly one picture. Faces are weighed by how crowded their place is among poses and openings
of lids and mouth, which also thins stretches in which nothing moves.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from understudy.flow import Progress
from understudy.stages.train.moments.read import Moments
from understudy.stages.train.moments.traits import LIDS, MOUTH, PITCH, YAW, relative_lids
from understudy.words import are

_PLANES = (((PITCH, 8.0), (YAW, 10.0)), ((LIDS, 0.25), (MOUTH, 0.04)))
"""How the head is held, and what the face does, with the side of a cell in each: faces closer than
that teach much the same. One space of all four would be so empty that a few hundred faces each
seem rare in it."""
_POWER = 0.75
"""1 would show every place equally often, and one bad landmark as often as the person's usual
look; 0 is as filmed."""
_MOST, _LEAST = 8.0, 0.25
"""Bounds of a face's weight, in weights of the median face: what is rarest may be an error of the
landmarks, and what is commonest is also what the film will ask for most."""
COVERED = 0.15
"""Faces with more of them behind hands or things than this are not shown, while others are left."""


def even_shares(
    moments: Mapping[str, Moments], progress: Progress, *, covered_too: bool
) -> list[NDArray[np.float64]]:
    """How often each person's faces are shown; how many are left out is told.

    Args:
        moments: by person.
        progress: told.
        covered_too: whether faces behind hands or things are shown as well.
    """
    shares = []
    for person, found in moments.items():
        shares.append(weights(found.traits, None if covered_too else found.covered))
        if left_out := int((shares[-1] == 0).sum()):
            progress.say(
                f"{left_out} of {len(found.traits)} faces of {person} {are(left_out)} left out, "
                f"because more than {100 * COVERED:.0f} % of them are behind hands or things"
            )
    return shares


def weights(
    traits: NDArray[np.floating], covered: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """How often each of a person's faces is to be shown, as shares of one.

    Args:
        traits: (n, 4) pitch, yaw, lids and mouth, see `traits.traits`; n of 1 or more.
        covered: (n,) how much of each face lies behind something, 0 where that is not known.

    Returns:
        (n,) float64, sum 1; 0 for faces that are covered.
    """
    rows = np.array(traits, np.float64)
    rows[:, LIDS] = relative_lids(rows[:, LIDS])
    found = np.zeros(len(rows))
    for plane in _PLANES:
        places = np.stack([rows[:, column] / side for column, side in plane], 1)
        rarity = _crowds(places) ** -_POWER
        found += rarity / rarity.mean()
    found = np.clip(found / np.median(found), _LEAST, _MOST)
    if covered is not None:
        free = np.asarray(covered) <= COVERED
        if free.any():
            found = np.where(free, found, 0.0)
    return found / found.sum()


def _crowds(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) places in cells to (n,): how many faces lie about each, itself included.

    Each face is spread over the corners of its cell and read back from them, so that no edge of a
    cell makes a difference.
    """
    low = np.floor(places).astype(np.int64)
    rest = places - low
    low -= low.min(0)
    wide = int(low[:, 1].max()) + 2
    cells, shares = [], []
    for corner in itertools.product((0, 1), repeat=2):
        at = low + corner
        cells.append(at[:, 0] * wide + at[:, 1])
        shares.append(np.where(corner, rest, 1 - rest).prod(1))
    known, where = np.unique(np.concatenate(cells), return_inverse=True)
    share = np.concatenate(shares)
    counts = np.bincount(where, share, len(known))
    total: NDArray[np.float64] = (counts[where] * share).reshape(4, -1).sum(0)
    return np.maximum(total, 0.25)  # what a lone face gives itself in the middle of a cell
