"""Who is who in a long film: how long `join_persons` takes.

    python benchmarks/persons.py [--tracks 500,5000] [--rounds 3]

Made-up tracks: unit vectors of 128 numbers around each person's own, spans that follow each other
with some at the same time. "crowd" has as many persons as tracks, the worst case.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from understudy.follow.persons import join_persons
from understudy.types import Track


def tracks(n: int, persons: int, seed: int = 5) -> tuple[list[Track], dict[int, tuple[int, int]]]:
    """Tracks and their spans."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(persons, 128))
    centres /= np.linalg.norm(centres, axis=1)[:, None]
    found, spans, first = [], {}, 0
    for number in range(n):
        who = number if persons == n else int(rng.integers(persons))
        vector = centres[who] + rng.normal(0, 0.02, 128)
        found.append(
            Track(number, number, None, vector.astype(np.float32), float(rng.integers(1, 20)))
        )
        last = first + int(rng.integers(10, 200))
        spans[number] = (first, last)
        if rng.random() < 0.7:
            first = last + 1
    return found, spans


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", default="500,5000")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print("| tracks | persons | found | median s | least..most s |")
    print("| --- | --- | --- | --- | --- |")
    for n in map(int, args.tracks.split(",")):
        for persons in (20, n):
            made, spans = tracks(n, persons)
            times = []
            for _ in range(args.rounds):
                started = time.perf_counter()
                joined = join_persons(made, spans, 0.6)
                times.append(time.perf_counter() - started)
            found = len({t.person for t in joined})
            middle = statistics.median(times)
            name = "crowd" if persons == n else str(persons)
            print(f"| {n} | {name} | {found} | {middle:.2f} | {min(times):.2f}..{max(times):.2f} |")


if __name__ == "__main__":
    main()
