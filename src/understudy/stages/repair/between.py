"""Carrying edits of landmarks from key frames to the frames between them.

What a hand changed is the difference of a face from its landmarks as they were found, in the face's
own frame: the unit square that the found landmarks are aligned to. Between two key frames that
difference goes evenly from the one to the other and is added to what was found in each frame, so
that the film's own motion and expression stay.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from understudy.errors import StoreError, ValueRefused
from understudy.flow import Progress
from understudy.follow.smooth import split, square_of
from understudy.geometry import N_LANDMARKS, Float64
from understudy.stages.faces.source import keep_copy
from understudy.stages.repair.shape import BETWEEN, BY_HAND, HAND, with_landmarks
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.types import Face
from understudy.types.faces import AUTOMATIC

MOST_FRAMES = 2000
"""With a face of the track, from the first key frame to the last: 80 seconds of a film."""


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """What was carried.

    Attributes:
        track: of which faces.
        keys: key frames, the first and the last among them.
        before, after: the faces that were changed, in order of frame; without masks.
        missing: frames between that have no face of the track.
        moved_px: mean way a point went, frame pixels.
    """

    track: int
    keys: tuple[int, ...]
    before: tuple[Face, ...]
    after: tuple[Face, ...]
    missing: int
    moved_px: float


def key_frames(store: Alignments, track: int) -> list[int]:
    """Frames in which a face of a track was set by hand, in order.

    Raises:
        ValueRefused: there is no such track.
    """
    faces = _faces(store, track, None, None)
    return [frame for frame, face in faces.items() if face.made_by.get("align") == HAND]


def carry(
    store: Alignments,
    progress: Progress,
    track: int,
    first: int | None = None,
    last: int | None = None,
    *,
    dry_run: bool = False,
    backup: bool = False,
) -> Carried:
    """Carry what hands changed to the frames between, in one transaction.

    Faces between that were set by hand are key frames too and stay. Faces that an earlier run
    changed begin from what was found again. What was made from landmarks that move is stale.

    Args:
        store: open for writing, unless nothing is changed.
        progress: told of the copy.
        track: of which faces.
        first: key frame from which it is done; None for the first that was set by hand.
        last: the one to which; None for the last. Where one of the two was not set by hand, the
            edit fades away to it.
        dry_run: change nothing.
        backup: keep a copy of the file first.

    Raises:
        ValueRefused: there is no such track; a key frame has no face of it, or one that was drawn
            by hand, which has nothing found to differ from; no face lies between; or nothing was
            changed by hand. Nothing was done.
    """
    faces = _faces(store, track, first, last)
    ends = [f for f, face in faces.items() if face.made_by.get("align") == HAND]
    if not ends:
        raise ValueRefused(
            f"track {track}: no face of it was set by hand there; move landmarks in two frames "
            "first, in the studio's frame editor"
        )
    first, last = ends[0] if first is None else first, ends[-1] if last is None else last
    for end in (first, last):
        if end not in faces:
            raise ValueRefused(f"frame {end}: has no face of track {track}")
    keys = sorted({first, last, *(frame for frame in ends if first < frame < last)})
    offsets = {frame: _offset(faces[frame]) for frame in keys if _is_key(faces[frame], frame, keys)}
    before = tuple(
        face
        for frame, face in faces.items()
        if first < frame < last and frame not in offsets and not _drawn(face)
    )
    if not before:
        raise ValueRefused(
            f"track {track}: no face lies between frames {first} and {last} that was not set by "
            "hand; name two key frames with others between"
        )
    known = sorted(offsets)
    points = [_moved(face, known, offsets) for face in before]
    after = tuple(
        with_landmarks(face, new, store, BETWEEN) for face, new in zip(before, points, strict=True)
    )
    if not dry_run:
        if backup:
            keep_copy(store, progress)
        # once more with masks, one by one: those of 2000 faces at once would be gigabytes
        store.put_faces(
            with_landmarks(_whole(store, face), new, store, BETWEEN)
            for face, new in zip(before, points, strict=True)
        )
    ways = [
        np.linalg.norm(new.alignment.landmarks - old.alignment.landmarks, axis=1).mean()
        for old, new in zip(before, after, strict=True)
    ]
    inside = sum(first <= frame <= last for frame in faces)
    missing = last - first + 1 - inside
    return Carried(track, tuple(known), before, after, missing, float(np.mean(ways)))


def found_landmarks(face: Face) -> Float64:
    """(68, 2) a face's landmarks as they were before hands set them, frame pixels.

    Raises:
        StoreError: they are not 68.
    """
    if AUTOMATIC in face.extras:
        if face.extras[AUTOMATIC].shape != (2 * N_LANDMARKS,):
            raise StoreError(f"{face.id}: its found landmarks cannot be read")
        return face.extras[AUTOMATIC].astype(np.float64).reshape(N_LANDMARKS, 2)
    return face.alignment.landmarks


def _faces(store: Alignments, track: int, first: int | None, last: int | None) -> dict[int, Face]:
    """The faces of a track by frame."""
    rows = store.select(Query(track=track, frames=(first, last)))
    if not rows and not store.count(Query(track=track)):
        raise ValueRefused(f"{store.path.name} has no track {track}")
    if len(rows) > MOST_FRAMES:
        raise ValueRefused(f"track {track}: at most {MOST_FRAMES} frames at once, got {len(rows)}")
    faces: dict[int, Face] = {}
    for row in rows:
        if row.frame in faces:
            raise ValueRefused(
                f"frame {row.frame}: has two faces of track {track}; remove one of them"
            )
        face = next(f for f in store.faces(row.frame) if f.id == row.id)
        faces[row.frame] = replace(face, masks={}, embedding=None)
    return faces


def _whole(store: Alignments, face: Face) -> Face:
    return next(f for f in store.faces(face.at.index) if f.id == face.id)


def _drawn(face: Face) -> bool:
    """Whether a hand made it, so that nothing was found that it could differ from."""
    return AUTOMATIC not in face.extras and face.made_by.get("align") in BY_HAND


def _is_key(face: Face, frame: int, keys: Sequence[int]) -> bool:
    if not _drawn(face):
        return True
    if frame in (keys[0], keys[-1]):
        raise ValueRefused(
            f"frame {frame}: its face was drawn by hand, and has nothing that was found to differ "
            "from; take a frame whose face extraction found"
        )
    return False


def _offset(face: Face) -> Float64:
    """(68, 2) what hands changed, in the unit square of what was found."""
    found = found_landmarks(face)
    matrix = _unit_from_frame(found)
    return (face.alignment.landmarks - found) @ matrix[:2, :2].T


def _moved(face: Face, keys: Sequence[int], offsets: Mapping[int, Float64]) -> Float64:
    at = bisect_right(keys, face.at.index)
    one, other = keys[at - 1], keys[at]
    share = (face.at.index - one) / (other - one)
    offset = (1 - share) * offsets[one] + share * offsets[other]
    found = found_landmarks(face)
    back = np.linalg.inv(_unit_from_frame(found)[:2, :2])
    return found + offset @ back.T


def _unit_from_frame(landmarks: Float64) -> Float64:
    return square_of(split(landmarks).head)
