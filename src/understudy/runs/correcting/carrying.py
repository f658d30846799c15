"""Carrying edits of key frames on, so that whoever edits can take that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.flow import Progress
from understudy.runs.correcting.frames import own_file, refuse_stale, version_of
from understudy.stages.repair import between
from understudy.stages.repair.shape import BETWEEN
from understudy.store.alignments import Alignments
from understudy.store.project import Project, Source


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """A face whose landmarks were carried, as taking that back needs it.

    Attributes:
        index: of its frame.
        version: of the frame now, see `frames.Frame`.
        id: of the face.
        others: ids of the frame's other faces.
        before, after: (68, 2) float64 its landmarks, frame pixels.
        was_between: whether those before were carried too.
    """

    index: int
    version: str
    id: str
    others: tuple[str, ...]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    was_between: bool


def keys_of(project: Project, source: Source, track: int) -> list[tuple[int, str]]:
    """Frames in which a face of a track was set by hand, each with its version.

    Raises:
        ValueRefused: there is no such track.
        StoreError: there are no alignments that can be read.
    """
    with Alignments.open(project.alignments(source.id), read_only=True) as store:
        found = between.key_frames(store, track)
        return [(frame, version_of(store.faces(frame))) for frame in found]


def carry(
    project: Project,
    source: Source,
    track: int,
    ends: Sequence[tuple[int, str]],
    progress: Progress,
) -> list[Changed]:
    """Carry what hands changed in key frames to those between; see `between.carry`.

    Args:
        project: has the film; gets alignments of its own where others use them too.
        source: the film.
        track: of which faces.
        ends: the first and the last key frame, each with the version that was looked at.
        progress: told where the project gets alignments of its own.

    Raises:
        InUse: a key frame was changed meanwhile; nothing was done.
        ValueRefused, FileAway: as `between.carry` and `frames.look`; nothing was done.
    """
    (first, _), (last, _) = ends
    with Alignments.open(project.alignments(source.id), read_only=True) as store:
        between.carry(store, progress, track, first, last, dry_run=True)
    with Alignments.open(own_file(project, source, dict(ends), progress)) as store:
        for index, seen in ends:
            refuse_stale(store.faces(index), seen, index)
        done = between.carry(store, progress, track, first, last)
        told = []
        for before, after in zip(done.before, done.after, strict=True):
            faces = store.faces(before.at.index)
            told.append(
                Changed(
                    before.at.index,
                    version_of(faces),
                    before.id,
                    tuple(face.id for face in faces if face.id != before.id),
                    before.alignment.landmarks,
                    after.alignment.landmarks,
                    before.made_by.get("align") == BETWEEN,
                )
            )
        return told
