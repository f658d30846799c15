"""The persons that extraction found in one film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.store.alignments import Alignments
from understudy.store.alignments.query import FaceRow, Query
from understudy.types import Track


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One person found in a film.

    Attributes:
        number: of the person, as in `Track.person`.
        tracks: numbers of the tracks that show the person.
        rows: the faces, in order of time.
        embedding: (d,) float64 mean identity vector of the tracks, or None where none has one.
    """

    number: int
    tracks: tuple[int, ...]
    rows: tuple[FaceRow, ...]
    embedding: NDArray[Any] | None

    @property
    def frames(self) -> int:
        """In how many frames the person is seen."""
        return len({row.frame for row in self.rows})


def found_persons(store: Alignments) -> list[Found]:
    """Everybody found in a film, by number; who is seen longest has the lowest after extraction."""
    tracks_of: dict[int, list[Track]] = {}
    for track in store.tracks():
        if track.person is not None:
            tracks_of.setdefault(track.person, []).append(track)
    return [
        Found(
            number,
            tuple(track.number for track in tracks),
            tuple(store.select(Query(person=number))),
            mean_embedding(tracks),
        )
        for number, tracks in sorted(tracks_of.items())
    ]


def mean_embedding(tracks: list[Track]) -> NDArray[Any] | None:
    """(d,) float64 mean of tracks' vectors, each as heavy as the faces it stands for."""
    known = [(t.embedding, t.weight) for t in tracks if t.embedding is not None]
    if not known:
        return None
    vectors = np.stack([vector for vector, _ in known]).astype(np.float64)
    weights = np.maximum([weight for _, weight in known], 1e-6)
    return (weights[:, None] * vectors).sum(0) / weights.sum()


def untracked_faces(store: Alignments) -> int:
    """How many faces belong to no track, and so to no person."""
    return store.count(Query(tracked=False))
