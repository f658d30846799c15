"""Correcting who is who in a film: each edit is one transaction, with a copy kept before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.errors import ValueRefused
from understudy.flow import Progress
from understudy.stages.faces.source import keep_copy
from understudy.store.alignments import Alignments
from understudy.types import Track

Own = Callable[[], Path] | None
"""Where the alignments are that may be changed, asked once the edit is known to be possible."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did.

    Attributes:
        tracks: numbers of the tracks that show somebody else now.
        person: whom they show.
        emptied: persons of whom no track is left.
    """

    tracks: tuple[int, ...]
    person: int
    emptied: tuple[int, ...]


def merge(path: Path, persons: Sequence[int], progress: Progress, own: Own = None) -> Edited:
    """Say that several found persons are one: all become the first.

    Args:
        path: the alignments file.
        persons: their numbers.
        progress: told of the copy, and of frames in which they are seen together.
        own: see `Own`.

    Raises:
        ValueRefused: fewer than two, or one that was not found.
    """
    numbers = tuple(dict.fromkeys(persons))
    if len(numbers) < 2:
        raise ValueRefused(
            "merge: expected numbers of two persons or more, such as clip:0,1; got "
            f"{'only person ' + str(numbers[0]) if numbers else 'none'}"
        )

    def moved(tracks: Sequence[Track]) -> list[Track]:
        known = {t.person for t in tracks}
        for number in numbers:
            _check(number, known, path)
        return [replace(t, person=numbers[0]) for t in tracks if t.person in numbers[1:]]

    return _edited(path, moved, progress, own)


def split(
    path: Path, person: int, chosen: Collection[int], progress: Progress, own: Own = None
) -> Edited:
    """Give tracks of a found person a new number: they show somebody else.

    Args:
        path: the alignments file.
        person: whose tracks they were said to be.
        chosen: numbers of the tracks.
        progress: told of the copy.
        own: see `Own`.

    Raises:
        ValueRefused: a track is not that person's, or all of them are chosen.
    """

    def moved(tracks: Sequence[Track]) -> list[Track]:
        _check(person, {t.person for t in tracks}, path)
        own = {t.number for t in tracks if t.person == person}
        _check_tracks(chosen, own, f"person {person}")
        if own <= set(chosen):
            raise ValueRefused(f"split: person {person} has no other tracks; nothing would be left")
        fresh = 1 + max(t.person for t in tracks if t.person is not None)
        return [replace(t, person=fresh) for t in tracks if t.number in chosen]

    return _edited(path, moved, progress, own)


def assign(
    path: Path, person: int, chosen: Collection[int], progress: Progress, own: Own = None
) -> Edited:
    """Say that tracks show this found person, whomever they were said to show.

    Args:
        path: the alignments file.
        person: whom they show.
        chosen: numbers of the tracks.
        progress: told of the copy, and of frames in which they are seen together.
        own: see `Own`.

    Raises:
        ValueRefused: there is no such person or track.
    """

    def moved(tracks: Sequence[Track]) -> list[Track]:
        _check(person, {t.person for t in tracks}, path)
        _check_tracks(chosen, {t.number for t in tracks}, path.name)
        return [
            replace(t, person=person) for t in tracks if t.number in chosen and t.person != person
        ]

    return _edited(path, moved, progress, own)


def put(path: Path, shown: Mapping[int, int], progress: Progress, own: Own = None) -> None:
    """Have tracks show found persons as they are said to: how an edit is taken back.

    Args:
        path: the alignments file.
        shown: numbers of found persons by the numbers of tracks; others stay as they are.
        progress: told of the copy.
        own: see `Own`.

    Raises:
        ValueRefused: there is no such track, or nothing would change.
    """

    def moved(tracks: Sequence[Track]) -> list[Track]:
        _check_tracks(shown, {t.number for t in tracks}, path.name)
        return [
            replace(t, person=shown[t.number])
            for t in tracks
            if t.number in shown and t.person != shown[t.number]
        ]

    with Alignments.open(_allowed(path, moved, own)) as store:
        changed = _changes(store, moved)
        keep_copy(store, progress)
        store.put([], tracks=changed)


def _edited(
    path: Path, moved: Callable[[Sequence[Track]], list[Track]], progress: Progress, own: Own
) -> Edited:
    with Alignments.open(_allowed(path, moved, own)) as store:
        tracks = store.tracks()
        changed = _changes(store, moved)
        (person,) = {t.person for t in changed}
        assert person is not None  # noqa: S101 - every edit above gives a number
        keep_copy(store, progress)
        store.put([], tracks=changed)
        _warn_of_both_in_a_frame(store, person, progress)
        left = {t.person for t in store.tracks()}
        gone = {t.person for t in tracks if t.person is not None} - left
        numbers = tuple(t.number for t in changed)
        return Edited(numbers, person, tuple(sorted(n for n in gone if n is not None)))


def _allowed(path: Path, moved: Callable[[Sequence[Track]], list[Track]], own: Own) -> Path:
    """Where it may be done; whatever is refused is refused before there is a file more."""
    if own is None:
        return path
    with Alignments.open(path, read_only=True) as store:
        _changes(store, moved)
    return own()


def _changes(store: Alignments, moved: Callable[[Sequence[Track]], list[Track]]) -> list[Track]:
    changed = moved(store.tracks())
    if not changed:
        raise ValueRefused(f"{store.path.name}: these tracks show that person already")
    return changed


def _warn_of_both_in_a_frame(store: Alignments, person: int, progress: Progress) -> None:
    spans = store.track_spans()
    own = sorted(
        spans[t.number] for t in store.tracks() if t.person == person and t.number in spans
    )
    last = -1
    for first, end in own:
        if first <= last:
            progress.warn(
                f"person {person} is seen twice in one frame, in {first} for example; if it is no "
                "mirror, one of the two is somebody else",
                code="seen-twice",
                person=person,
                frame=first,
            )
            return
        last = max(last, end)


def _check(person: int, known: Collection[int | None], path: Path) -> None:
    if person not in known:
        there = ", ".join(str(n) for n in sorted(n for n in known if n is not None))
        raise ValueRefused(f"{path.name}: there is no person {person}; found: {there or 'nobody'}")


def _check_tracks(chosen: Collection[int], known: Collection[int], where: str) -> None:
    strange = sorted(set(chosen) - set(known))
    if strange or not chosen:
        there = ", ".join(map(str, sorted(known)))
        raise ValueRefused(
            f"tracks: {', '.join(map(str, strange)) or 'none given'}; {where} has: {there}; give "
            "some of these, see understudy cast show"
        )
