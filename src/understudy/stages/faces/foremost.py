"""Who is largest in a shot: one person of each entry of a casting, for as long as the shot lasts.

The largest face of each frame alone changes between two people of like size whenever one of them
leans forward. So sizes are added up over the shot, by person where tracks were told apart by
identity, else by track; faces that nobody followed are followed here by their boxes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from understudy.geometry.boxes import overlap
from understudy.store.alignments.looks import Look

_SAME = 0.3
"""Boxes of two frames that share so much (of both) are one face."""
_GAP = 12
"""Frames with faces for which a face that nobody followed may be away."""


@dataclass(slots=True)
class _Somebody:
    """A person, track or followed box in one shot.

    Attributes:
        known: whether identity tells this person from others, so that another one cannot be it.
        looks: the faces, in order of time.
    """

    known: bool
    looks: list[Look] = field(default_factory=list)

    @property
    def size(self) -> float:
        """Sizes of the faces added up, so that who is there longer counts for more."""
        return sum(look.size_px for look in self.looks)

    @property
    def span(self) -> tuple[int, int]:
        return self.looks[0].frame, self.looks[-1].frame


def foremost(
    looks: Iterable[Look],
    shots: Sequence[int],
    told_apart: Collection[int],
    entry: Callable[[int | None], str | None],
) -> frozenset[str]:
    """Ids of the faces of whoever is largest in each shot, at most one a frame and entry.

    Args:
        looks: all faces of a film, in order of frame.
        shots: first frames of its shots, in order; none where nobody looked for cuts.
        told_apart: persons that were told from others by their identity.
        entry: the entry of the casting that a person of the film falls under; None for who is
            left alone.
    """
    found: list[str] = []
    cast = ((look, name) for look in looks if (name := entry(look.person)) is not None)
    for _, shot in groupby(cast, key=lambda pair: bisect_right(shots, pair[0].frame)):
        entries: dict[str, list[Look]] = {}
        for look, name in shot:
            entries.setdefault(name, []).append(look)
        for there in entries.values():
            found += (look.id for look in _one_a_frame(_chosen(_everybody(there, told_apart))))
    return frozenset(found)


def _everybody(looks: Sequence[Look], told_apart: Collection[int]) -> list[_Somebody]:
    """The faces of a shot by whom they show."""
    found: dict[tuple[str, int], _Somebody] = {}
    unfollowed: list[Look] = []
    for look in looks:
        if look.person is not None and look.person in told_apart:
            found.setdefault(("person", look.person), _Somebody(True)).looks.append(look)
        elif look.track is not None:
            found.setdefault(("track", look.track), _Somebody(False)).looks.append(look)
        else:
            unfollowed.append(look)
    return [*found.values(), *_followed(unfollowed)]


def _followed(looks: Sequence[Look]) -> Iterator[_Somebody]:
    """Faces without a track, put together by where they lie."""
    going: list[tuple[int, _Somebody]] = []
    for turn, (_, group) in enumerate(groupby(looks, key=lambda look: look.frame)):
        yield from (one for last, one in going if turn - last > _GAP)
        going = [pair for pair in going if turn - pair[0] <= _GAP]
        free = list(going)
        for look in sorted(group, key=lambda look: -look.size_px):
            box = np.array(look.box_xyxy)[None]
            shared = [overlap(box, np.array(one.looks[-1].box_xyxy)[None])[0, 0] for _, one in free]
            if shared and max(shared) > _SAME:
                pair = free.pop(int(np.argmax(shared)))
                going.remove(pair)
                one = pair[1]
            else:
                one = _Somebody(False)
            one.looks.append(look)
            going.append((turn, one))
    yield from (one for _, one in going)


def _chosen(everybody: Sequence[_Somebody]) -> list[_Somebody]:
    """The largest; of those who may be that person too, who are there when nobody chosen is."""
    chosen: list[_Somebody] = []
    for one in sorted(everybody, key=lambda one: -one.size):
        first, last = one.span
        apart = all(last < other.span[0] or other.span[1] < first for other in chosen)
        if apart and not (one.known and any(other.known for other in chosen)):
            chosen.append(one)
    return chosen


def _one_a_frame(chosen: Sequence[_Somebody]) -> Iterator[Look]:
    """Of a person who is there twice, as in a mirror, the one who is there for longer."""
    for one in chosen:
        weight: dict[int | None, float] = {}
        for look in one.looks:
            weight[look.track] = weight.get(look.track, 0.0) + look.size_px
        for _, group in groupby(one.looks, key=lambda look: look.frame):
            yield max(group, key=lambda look: weight[look.track])
