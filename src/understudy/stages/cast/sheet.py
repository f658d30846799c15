"""A picture of the persons found in a film: a row each, faces spread over time and pose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Warp
from understudy.geometry.pose import fit_pose
from understudy.geometry.space import Space
from understudy.imaging.depth import eight_bit
from understudy.imaging.resample import crop_image
from understudy.imaging.sheets import person_sheet
from understudy.stages.cast.found import Found
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import FaceRow
from understudy.store.faceset import FaceRecord, face_file_name, read_face_png

CELL_PX = 128
FACES = 8
_LOOKED_AT = 48
_FULL_TURN_DEG = 45.0
"""A turn of the head that counts as much as the whole length of the film."""


def cast_sheet(
    store: Alignments, pictures: Path, found: Sequence[Found], names: Mapping[int, str]
) -> NDArray[Any]:
    """Draw the persons found in a film.

    Args:
        store: the film's alignments.
        pictures: folder of its face pictures; faces whose picture was deleted are not shown.
        found: whom to draw.
        names: ids of persons by their number here.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    rows = [_faces(store, pictures, person) for person in found]
    n_frames = max(1, store.counts()[0])
    texts = [
        (
            f"{person.number}: {names.get(person.number, 'no name yet')}",
            f"tracks: {len(person.tracks)}",
            f"frames: {person.frames} ({person.frames / n_frames:.0%})",
        )
        for person in found
    ]
    return person_sheet(rows, texts, CELL_PX, FACES)


def _faces(store: Alignments, pictures: Path, person: Found) -> list[NDArray[Any]]:
    """Up to `FACES` pictures of a person, in order of time."""
    there = [
        (row, path) for row in person.rows if (path := pictures / _file_name(store, row)).is_file()
    ]
    if not there:
        return []
    places = np.unique(np.linspace(0, len(there) - 1, min(len(there), _LOOKED_AT)).round())
    looked = [there[int(place)] for place in places]
    read = [read_face_png(path) for _, path in looked]
    span = max(1, looked[-1][0].frame - looked[0][0].frame)
    points = []
    for (row, _), (_, record) in zip(looked, read, strict=True):
        pitch, yaw, _ = fit_pose(record.face.alignment.landmarks_unit).pitch_yaw_roll_deg
        points.append((row.frame / span, yaw / _FULL_TURN_DEG, pitch / _FULL_TURN_DEG))
    chosen = sorted(spread(np.array(points), FACES))
    return [_cut(*read[place]) for place in chosen]


def spread(points: NDArray[np.float64], count: int) -> list[int]:
    """Indices of `count` points that lie far from each other, the straightest look first.

    Args:
        points: (n, 3) time, yaw and pitch, each in a unit that makes them comparable.
        count: how many at most.

    Source: T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance", Theoretical
    Computer Science 38, 1985: each time the point furthest from all taken so far.
    """
    first = int(np.argmin(np.abs(points[:, 1:]).sum(1)))
    taken = [first]
    nearest = np.linalg.norm(points - points[first], axis=1)
    while len(taken) < min(count, len(points)):
        far = int(np.argmax(nearest))
        taken.append(far)
        nearest = np.minimum(nearest, np.linalg.norm(points - points[far], axis=1))
    return taken


def _cut(pixels: NDArray[Any], record: FaceRecord) -> NDArray[Any]:
    crop_from_frame = record.face.alignment.crop(CELL_PX, 1.0, "face")
    grid = Space(f"cell:{CELL_PX}", CELL_PX, CELL_PX)
    cell = Warp(np.eye(3), crop_from_frame.dst, grid) @ crop_from_frame
    return eight_bit(crop_image(pixels, cell @ record.crop_from_frame.inverse()))


def _file_name(store: Alignments, row: FaceRow) -> str:
    return face_file_name(store.source.name, row.frame, int(row.id.rpartition("_")[2]))
