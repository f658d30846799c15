"""Whether two looks show the same face: how far it went, how it changed, who has it already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from understudy.backends.mesh.runtime import boxes_from_landmarks
from understudy.errors import ValueRefused
from understudy.follow.sightings import Sighting, Trail
from understudy.geometry import Float64
from understudy.geometry.boxes import overlap
from understudy.types import Faces, Frame

PRESENT = 0.5
"""How sure an aligner must be that its landmarks lie on a face."""
SURE = 0.9999
"""The most that an aligner's word is taken for; 1 says that it has none."""
DISTANCE_AT_MOST = 0.2
"""Landmarks further from the mean face than this are no face."""
SAME_FACE = 0.3
"""Boxes that share so much (of both) may be one face; that they are must be looked at."""
SAME_PLACE = 0.5
"""Boxes that share so much (of the smaller, or of both) are one face."""

_ONE_FACE = 0.35
"""Landmarks that lie no further apart, in face sizes, lie on one face."""
_BESIDE, _GROWN = 0.2, 1.4
_TOUCHES = 0.05
"""Boxes that share so much (of both) run into each other."""
AS_BEFORE = 0.75
"""How alike a face's pictures of two frames must be where another face touches it."""


def sightings_of(frame: Frame, found: Faces, how: str) -> list[Sighting | None]:
    """What an aligner found, one a face; None where its landmarks lie on one spot."""
    if found.landmarks is None:
        return []
    out: list[Sighting | None] = []
    for i, (landmarks, box) in enumerate(zip(found.landmarks, found.boxes_xyxy, strict=True)):
        presence = 1.0 if found.presence is None else min(float(found.presence[i]), SURE)
        extras = {k: v[i].ravel() for k, v in found.extras.items() if k != "roll_deg"}
        score = float(found.scores[i])
        try:
            out.append(
                Sighting.of(frame.at.index, landmarks, box, score, presence, how, None, extras)
            )
        except ValueRefused:
            out.append(None)
    return out


def follows(before: Sighting, now: Sighting) -> bool:
    """Whether this can be the same face a frame later (or earlier)."""
    if now.presence < PRESENT or now.distance > DISTANCE_AT_MOST:
        return False
    grown = abs(now.parts.head[2] - before.parts.head[2])
    bent = float(np.abs(now.parts.shape - before.parts.shape).mean())
    return bool(grown < 0.3 and apart(before, now) < 0.6 and bent < 0.08)


def apart(one: Sighting, two: Sighting) -> float:
    """Distance between two faces' centres, in sizes of the larger."""
    return float(
        np.linalg.norm(one.parts.head[:2] - two.parts.head[:2])
        / max(one.parts.size, two.parts.size)
    )


def moved(trail: Trail, index: int) -> float:
    """How far a track came in its last step, in face sizes; infinite where it began with it."""
    before = [i for i in trail.sightings if i < index]
    if not before:
        return float("inf")
    return apart(trail.sightings[max(before)], trail.sightings[index])


def stepped(one: Sighting, two: Sighting) -> float:
    """Mean distance of the landmarks of two looks, in sizes of the larger face."""
    away = np.linalg.norm(one.landmarks - two.landmarks, axis=1).mean()
    return float(away / max(one.parts.size, two.parts.size))


def settled(sighting: Sighting | None) -> TypeGuard[Sighting]:
    """Whether an aligner's look is a face at all."""
    return (
        sighting is not None
        and sighting.presence >= PRESENT
        and sighting.distance <= DISTANCE_AT_MOST
    )


def agrees(sighting: Sighting, box_xyxy: Float64) -> bool:
    """Whether landmarks lie where a detector sees the face.

    Over 670 faces of eight clips MediaPipe's boxes and those that landmarks make lay at most 0.13
    of their height apart, with sides of 0.81 to 1.24; a look at forehead or chin lies 0.3 away.
    """
    made = boxes_from_landmarks(sighting.landmarks[None])[0]
    size, detected = made[3] - made[1], np.asarray(box_xyxy, np.float64)
    away = np.linalg.norm((made[:2] + made[2:] - detected[:2] - detected[2:]) / 2)
    grown = np.sqrt(np.prod(detected[2:] - detected[:2]) / np.prod(made[2:] - made[:2]))
    return bool(away < _BESIDE * size and 1 / _GROWN < grown < _GROWN)


def touch(one: Sighting, two: Sighting) -> bool:
    """Whether two faces are near enough to be taken for each other."""
    return float(overlap(one.box_xyxy[None], two.box_xyxy[None])[0, 0]) > SAME_FACE


def crowded(box_xyxy: Float64, others: Sequence[Float64]) -> bool:
    """Whether other faces' boxes run into this one."""
    if not others:
        return False
    return bool(overlap(box_xyxy[None], np.stack(others)).max() > _TOUCHES)


def one_place(one: Sighting, two: Sighting) -> bool:
    """Whether two looks lie on one face, by their boxes or by their landmarks."""
    shared = float(overlap(one.box_xyxy[None], two.box_xyxy[None])[0, 0])
    return shared > SAME_PLACE or stepped(one, two) < _ONE_FACE


def matched(sightings: Sequence[Sighting], boxes_xyxy: NDArray[Any]) -> dict[int, int]:
    """Which detected box each sighting has: the pairs that share most, each used once.

    A pair that shares little may still be one face that moved far; whether it is must be looked at.
    """
    if not len(sightings) or not len(boxes_xyxy):
        return {}
    shared = overlap(np.stack([s.box_xyxy for s in sightings]), boxes_xyxy)
    pairs: dict[int, int] = {}
    for flat in np.argsort(-shared, axis=None, kind="stable"):
        row, column = divmod(int(flat), shared.shape[1])
        if shared[row, column] < SAME_FACE:
            break
        if row not in pairs and column not in pairs.values():
            pairs[row] = column
    return pairs


def covered(box_xyxy: Float64, taken: Sequence[Float64]) -> bool:
    """Whether one of the boxes taken lies in the place of this one."""
    if not taken:
        return False
    return bool(overlap(box_xyxy[None], np.stack(taken), of_smaller=True).max() > SAME_PLACE)


def known_as(sighting: Sighting, vector: NDArray[np.float32]) -> Sighting:
    """The sighting with its identity vector."""
    return replace(sighting, embedding=np.asarray(vector, np.float32))
