from __future__ import annotations

import numpy as np

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
