"""Who is who across shots: tracks of one person are joined by their identity vectors."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from understudy.types import Track

_ROUNDS = 10
_EQUAL = 1e-12
"""Squared distances that differ by less are one, and the earlier group has the track."""

_LEAST_WEIGHT = 1e-6

Span = tuple[int, int]


def join_persons(
    tracks: Sequence[Track], frames_of: Mapping[int, Span], same_below: float
) -> list[Track]:
    """Give every track the number of the person it shows.

    Tracks go to the nearest person's mean vector, long ones first, and move over to a nearer one
    until nothing changes. Two faces in one frame are never one person.

    Args:
        tracks: of one film.
        frames_of: first and last frame of each track by number; those without have no faces left.
        same_below: distance under which two vectors are usually one person's.

    Returns:
        The tracks by number; person 0 is seen longest, and so on. Tracks without a vector are
        persons of their own.
    """
    known = [t for t in tracks if t.embedding is not None and t.number in frames_of]
    known.sort(key=lambda t: (-_length(t, frames_of), t.number))
    comparable = {t.number for t in known}
    groups = [[t] for t in tracks if t.number not in comparable]
    if known:
        groups += _grouped(known, [frames_of[t.number] for t in known], same_below)
    groups.sort(key=lambda g: (-sum(_length(t, frames_of) for t in g), min(t.number for t in g)))
    found = [replace(t, person=person) for person, group in enumerate(groups) for t in group]
    return sorted(found, key=lambda t: t.number)


def _grouped(known: Sequence[Track], spans: Sequence[Span], same_below: float) -> list[list[Track]]:
    """Tracks with vectors, in the order in which they choose their group."""
    vectors = np.stack([np.asarray(t.embedding, np.float64) for t in known])
    weights = np.array([max(t.weight, _LEAST_WEIGHT) for t in known])
    numbers = [t.number for t in known]
    groups = _Groups(vectors.shape[1], len(known))
    of = [-1] * len(known)
    for _ in range(_ROUNDS):
        before = groups.names(of, numbers)
        for n, (vector, weight, span) in enumerate(zip(vectors, weights, spans, strict=True)):
            if of[n] >= 0:
                groups.remove(of[n], vector, weight, span)
            of[n] = groups.nearest(vector, span, same_below)
            groups.add(of[n], vector, weight, span)
        after = groups.names(of, numbers)
        if after == before:
            break
        groups.put_in_order(of, after)
    together: dict[int, list[Track]] = {}
    for track, name in zip(known, after, strict=True):
        together.setdefault(name, []).append(track)
    return list(together.values())


class _Groups:
    """Groups of tracks by their weighted sums, so that a move costs one row and no group's all.

    Args:
        dimensions: of the vectors.
        most: how many groups there may be at once.
    """

    def __init__(self, dimensions: int, most: int) -> None:
        self._sums = np.zeros((most, dimensions))
        self._means = np.zeros((most, dimensions))
        self._squares = np.full(most, np.inf)  # of the means; infinite where a group is empty
        self._weights = np.zeros(most)
        self._order = np.zeros(most, np.int64)
        self._spans: list[list[Span]] = [[] for _ in range(most)]
        self._free = list(range(most))[::-1]
        self._used = 0
        self._next = 0

    def nearest(self, vector: NDArray[np.float64], span: Span, below: float) -> int:
        """The nearest group with nothing at the same time, or an empty one."""
        used = self._used
        squared = self._squares[:used] - 2 * (self._means[:used] @ vector) + vector @ vector
        near = np.flatnonzero(squared < below**2)
        best, least = -1, np.inf
        for group in near[np.lexsort((self._order[near], squared[near]))]:
            if squared[group] > least + _EQUAL:
                break
            if best >= 0 and self._order[group] > self._order[best]:
                continue
            if not _overlaps(self._spans[group], span):
                best, least = int(group), min(least, float(squared[group]))
        if best >= 0:
            return best
        group = self._free.pop()
        self._order[group], self._next = self._next, self._next + 1
        self._used = max(self._used, group + 1)
        return group

    def add(self, group: int, vector: NDArray[np.float64], weight: float, span: Span) -> None:
        """Let a track in."""
        insort(self._spans[group], span)
        self._sums[group] += weight * vector
        self._weights[group] += weight
        self._set_mean(group)

    def remove(self, group: int, vector: NDArray[np.float64], weight: float, span: Span) -> None:
        """Let a track go; a group that is empty then may be used again."""
        self._spans[group].remove(span)
        if not self._spans[group]:
            self._sums[group], self._weights[group], self._squares[group] = 0, 0, np.inf
            self._means[group] = 0
            self._free.append(group)
            return
        self._sums[group] -= weight * vector
        self._weights[group] -= weight
        self._set_mean(group)

    def names(self, of: Sequence[int], numbers: Sequence[int]) -> list[int]:
        """For each track the lowest number in its group; -1 before it has one."""
        lowest: dict[int, int] = {-1: -1}
        for group, number in zip(of, numbers, strict=True):
            lowest[group] = min(lowest.get(group, number), number)
        return [lowest[group] for group in of]

    def put_in_order(self, of: Sequence[int], names: Sequence[int]) -> None:
        """Groups come in the order of their lowest numbers."""
        for group, name in zip(of, names, strict=True):
            self._order[group] = name
        self._next = max(names) + 1

    def _set_mean(self, group: int) -> None:
        mean = self._sums[group] / self._weights[group]
        self._means[group], self._squares[group] = mean, mean @ mean


def _overlaps(spans: Sequence[Span], span: Span) -> bool:
    """Whether a span overlaps one of those, which are in order and apart from each other."""
    first, last = span
    after = bisect_left(spans, (last + 1, -1))
    return after > 0 and spans[after - 1][1] >= first


def _length(track: Track, frames_of: Mapping[int, Span]) -> int:
    first, last = frames_of.get(track.number, (0, -1))
    return last - first + 1
