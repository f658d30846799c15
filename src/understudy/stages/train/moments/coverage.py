"""What one person's films show and another's never do, in words, before hours are trained.

A swap can show of a donor only what the donor's faces hold. That a profile or a closed eye is
missing there can be seen from the landmarks; afterwards it is a smear in the finished film.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from understudy.flow import Progress
from understudy.stages.train.moments.traits import LIDS, MOUTH, PITCH, YAW, relative_lids
from understudy.words import counted

Told = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Region:
    """Moments of one kind.

    Attributes:
        name: for programs.
        words: for people, after "never shows".
        holds: which rows of traits are such moments.
        sided: whether its mirror image is another region.
    """

    name: str
    words: str
    holds: Told
    sided: bool = False


def _beyond(column: int, low: float, high: float = np.inf) -> Told:
    return lambda t: (t[:, column] > low) & (t[:, column] <= high)


def _below(column: int, high: float, low: float = -np.inf) -> Told:
    return lambda t: (t[:, column] < high) & (t[:, column] >= low)


REGIONS = (
    Region("eyes-shut", "closed eyes", _below(LIDS, 0.35)),
    Region("mouth-wide", "a wide open mouth", _beyond(MOUTH, 0.13)),
    Region("mouth-open", "an open mouth", _beyond(MOUTH, 0.05, 0.13)),
    Region("profile-left", "the face in profile, to the left", _beyond(YAW, 40), sided=True),
    Region("profile-right", "the face in profile, to the right", _below(YAW, -40), sided=True),
    Region("turned-left", "the face turned to the left", _beyond(YAW, 20, 40), sided=True),
    Region("turned-right", "the face turned to the right", _below(YAW, -20, -40), sided=True),
    Region("up", "the face looking up", _below(PITCH, -18)),
    Region("down", "the face looking down", _beyond(PITCH, 18)),
)
"""Left and right are the picture's."""

_ASKED, _SHARE_ASKED = 5, 0.005
"""How many faces of others, and which share of them, make a region worth a word."""
_SHOWN = 0.002
"""A person shows a region with more than this share of the faces; fewer may be wrong landmarks."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a person never shows although others do.

    Attributes:
        person: who.
        region: what.
        faces: how many faces of all others are in it.
    """

    person: str
    region: Region
    faces: int


def gaps(moments: Mapping[str, NDArray[np.floating]], *, mirrored: bool) -> list[Gap]:
    """All gaps, persons in order, the most needed first.

    Args:
        moments: (n, 4) traits by person.
        mirrored: whether half of the faces are mirrored in training, so that the right profile is
            learnt from the left one.
    """
    told = {person: _comparable(rows) for person, rows in moments.items()}
    found = []
    for person, own in told.items():
        others = np.concatenate([rows for other, rows in told.items() if other != person])
        missing = []
        for region in REGIONS:
            asked = int(region.holds(others).sum())
            if asked < max(_ASKED, _SHARE_ASKED * len(others)):
                continue
            shown = region.holds(own)
            if mirrored and region.sided:
                shown = shown | region.holds(own * _MIRROR)
            if shown.sum() <= _SHOWN * len(own):
                missing.append(Gap(person, region, asked))
        found += sorted(missing, key=lambda gap: -gap.faces)
    return found


def tell_gaps(
    moments: Mapping[str, NDArray[np.floating]], progress: Progress, *, mirrored: bool
) -> None:
    """Warn of each person's gaps, once a person; arguments as for `gaps`."""
    for person, found in groupby(gaps(moments, mirrored=mirrored), key=lambda gap: gap.person):
        missing = list(found)
        progress.warn(
            words(person, missing),
            code="never-shown",
            person=person,
            faces={gap.region.name: gap.faces for gap in missing},
        )


def words(person: str, missing: list[Gap]) -> str:
    """A person's gaps as one sentence, with what to do."""
    parts = [
        f"{gap.region.words} ({counted(gap.faces, 'face')} of the others need it)"
        for gap in missing
    ]
    return (
        f"{person} never shows {'; '.join(parts)}. Where {person}'s face is put there, it is a "
        f"guess: add a film of {person} that shows it, or cut those parts out of the footage"
    )


_MIRROR = np.array([1.0, -1.0, 1.0, 1.0])


def _comparable(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lids as shares of the person's own open eye: small eyes are not closed ones."""
    found = np.array(rows, np.float64)
    found[:, LIDS] = relative_lids(found[:, LIDS])
    return found
