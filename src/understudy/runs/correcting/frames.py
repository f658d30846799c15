"""Correcting the faces of frames by hand: each edit is one transaction.

An edit says how the frame's faces are to be. Those that were moved keep their masks and identity,
marked stale; those that are new have landmarks alone; those that are not named go. What went is
given back to be kept by whoever edits, so that taking an edit back brings the whole face back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import FileAway, InUse, ValueRefused
from understudy.flow import Progress
from understudy.follow.sightings import box_around
from understudy.geometry import Space, Warp
from understudy.imaging.resample import resize, warp_image
from understudy.runs.sharing import keep_own
from understudy.stages.faces.masks import with_mask
from understudy.stages.repair.shape import BETWEEN, HAND, with_landmarks
from understudy.store.alignments import Alignments
from understudy.store.project import Project, Source
from understudy.types import Alignment, Face, Mask, Timestamp

PAINTED = "painted"
"""The kind of mask that is painted here."""
CROP_PX = 256
_MOST_FACES = 100
MOST_FRAMES = 2000
"""At once; a browser sends their landmarks."""

Removed = Mapping[bytes, Face]
"""Faces that edits took away, by the bytes of their landmarks."""


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """A face as it is to be.

    Attributes:
        id: of a face that is there, or None for a new one.
        landmarks: (68, 2) float64 frame pixels; None leaves them as they are.
        track: of a new one, such as that of the face it was copied from.
        between: whether its landmarks were carried from key frames, not set by a hand.
    """

    id: str | None
    landmarks: NDArray[np.float64] | None = None
    track: int | None = None
    between: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The faces of a frame.

    Attributes:
        index: of the frame.
        version: changes with ids, landmarks, tracks and what is painted, and with nothing else.
        faces: of it.
        removed: those that the edit took away.
    """

    index: int
    version: str
    faces: Sequence[Face]
    removed: Sequence[Face] = ()


def look(project: Project, source: Source, index: int) -> Frame:
    """The faces of a frame.

    Raises:
        FileAway: the frame was not looked at.
        StoreError: there are no alignments that can be read.
    """
    with Alignments.open(project.alignments(source.id), read_only=True) as store:
        _at(store, index)
        faces = store.faces(index)
    return Frame(index, version_of(faces), faces)


def edit(
    project: Project,
    source: Source,
    index: int,
    wishes: Sequence[Wish],
    seen: str,
    progress: Progress,
    removed: Removed | None = None,
) -> Frame:
    """Have the faces of a frame be as wished, all of them or none.

    Args:
        project: has the film; gets alignments of its own where others use them too.
        source: the film.
        index: of the frame.
        wishes: its faces; those that are not named are removed.
        seen: version that was looked at.
        progress: told where the project gets alignments of its own.
        removed: faces that earlier edits took away; a new one with the same landmarks is that one.

    Returns:
        The frame as it is now.

    Raises:
        InUse: it was changed meanwhile, or somebody else writes the file; nothing was done.
        ValueRefused: an id that is not there, or landmarks that are none; nothing was done.
        FileAway: the frame was not looked at.
    """
    (told,) = edit_frames(project, source, [(index, wishes, seen)], progress, removed)
    return told


def edit_frames(
    project: Project,
    source: Source,
    edits: Sequence[tuple[int, Sequence[Wish], str]],
    progress: Progress,
    removed: Removed | None = None,
) -> list[Frame]:
    """Have the faces of several frames be as wished: all frames or none, in one transaction.

    Args:
        project: as `edit`.
        source: the film.
        progress: as `edit`.
        removed: as `edit`.
        edits: index of a frame, its wishes, and the version of it that was looked at.

    Returns:
        The frames as they are now.

    Raises:
        InUse, ValueRefused, FileAway: as `edit`; or no frame, too many, or one named twice.
    """
    if not 0 < len({index for index, _, _ in edits}) == len(edits) <= MOST_FRAMES:
        raise ValueRefused(f"frames: expected 1 to {MOST_FRAMES} different ones, got {len(edits)}")
    for _, wishes, _ in edits:
        if len(wishes) > _MOST_FACES:
            raise ValueRefused(f"faces: at most {_MOST_FACES} in a frame, got {len(wishes)}")
    with Alignments.open(own_file(project, source, _seen(edits), progress)) as store:
        told, same = [], True
        for index, wishes, seen in edits:
            at, before = _at(store, index), store.faces(index)
            refuse_stale(before, seen, index)
            after = _wished(store, at, before, wishes, removed or {})
            same = same and [face.id for face in after] == [face.id for face in before]
            told.append((at, before, after))
        if same:
            old = {id(face) for _, before, _ in told for face in before}
            store.put_faces(face for _, _, after in told for face in after if id(face) not in old)
        else:
            store.put([(at, after) for at, _, after in told])
    return [
        Frame(
            at.index,
            version_of(after),
            after,
            [face for face in before if face.id not in {kept.id for kept in after}],
        )
        for at, before, after in told
    ]


def crop_of(face: Face) -> Warp:
    """`crop_from_frame` of the square in which masks are painted: the head, `CROP_PX` wide."""
    return face.alignment.crop(CROP_PX, 1.0, "head")


def mask_of(face: Face, kind: str) -> NDArray[np.float32]:
    """A mask on the square of `crop_of`, (CROP_PX, CROP_PX) float32.

    Raises:
        FileAway: it has no such mask.
    """
    if kind not in face.masks:
        raise FileAway(f"{face.id}: has no mask {kind!r:.40}")
    mask = face.masks[kind]
    alpha = warp_image(mask.alpha, crop_of(face) @ mask.grid_from_frame.inverse())
    return np.clip(alpha, 0, 1).astype(np.float32)


def paint(
    project: Project,
    source: Source,
    id_: str,
    alpha: NDArray[np.float32],
    seen: str,
    progress: Progress,
) -> Frame:
    """Give a face a painted mask.

    Args:
        project: as `edit`.
        source: the film.
        id_: of the face.
        alpha: (n, n) 0..1, on the square of `crop_of`.
        seen: version of the frame that was looked at.
        progress: as `edit`.

    Raises:
        InUse, FileAway: as `edit`.
        ValueRefused: it is no square, or there is no such face.
    """
    if alpha.ndim != 2 or alpha.shape[0] != alpha.shape[1]:
        raise ValueRefused(f"mask: expected a square, got {'x'.join(map(str, alpha.shape[::-1]))}")
    index = _frame_of(id_)
    with Alignments.open(own_file(project, source, {index: seen}, progress)) as store:
        before = store.faces(index)
        refuse_stale(before, seen, index)
        face = next((f for f in before if f.id == id_), None)
        if face is None:
            raise ValueRefused(f"frame {index}: has no face {id_}")
        grid = Space(f"crop:{CROP_PX}", CROP_PX, CROP_PX)
        crop = crop_of(face)
        small = np.clip(resize(alpha, (CROP_PX, CROP_PX)), 0, 1).astype(np.float32)
        mask = Mask(PAINTED, small, Warp.resize(crop.dst, grid) @ crop)
        painted = with_mask(face, mask, f"{PAINTED}@{HAND}")
        store.put_face(painted)
        after = [painted if f.id == id_ else f for f in before]
        return Frame(index, version_of(after), after)


def own_file(project: Project, source: Source, seen: Mapping[int, str], progress: Progress) -> Path:
    """A project's own alignments of a film, once every frame is as it was seen.

    Whatever is refused is refused before the project gets a file of its own.

    Args:
        project: as `edit`.
        source: the film.
        progress: as `edit`.
        seen: versions that were looked at, by frame.

    Raises:
        InUse, FileAway: as `edit`.
    """
    with Alignments.open(project.alignments(source.id), read_only=True) as store:
        for index, version in seen.items():
            _at(store, index)
            refuse_stale(store.faces(index), version, index)
    return keep_own(project, source, progress)


def _seen(edits: Sequence[tuple[int, Sequence[Wish], str]]) -> dict[int, str]:
    return {index: seen for index, _, seen in edits}


def _wished(
    store: Alignments,
    at: Timestamp,
    before: Sequence[Face],
    wishes: Sequence[Wish],
    removed: Removed,
) -> list[Face]:
    have = {face.id: face for face in before}
    after: list[Face] = []
    fresh = 1 + max((int(id_.partition("_")[2]) for id_ in have), default=-1)
    for wish in wishes:
        points = None if wish.landmarks is None else _checked(wish.landmarks, store)
        if wish.id is None:
            if points is None:
                raise ValueRefused("faces: a new one needs landmarks")
            face = removed.get(points.tobytes())
            if face is None or face.id in have or face.at != at:
                space = _space(store, before)
                face = _new(store, space, at, f"{at.index}_{fresh}", points, wish.track)
                fresh += 1
            after.append(face)
        elif wish.id not in have:
            raise ValueRefused(f"frame {at.index}: has no face {wish.id!r:.40}")
        else:
            after.append(_moved(have[wish.id], points, store, BETWEEN if wish.between else HAND))
    if len({face.id for face in after}) != len(after):
        raise ValueRefused(f"frame {at.index}: a face is named twice")
    return after


def _moved(face: Face, points: NDArray[np.float64] | None, store: Alignments, by: str) -> Face:
    if points is None or np.array_equal(points, face.alignment.landmarks):
        return face
    moved = with_landmarks(face, points, store, by)
    box = box_around(points)
    return replace(moved, box_xyxy=box, quality={**moved.quality, "size_px": _side(box)})


def _space(store: Alignments, faces: Sequence[Face]) -> Space:
    """Grid of a frame; of pictures of several sizes only a face that is there knows it."""
    if faces:
        return faces[0].alignment.unit_from_frame.src
    if store.source.mixed:
        raise ValueRefused(
            f"{store.source.name}: its pictures have several sizes, and this one has no face yet; "
            "only extraction can find its first"
        )
    return store.source.frame


def _new(
    store: Alignments,
    space: Space,
    at: Timestamp,
    id_: str,
    points: NDArray[np.float64],
    track: int | None,
) -> Face:
    template = str(store.source.setting("template", "mean51"))
    alignment = Alignment.fit(points, space, template)
    box = box_around(points)
    return Face(
        id=id_,
        at=at,
        box_xyxy=box,
        score=1.0,
        alignment=alignment,
        quality={"average_distance": alignment.distance, "size_px": _side(box)},
        track=track,
        made_by={"detect": HAND, "align": HAND},
    )


def _checked(landmarks: NDArray[Any], store: Alignments) -> NDArray[np.float64]:
    points = np.asarray(landmarks, np.float64)
    width, height = store.source.frame.size_wh
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise ValueRefused(f"landmarks: expected 68 points x, y; got {points.shape}")
    if (np.abs(points - (width / 2, height / 2)) > (1.5 * width, 1.5 * height)).any():
        raise ValueRefused(f"landmarks: lie far outside of the frame of {width}x{height} pixels")
    return points


def _at(store: Alignments, index: int) -> Timestamp:
    at = store.timestamp(index)
    if at is None:
        raise FileAway(f"frame {index}: was not looked at; extract the film to its end first")
    return at


def refuse_stale(faces: Sequence[Face], seen: str, index: int) -> None:
    """Refuse an edit of a frame that is not as it was seen."""
    if seen != version_of(faces):
        raise InUse(
            f"frame {index}: was changed by somebody else meanwhile; nothing was done: look at it "
            "as it is now, and do it again"
        )


def version_of(faces: Sequence[Face]) -> str:
    """Of a frame with these faces, see `Frame`."""
    whole = hashlib.sha256()
    for face in faces:
        whole.update(f"{face.id} {face.track}\n".encode() + face.alignment.landmarks.tobytes())
        if PAINTED in face.masks:
            whole.update(face.masks[PAINTED].alpha.tobytes())
    return whole.hexdigest()[:16]


def _frame_of(id_: str) -> int:
    frame, _, number = id_.partition("_")
    if not (frame.isdecimal() and number.isdecimal() and len(id_) < 20):
        raise ValueRefused(f"{id_!r:.40}: expected a face's id, such as 12_0")
    return int(frame)


def _side(box_xyxy: NDArray[np.float64]) -> float:
    return float(np.sqrt(max(0.0, float(np.prod(box_xyxy[2:] - box_xyxy[:2])))))
