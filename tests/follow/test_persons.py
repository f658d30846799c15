from __future__ import annotations

import time

import numpy as np
import pytest

from understudy.follow.persons import join_persons
from understudy.types import Track

RNG = np.random.default_rng(4)


def track(number: int, who: int | None, weight: float = 3.0) -> Track:
    if who is None:
        return Track(number, 0)
    vector = 0.8 * np.eye(8)[who] + RNG.normal(0, 0.03, 8)
    return Track(number, 0, None, vector.astype(np.float32), weight)


def persons(tracks: list[Track], spans: dict[int, tuple[int, int]]) -> list[int | None]:
    return [t.person for t in join_persons(tracks, spans, 0.6)]


def test_tracks_of_one_person_are_joined_and_the_longest_comes_first():
    tracks = [track(0, 1), track(1, 0), track(2, 1), track(3, 0), track(4, 2)]
    spans = {0: (0, 9), 1: (10, 59), 2: (60, 69), 3: (70, 99), 4: (100, 104)}
    assert persons(tracks, spans) == [1, 0, 1, 0, 2]


def test_two_faces_in_one_frame_are_two_persons_however_alike():
    spans = {0: (0, 50), 1: (40, 90), 2: (91, 99)}
    found = persons([track(0, 0), track(1, 0), track(2, 0)], spans)
    assert found[0] != found[1] and found[2] in (found[0], found[1])


def test_tracks_without_a_vector_stay_alone():
    spans = {0: (0, 9), 1: (10, 19), 2: (20, 29)}
    assert len(set(persons([track(0, None), track(1, None), track(2, 0)], spans))) == 3
    assert persons([], {}) == []


def random_tracks(rng, n: int, persons: int, noise: float):
    centres = rng.normal(size=(persons, 16))
    centres /= np.linalg.norm(centres, axis=1)[:, None]
    tracks, spans = [], {}
    for number in range(n):
        vector = centres[rng.integers(persons)] + rng.normal(0, noise, 16)
        embedding = None if rng.random() < 0.1 else vector.astype(np.float32)
        tracks.append(Track(number, 0, None, embedding, float(rng.integers(1, 20))))
        if rng.random() < 0.95:
            first = int(rng.integers(0, 2000))
            spans[number] = (first, first + int(rng.integers(0, 200)))
    return tracks, spans


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.25])
def test_it_joins_as_the_plain_way_does(noise):
    rng = np.random.default_rng(int(noise * 100))
    for _ in range(40):
        tracks, spans = random_tracks(rng, int(rng.integers(1, 50)), int(rng.integers(1, 8)), noise)
        same_below = float(rng.choice([0.3, 0.6, 0.9]))
        found = [t.person for t in join_persons(tracks, spans, same_below)]
        assert found == plain(tracks, spans, same_below)


def test_three_thousand_tracks_are_joined_while_one_waits():
    rng = np.random.default_rng(3)
    tracks, spans = random_tracks(rng, 3000, 20, 0.02)
    spans = {number: (50 * number, 50 * number + 80) for number in spans}
    began = time.process_time()
    assert len(join_persons(tracks, spans, 0.6)) == 3000
    assert time.process_time() - began < 8  # 20 s when each choice looks at all tracks again


def plain(tracks, frames_of, same_below) -> list[int]:
    """The rule word for word: each track compared with every member of every group."""

    def length(t):
        first, last = frames_of.get(t.number, (0, -1))
        return last - first + 1

    def apart(one, group):
        first, last = frames_of[one.number]
        return all(b < first or last < a for a, b in (frames_of[t.number] for t in group))

    def distance(one, group):
        weights = np.array([t.weight for t in group])
        vectors = np.stack([t.embedding for t in group]).astype(np.float64)
        mean = (weights[:, None] * vectors).sum(0) / weights.sum()
        return round(float(np.linalg.norm(one.embedding.astype(np.float64) - mean)), 7)

    known = [t for t in tracks if t.embedding is not None and t.number in frames_of]
    known.sort(key=lambda t: (-length(t), t.number))
    groups: list[list[Track]] = []
    for _ in range(10):
        before = {frozenset(t.number for t in g) for g in groups}
        for track in known:
            groups = [rest for g in groups if (rest := [t for t in g if t is not track])]
            fitting = [g for g in groups if apart(track, g)]
            nearest = min(fitting, key=lambda g: distance(track, g), default=None)
            if nearest is not None and distance(track, nearest) < same_below:
                nearest.append(track)
            else:
                groups.append([track])
        groups.sort(key=lambda g: min(t.number for t in g))
        if before == {frozenset(t.number for t in g) for g in groups}:
            break
    groups += [[t] for t in tracks if t not in known]
    groups.sort(key=lambda g: (-sum(map(length, g)), min(t.number for t in g)))
    person = {t.number: n for n, group in enumerate(groups) for t in group}
    return [person[t.number] for t in tracks]
