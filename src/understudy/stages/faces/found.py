"""Finding the masks of faces that have a picture.

A picture keeps only what was made by hand. Masks that a program derived lie in the alignments
file of its film, which is asked by the face's id as long as the face there has the picture's
landmarks. Where the film is away, masks that follow from landmarks alone are drawn again.
Pictures of other tools, and those written before, may carry derived masks of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from understudy.errors import StoreError
from understudy.plugin import Registry
from understudy.stages.faces.mattes import how_to_have
from understudy.stages.faces.pictures import alignments_of_pictures
from understudy.store.alignments import Alignments
from understudy.store.faceset import FaceFolder, FaceRecord, made_by_hand
from understudy.types import Face, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A face's mask.

    Attributes:
        mask: of the kind asked for.
        stale: whether it is older than the face's landmarks.
    """

    mask: Mask
    stale: bool = False


class Finder:
    """Looks for masks and what else is known of pictured faces; threads may share it."""

    def __init__(self, folders: Iterable[FaceFolder], registry: Registry) -> None:
        """Open the alignments of these folders, where they are known and there."""
        self._registry = registry
        self._lock = threading.Lock()
        self._drawers: dict[str, Any] = {}
        self._stores: dict[str, Alignments] = {}
        self._open = ExitStack()
        paths = {f.alignments or alignments_of_pictures(f.path) for f in folders}
        for path in sorted(p for p in paths if p is not None and p.is_file()):
            store = self._open.enter_context(Alignments.open(path, read_only=True))
            self._stores[store.source.fingerprint] = store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def keeps(self, kind: str) -> bool:
        """Whether any of the alignments keeps masks of a kind."""
        with self._lock:
            return any(store.summary().masks.get(kind) for store in self._stores.values())

    def marks(self, kinds: Iterable[str]) -> dict[tuple[str, str], int]:
        """Numbers that change when what is kept of a face in its alignments does.

        Returns:
            By the film's fingerprint and the face's id.
        """
        chosen = tuple(kinds)
        return {
            (fingerprint, face): mark
            for fingerprint, store in self._stores.items()
            for face, mark in store.marks(chosen).items()
        }

    def face(self, record: FaceRecord) -> Face | None:
        """The face in its alignments, if these are there and have the picture's landmarks."""
        store = self._stores.get(record.source_fingerprint)
        if store is None:
            return None
        points = record.face.alignment.landmarks
        with self._lock:
            faces = store.faces(record.face.at.index)
        for face in faces:
            if face.id == record.face.id and np.array_equal(face.alignment.landmarks, points):
                return face
        return None

    def with_masks(self, record: FaceRecord) -> Face:
        """A picture's face with the masks of its alignments beside its own."""
        face, row = record.face, self.face(record)
        if row is None:
            return face
        masks = dict(row.masks)
        stale = {s for s in row.stale if s.startswith("mask:")}
        for kind, mask in face.masks.items():
            name = f"mask:{kind}"
            if self.mask(record, row, kind, Path()).mask is mask:
                masks[kind] = mask
                stale = (stale - {name}) | ({name} & face.stale)
        return replace(face, masks=masks, stale=frozenset(stale))

    def mask(self, record: FaceRecord, row: Face | None, kind: str, path: Path) -> Found:
        """A picture's mask.

        Args:
            record: of the picture.
            row: what `face` found.
            kind: of the mask.
            path: the picture, for messages.

        Raises:
            StoreError: it has no such mask and none can be drawn; says what to do.
        """
        name, face = f"mask:{kind}", record.face
        own = Found(face.masks[kind], name in face.stale) if kind in face.masks else None
        kept = None
        if row is not None and kind in row.masks:
            kept = Found(row.masks[kind], name in row.stale)
        if own is not None and (
            kept is None or kind in made_by_hand(face) or (kept.stale and not own.stale)
        ):
            return own
        if kept is not None:
            return kept
        drawer = self._drawer(kind)
        if drawer is not None:
            return Found(drawer.mask(None, record.face.alignment))
        known = sorted({*record.face.masks, *(row.masks if row is not None else ())})
        where = "its film's alignments are not at hand" if row is None else "neither has its film"
        raise StoreError(
            f"{path}: has no mask {kind!r} (it has {', '.join(known) or 'none'}), and {where}; "
            f"choose another with --mask, or {how_to_have(kind, path.parent, self._registry)}"
        )

    def _drawer(self, kind: str) -> Any:
        """The masker of a kind that looks at landmarks only, or None."""
        with self._lock:
            if kind not in self._drawers:
                known = {p.name: p for p in self._registry.of_kind("mask")}
                cls = known[kind].load() if kind in known else None
                by_landmarks = getattr(cls, "by_landmarks", False)
                self._drawers[kind] = cls() if cls is not None and by_landmarks else None
            return self._drawers[kind]
