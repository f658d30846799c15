"""Who is who across shots: tracks of one person are joined by their identity vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from understudy.types import Track

_ROUNDS = 10


def join_persons(
    tracks: Sequence[Track], frames_of: Mapping[int, tuple[int, int]], same_below: float
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
    groups: list[list[Track]] = []
    for _ in range(_ROUNDS):
        before = [[t.number for t in g] for g in groups]
        for track in known:
            groups = [[t for t in g if t is not track] for g in groups]
            groups = [g for g in groups if g]
            fitting = [g for g in groups if not _together(track, g, frames_of)]
            distances = [_distance(track, g) for g in fitting]
            if distances and min(distances) < same_below:
                fitting[int(np.argmin(distances))].append(track)
            else:
                groups.append([track])
        groups.sort(key=lambda g: min(t.number for t in g))
        for group in groups:
            group.sort(key=lambda t: t.number)
        if before == [[t.number for t in g] for g in groups]:
            break
    groups += [[t] for t in tracks if t.embedding is None or t.number not in frames_of]
    groups.sort(key=lambda g: (-sum(_length(t, frames_of) for t in g), min(t.number for t in g)))
    found = [replace(t, person=person) for person, group in enumerate(groups) for t in group]
    return sorted(found, key=lambda t: t.number)


def _length(track: Track, frames_of: Mapping[int, tuple[int, int]]) -> int:
    first, last = frames_of.get(track.number, (0, -1))
    return last - first + 1


def _together(
    track: Track, group: Sequence[Track], frames_of: Mapping[int, tuple[int, int]]
) -> bool:
    """Whether the track is seen at the same time as one of the group."""
    first, last = frames_of[track.number]
    spans = (frames_of[t.number] for t in group)
    return any(one <= last and first <= two for one, two in spans)


def _distance(track: Track, group: Sequence[Track]) -> float:
    vectors = np.stack([t.embedding for t in group if t.embedding is not None]).astype(np.float64)
    weights = np.array([t.weight for t in group])
    mean = (weights[:, None] * vectors).sum(0) / weights.sum()
    return float(np.linalg.norm(np.asarray(track.embedding, np.float64) - mean))
