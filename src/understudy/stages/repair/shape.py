"""Cleaning landmarks by what the same face looks like in the rest of the film.

`spatial` holds each aligned shape to the main ways in which the shapes of its track, or person,
vary: a point distribution model. Points that slipped alone are drawn back; expressions, which many
frames share, stay.

Source: T. F. Cootes, C. J. Taylor, D. H. Cooper, J. Graham, "Active shape models: their training
and application", Computer Vision and Image Understanding 61(1), 1995: modes that explain a share
of the variance, each coefficient limited to three standard deviations. The fit is robust: P. W.
Holland, R. E. Welsch, "Robust regression using iteratively reweighted least-squares",
Communications in Statistics 6(9), 1977, with Cauchy's weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError, ValueRefused
from understudy.flow import Progress
from understudy.follow.smooth import Split, smooth_track, split
from understudy.geometry import UNIT, Warp, average_distance
from understudy.stages.faces.source import keep_copy
from understudy.stages.repair.along import way_of
from understudy.stages.repair.looking.find import MISALIGNED
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.types import Alignment, Face
from understudy.types.faces import AUTOMATIC

HAND, BETWEEN = "hand", "between@1"
BY_HAND = (HAND, BETWEEN)
"""Who set landmarks: a hand, or what was carried on from frames that a hand set."""
_FOUND_BY = "found"
MADE_BY, MADE_BY_TIME = "spatial@1", "two-way@1"
FEWEST = 12
"""Faces that a group needs; fewer do not tell what is usual."""
_LIMIT_SD = 3.0
_BESIDE = 2
_JUMP_SD = 5.0
_ROUNDS = 8
_FAR = 3.0
_STEP = 0.5
"""How far an untracked face may go from one frame to the next, in its own sizes."""

Cleaner = Callable[[Sequence[Face]], NDArray[np.float64]]
"""Takes the faces of one group in order of time; gives (n, 68, 2) new landmarks, frame pixels."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was changed.

    Attributes:
        faces: how many faces have new landmarks.
        groups: how many tracks or persons they are of.
        small: groups left alone because they have too few faces.
        moved_px: mean way a point went, frame pixels.
        furthest: the face whose points went furthest on average, and how far in pixels.
    """

    faces: int
    groups: int
    small: int
    moved_px: float
    furthest: tuple[str, float]


def spatial(share: float = 0.98, strength: float = 1.0) -> Cleaner:
    """A cleaner that keeps the modes that explain `share` of a group's variance.

    Args:
        share: of the variance, 0.5..1; less cleans more.
        strength: 0..1, how far points go to where the model has them.
    """

    def clean(faces: Sequence[Face]) -> NDArray[np.float64]:
        shapes = np.stack([f.alignment.landmarks_unit for f in faces]).reshape(len(faces), -1)
        near = np.array([average_distance(s.reshape(-1, 2)) < MISALIGNED for s in shapes])
        good = near & steady(shapes)
        usual = shapes[good] if good.sum() >= FEWEST else shapes
        model = shapes + strength * (project(shapes, usual, share) - shapes)
        return np.stack(
            [
                f.alignment.unit_from_frame.inverse().points(shape.reshape(-1, 2))
                for f, shape in zip(faces, model, strict=True)
            ]
        )

    return clean


def temporal(faces: Sequence[Face]) -> NDArray[np.float64]:
    """A cleaner that takes the jitter out over time, track by track; see `stages.smooth`.

    Faces without a track, as other tools leave them, are first linked from frame to frame by where
    they are.
    """
    result = np.stack([f.alignment.landmarks for f in faces])
    for run in _runs(faces, [split(points) for points in result]):
        at = np.array([faces[n].at.index for n in run])
        at -= at.min()
        over_time = np.full((at.max() + 1, *result.shape[1:]), np.nan)
        over_time[at] = result[run]
        result[run] = smooth_track(over_time)[at]
    return result


def _runs(faces: Sequence[Face], parts: Sequence[Split]) -> list[list[int]]:
    """Places of the faces that are one face over time; no two of a run lie in one frame."""
    tracks: dict[int, list[int]] = {}
    runs: list[list[int]] = []
    for n, face in enumerate(faces):
        if face.track is not None:
            tracks.setdefault(face.track, []).append(n)
            continue
        near = [
            (float(np.linalg.norm(parts[n].head[:2] - parts[r[-1]].head[:2])), r)
            for r in runs
            if 0 < face.at.index - faces[r[-1]].at.index <= _BESIDE
        ]
        distance, nearest = min(near, key=lambda found: found[0], default=(np.inf, []))
        if distance < _STEP * parts[n].size:
            nearest.append(n)
        else:
            runs.append([n])
    return [*tracks.values(), *runs]


def steady(shapes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which shapes stand out from their neighbours in time no more than most of them do.

    A model must not be learnt from points that slipped in a single frame: one far outlier would
    become a mode of its own. What lasts for frames, as an expression does, is not left out.

    Args:
        shapes: (n, d) in order of time.
    """
    n = len(shapes)
    around = [shapes[max(0, i - _BESIDE) : i + _BESIDE + 1] for i in range(n)]
    jump = np.array(
        [np.abs(s - np.median(a, 0)).max() for s, a in zip(shapes, around, strict=True)]
    )
    middle = float(np.median(jump))
    spread = 1.4826 * float(np.median(np.abs(jump - middle)))
    return jump <= middle + _JUMP_SD * spread + 1e-9


def project(
    shapes: NDArray[np.float64], usual: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """The shapes as far as the main modes of `usual` ones can show them.

    Args:
        shapes: (n, d) to be projected.
        usual: (m, d) from which modes are learnt.
        share: of the variance of `usual` that the modes explain.

    Returns:
        (n, d); coefficients are limited to three standard deviations, and points that lie far
        from what the modes can show count little.
    """
    mean = usual.mean(0)
    _, spread, modes = np.linalg.svd(usual - mean, full_matrices=False)
    variance = spread**2 / len(usual)
    explained = np.cumsum(variance) / max(variance.sum(), 1e-30)
    n = int(np.searchsorted(explained, share - 1e-9)) + 1
    limit = _LIMIT_SD * np.sqrt(variance[:n])
    basis = np.concatenate([modes[:n], _similarities(mean)]).T
    usual_rest = (usual - mean) - ((usual - mean) @ modes[:n].T) @ modes[:n]
    unit = max(float(np.sqrt((usual_rest**2).mean())), 1e-4)
    return np.stack([mean + _fitted(shape - mean, basis, limit, unit) for shape in shapes])


def _fitted(
    rest: NDArray[np.float64], basis: NDArray[np.float64], limit: NDArray[np.float64], unit: float
) -> NDArray[np.float64]:
    """The nearest the basis comes to (d,), points that lie far off counting less and less.

    Least squares, weighted anew each round by Cauchy's function of each point's distance in
    units of what is usual; so a slipped mouth does not pull the eyes along.
    """
    weight = np.ones(len(rest))
    fit = np.zeros(len(rest))
    for _ in range(_ROUNDS):
        root = np.sqrt(weight)[:, None]
        found = np.linalg.lstsq(basis * root, rest * root[:, 0], rcond=None)[0]
        found[: len(limit)] = np.clip(found[: len(limit)], -limit, limit)
        fit = basis @ found
        distance = np.linalg.norm((rest - fit).reshape(-1, 2), axis=1) / (_FAR * unit)
        weight = np.repeat(1 / (1 + distance**2), 2)
    return fit


def _similarities(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4, d) small shifts, turns and zooms of the mean shape.

    A slip shifts the alignment as well, by which all other points seem to move; these undo it.
    """
    points = mean.reshape(-1, 2)
    centred = points - points.mean(0)
    turned = np.stack([-centred[:, 1], centred[:, 0]], 1)
    ones = np.ones(len(points))
    along = [np.stack([ones, 0 * ones], 1), np.stack([0 * ones, ones], 1), centred, turned]
    return np.stack([a.reshape(-1) / np.linalg.norm(a) for a in along])


def clean_landmarks(
    path: Path,
    cleaner: Cleaner,
    made_by: str,
    progress: Progress,
    track: int | None = None,
    dry_run: bool = False,
    backup: bool = True,
) -> Cleaned:
    """Give the faces of each person, or of each track, cleaned landmarks, in one transaction.

    What was made from the old landmarks is marked stale.

    Args:
        path: the alignments file.
        cleaner: what is done to the faces of a group.
        made_by: for `Face.made_by`.
        progress: told what is done.
        track: this track only.
        dry_run: change nothing.
        backup: keep a copy of the file first.

    Raises:
        ValueRefused: there is no such track.
        StoreError: no group has enough faces.
    """
    with Alignments.open(path, read_only=dry_run) as store:
        groups = _groups(store, track)
        large = [ids for ids in groups if len(ids) >= FEWEST]
        if not large:
            raise StoreError(
                f"{path.name}: no track or person has {FEWEST} faces, too few to tell what is usual"
            )
        moved: list[tuple[str, float]] = []
        edits = _edits(store, large, cleaner, made_by, moved, progress)
        if dry_run:
            for _ in edits:
                pass
        else:
            if backup:
                keep_copy(store, progress)
            store.put_faces(edits)
        furthest = max(moved, key=lambda m: m[1])
        mean = float(np.mean([m for _, m in moved]))
        return Cleaned(len(moved), len(large), len(groups) - len(large), mean, furthest)


def _edits(
    store: Alignments,
    groups: Sequence[Sequence[tuple[int, str]]],
    cleaner: Cleaner,
    made_by: str,
    moved: list[tuple[str, float]],
    progress: Progress,
) -> Iterator[Face]:
    """The faces with new landmarks, one group at a time in memory, without masks until the end."""
    with progress.task("cleaning landmarks", sum(map(len, groups)), "faces") as bar:
        for ids in groups:
            bare = [replace(f, masks={}, embedding=None, extras={}) for f in _faces(store, ids)]
            points = cleaner(bare)
            for face, new in zip(_faces(store, ids), points, strict=True):
                way = np.linalg.norm(new - face.alignment.landmarks, axis=1).mean()
                moved.append((face.id, float(way)))
                yield with_landmarks(face, new, store, made_by)
                bar.advance(1)


def with_landmarks(
    face: Face, landmarks: NDArray[np.float64], store: Alignments, made_by: str
) -> Face:
    """A face with other landmarks, aligned as its file's faces are; the rest is stale.

    Where a hand sets them, those that were found are kept beside them, and taken again they are
    found ones as before; who else makes new ones leaves none of what a hand did.
    """
    template = str(store.source.setting("template", "mean51"))
    frame = face.alignment.unit_from_frame.src
    if template == "mesh" and "mesh" in face.extras:
        # The square is smooth over time, which no fit to this one mesh would be.
        back = way_of(landmarks, face.alignment.landmarks)
        square = face.alignment.unit_from_frame.matrix @ back
        alignment = Alignment(landmarks, Warp(square, frame, UNIT))
    else:
        alignment = Alignment.fit(landmarks, frame, template)
    quality = {**face.quality, "average_distance": alignment.distance}
    return _remembering(face, replace(face.realigned(alignment, made_by), quality=quality))


def _remembering(before: Face, after: Face) -> Face:
    """A face with new landmarks, and those that were found where a hand set the new ones."""
    extras = {name: value for name, value in after.extras.items() if name != AUTOMATIC}
    made_by = {step: who for step, who in after.made_by.items() if step != _FOUND_BY}
    if made_by["align"] in BY_HAND:
        found, by = before.extras.get(AUTOMATIC), before.made_by.get(_FOUND_BY, "")
        if before.made_by.get("align") not in BY_HAND:
            found = before.alignment.landmarks.astype(np.float32).ravel()
            by = before.made_by.get("align", "")
        if found is not None and np.array_equal(
            after.alignment.landmarks.astype(np.float32).ravel(), found
        ):
            made_by["align"] = by
        elif found is not None:
            extras[AUTOMATIC], made_by[_FOUND_BY] = found, by
    return replace(after, extras=extras, made_by=made_by)


def _faces(store: Alignments, ids: Sequence[tuple[int, str]]) -> Iterator[Face]:
    for frame, face_id in ids:
        yield next(f for f in store.faces(frame) if f.id == face_id)


def _groups(store: Alignments, track: int | None) -> list[list[tuple[int, str]]]:
    """Faces that show one person; all in one group where the file knows no tracks."""
    person_of = {t.number: t.person for t in store.tracks()}
    groups: dict[object, list[tuple[int, str]]] = {}
    for row in store.select(Query(track=track)):
        person = person_of.get(row.track) if row.track is not None else None
        key = ("person", person) if person is not None else ("track", row.track)
        groups.setdefault(key, []).append((row.frame, row.id))
    if track is not None and not groups:
        raise ValueRefused(
            f"{store.path.name} has no track {track}; see understudy alignments info"
        )
    return list(groups.values())
