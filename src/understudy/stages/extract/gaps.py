"""What an extraction could not be sure of, said: frames without a face, and doubtful landmarks.

A head that turns to profile, or bends down, is lost to some detectors for as long as it lasts, and
those frames stay as filmed in the output. That is said while something can be done about it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from understudy.flow import Progress
from understudy.follow.likeness import PRESENT
from understudy.media import FilmReader
from understudy.plugin import Registry
from understudy.stages.extract.nobody import built, count_with, other_detectors, views_at
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.source import frame_words
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.types import Face
from understudy.words import counted

_FEW = 4
"""Fewer frames than this are a blink of the detector, which following bridges where it can."""
_OTHERS = 2
_NAMED, _IDS = 60, 5


def warn_of_gaps(
    film: FilmReader,
    store: Alignments,
    options: ExtractOptions,
    registry: Registry,
    progress: Progress,
) -> None:
    """Say how many frames between frames with faces have none, and what others see in them."""
    times = store.timestamps()
    with_faces = sorted({row.frame for row in store.select(Query())})
    gaps = gaps_of(sorted(times), with_faces, store.shots())
    if len(gaps) < _FEW:
        return
    seen = ""
    for plugin in other_detectors(registry.get("detect", options.detector), registry)[:_OTHERS]:
        detector = built(plugin, options)
        if detector is None:
            continue
        views = views_at(film, [times[index] for index in gaps])
        found = count_with(views, detector, options.min_face_px)
        if found > len(views) // 4:
            seen = (
                f"; of {len(views)} of them {found} show a face to {plugin.name}: turned far, or "
                f"bent down; to have them, extract with --detector {plugin.name} --new"
            )
            break
    words = frame_words(gaps)
    progress.warn(
        f"{film.name}: {counted(len(gaps), 'frame')} in shots with faces, but without one, stay as "
        "filmed: "
        f"{words if len(words) <= _NAMED else words[:_NAMED].rpartition(',')[0] + ', ...'}{seen}",
        code="frames-without-faces",
        film=film.name,
        frames=len(gaps),
    )


def unsure(frames: Sequence[Sequence[Face]]) -> list[str]:
    """Ids of the faces whose landmarks the aligner does not believe to lie on a face."""
    return [f.id for faces in frames for f in faces if f.quality.get("presence", 1.0) < PRESENT]


def warn_of_unsure(film: str, ids: Sequence[str], progress: Progress) -> None:
    """Say which faces were kept although nothing but the detector believes in them.

    Following leaves such faces out; where each frame is looked at alone nothing else judges them.
    """
    if not ids:
        return
    progress.warn(
        f"{film}: the landmarks of {counted(len(ids), 'face')} may lie on no face, such as "
        f"{', '.join(ids[:_IDS])}; look at their pictures, and delete those that show none",
        code="low-presence",
        film=film,
        faces=len(ids),
    )


def gaps_of(looked: Sequence[int], with_faces: Sequence[int], shots: Sequence[int]) -> list[int]:
    """Frames without a face that lie, in one shot, between frames with one.

    Args:
        looked: frames that were looked at, in order.
        with_faces: those of them with a face, in order.
        shots: first frames of shots, in order; none for one shot.
    """
    ends: dict[int, tuple[int, int]] = {}
    for index in with_faces:
        shot = bisect_right(shots, index)
        ends[shot] = (ends.get(shot, (index, index))[0], index)
    there = set(with_faces)
    found = []
    for index in looked:
        first, last = ends.get(bisect_right(shots, index), (1, 0))
        if first < index < last and index not in there:
            found.append(index)
    return found
