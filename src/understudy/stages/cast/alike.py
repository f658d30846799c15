"""Persons of different films who look like one: proposed to people, never decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from understudy.plugin import Registry
from understudy.stages.cast.found import Found
from understudy.store.alignments import Alignments

_MEANS_ARE_NEARER = 0.75
"""As in extraction: mean vectors of one person lie nearer to each other than single ones."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Two found persons who may be one.

    Attributes:
        one: source's id and number.
        other: the same, of another source.
        distance: of their mean identity vectors.
        same_below: distance under which two are usually one person.
    """

    one: tuple[str, int]
    other: tuple[str, int]
    distance: float
    same_below: float

    @property
    def both(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """The one and the other."""
        return self.one, self.other


def embedder_of(store: Alignments) -> str | None:
    """Name of the identity network that a film's faces were told apart with, or None."""
    last = store.last_timestamp()
    for index in () if last is None else sorted(store.seen()):
        for face in store.faces(index):
            made_by = face.made_by.get("embed")
            return None if made_by is None else made_by.partition("@")[0]
    return None


def propose(
    films: Mapping[str, Sequence[Found]], embedders: Mapping[str, str | None], registry: Registry
) -> list[Alike]:
    """Pairs from different films that lie near, nearest first; each person is in its nearest pair.

    Films told apart with different networks cannot be compared and are not.
    """
    pairs = []
    ids = list(films)
    for place, one in enumerate(ids):
        for other in ids[place + 1 :]:
            name = embedders[one]
            if name is None or name != embedders[other]:
                continue
            limit = _MEANS_ARE_NEARER * float(registry.get("embed", name).load().same_person_below)
            pairs += _near(one, films[one], other, films[other], limit)
    return sorted(pairs, key=lambda pair: pair.distance)


def _near(
    one: str, persons: Sequence[Found], other: str, others: Sequence[Found], limit: float
) -> list[Alike]:
    """Pairs of two films in which each is the other's nearest."""
    known = [(p.number, p.embedding) for p in persons if p.embedding is not None]
    theirs = [(p.number, p.embedding) for p in others if p.embedding is not None]
    if not known or not theirs:
        return []
    distances = np.array([[np.linalg.norm(v - w) for _, w in theirs] for _, v in known])
    return [
        Alike((one, number), (other, theirs[j][0]), float(distances[i, j]), limit)
        for i, (number, _) in enumerate(known)
        if distances[i, j := int(np.argmin(distances[i]))] < limit
        and int(np.argmin(distances[:, j])) == i
    ]
