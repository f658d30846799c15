"""Re-keying: order the faces of each frame anew, so that ids mean something and have no gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from understudy.flow import Progress
from understudy.stages.faces.source import keep_copy
from understudy.stages.repair import pictures
from understudy.store.alignments import Alignments
from understudy.types import Face

Order = Literal["kept", "left", "size", "track"]


def rekey(
    path: Path,
    order: Order,
    progress: Progress,
    faces: Path | None = None,
    dry_run: bool = False,
    backup: bool = True,
) -> dict[str, str]:
    """Number the faces of every frame 0, 1, 2... in an order.

    Args:
        path: the alignments file.
        order: "kept" closes gaps only; "left" goes from left to right in the frame, "size" from
            large to small, "track" by track, faces without one last.
        progress: told what is done.
        faces: folder of pictures to be renamed, and their records with them.
        dry_run: change nothing.
        backup: keep a copy of the file first.

    Returns:
        New ids by old ids, of those that change.
    """
    with Alignments.open(path, read_only=dry_run) as store:
        orders: dict[int, list[str]] = {}
        changes: dict[str, str] = {}
        for at, found in store.by_frame():
            ordered = found if order == "kept" else sorted(found, key=_KEYS[order])
            ids = [face.id for face in ordered]
            new = {old: f"{at.index}_{n}" for n, old in enumerate(ids)}
            moved = {old: fresh for old, fresh in new.items() if old != fresh}
            if moved:
                orders[at.index] = ids
                changes |= moved
        if dry_run:
            return changes
        if orders:
            if backup:
                keep_copy(store, progress)
            store.reorder(orders)
        if faces is not None:
            # Also where nothing changed: an earlier run may have died before the pictures.
            state = pictures.update(faces, store, None, progress)
            seen = pictures.State(stale=state.stale, orphans=state.orphans)
            for code, words in seen.remarks().items():
                progress.warn(words, code=code)
        return changes


def _size(face: Face) -> tuple[float, float]:
    left, top, right, bottom = face.box_xyxy.tolist()
    return -(right - left) * (bottom - top), left


def _left(face: Face) -> tuple[float, float]:
    left, top, right, _ = face.box_xyxy.tolist()
    return (left + right) / 2, top


def _track(face: Face) -> tuple[bool, int, float]:
    return face.track is None, face.track or 0, float(face.box_xyxy[0])


_KEYS = {"left": _left, "size": _size, "track": _track}
