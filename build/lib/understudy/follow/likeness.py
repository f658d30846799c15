"""Whether two looks show the same face: how far it went, how it changed, who has it already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

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
"""Boxes that share so much (of both) may be one face."""
SAME_PLACE = 0.5
"""Boxes that share so much (of the smaller, or of both) are one face."""


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


def best_match(box_xyxy: Float64, detected: Faces, free: Sequence[int]) -> int | None:
    """Which free detection is this face, or None."""
    if not free:
        return None
    shared = overlap(box_xyxy[None], detected.boxes_xyxy[list(free)])[0]
    best = int(shared.argmax())
    return free[best] if shared[best] >= SAME_FACE else None


def covered(box_xyxy: Float64, taken: Sequence[Float64]) -> bool:
    """Whether one of the boxes taken lies in the place of this one."""
    if not taken:
        return False
    return bool(overlap(box_xyxy[None], np.stack(taken), of_smaller=True).max() > SAME_PLACE)


def known_as(sighting: Sighting, vector: NDArray[np.float32]) -> Sighting:
    """The sighting with its identity vector."""
    return replace(sighting, embedding=np.asarray(vector, np.float32))
