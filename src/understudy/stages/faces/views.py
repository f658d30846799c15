"""Faces with pixels to look at: in the frames of their film, or in pictures cut from it.

A picture is seen as a small frame of its own: its face gets landmarks and fit in the picture's
pixels, and masks made there are carried back to the frame that the record speaks of. So maskers
and whoever else looks at faces need not know which of the two they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError
from understudy.flow import Progress
from understudy.geometry import Warp
from understudy.imaging.depth import eight_bit
from understudy.media import FilmReader
from understudy.plugin import Registry
from understudy.stages.faces.found import Finder
from understudy.stages.faces.pictures import alignments_of_pictures
from understudy.stages.faces.source import visited
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes, sync_files
from understudy.store.faceset import (
    FaceFolder,
    face_file_name,
    list_faceset,
    read_face_png,
    read_record,
    with_record,
)
from understudy.types import Alignment, Face, Mask
from understudy.types.frame import frame_space

BATCH = 64
_FRAMES = 16
"""Frames held at once: 64 of a large film would fill the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A face where it can be seen.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        alignment: the face in pixels of this view.
        face: the face in pixels of its frame.
        view_from_frame: where the view lies in the frame.
        name: what the face's picture is called.
        path: the picture, or None in a film.
    """

    pixels: NDArray[Any]
    alignment: Alignment
    face: Face
    view_from_frame: Warp
    name: str
    path: Path | None = None

    def mask_to_frame(self, mask: Mask) -> Mask:
        """A mask made in this view, on a grid that is reached from the frame."""
        grid = mask.grid_from_frame
        frame = self.view_from_frame.src
        matrix = grid.matrix @ self.view_from_frame.matrix
        return Mask(mask.kind, mask.alpha, Warp(matrix, frame, grid.dst))


class FilmFaces:
    """The faces of an alignments file, in the frames of its film."""

    def __init__(self, store: Alignments, film: FilmReader) -> None:
        self._store, self._film = store, film

    def batches(self, wanted: Callable[[Face], bool], progress: Progress) -> Iterator[list[View]]:
        """Wanted faces in order, at most 64 of at most 16 frames at a time."""
        store = self._store
        todo = [at.index for at, faces in store.by_frame() if any(map(wanted, faces))]
        name = f"faces of {self._film.name}"
        batch: list[View] = []
        held = 0
        for frame, faces in visited(store, self._film, todo, name, progress):
            pixels = eight_bit(frame.pixels)
            here = [
                View(
                    pixels,
                    face.alignment,
                    face,
                    Warp(np.eye(3), frame.space, frame.space),
                    face_file_name(store.source.name, frame.at.index, number),
                )
                for number, face in enumerate(faces)
                if wanted(face)
            ]
            if batch and (len(batch) + len(here) > BATCH or held == _FRAMES):
                yield batch
                batch, held = [], 0
            batch += here
            held += 1
        if batch:
            yield batch

    def save(self, faces: Sequence[tuple[View, Face]]) -> None:
        """Save changed faces in one transaction."""
        self._store.put_faces(face for _, face in faces)


class PictureFaces:
    """The faces of a folder of face pictures, with the masks that their alignments have."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self._folder, self._registry = folder, registry

    def batches(self, wanted: Callable[[Face], bool], progress: Progress) -> Iterator[list[View]]:
        """Wanted faces in order, at most 64 at a time."""
        paths = list_faceset(self._folder)
        batch: list[View] = []
        name = f"pictures in {self._folder.name}"
        with (
            Finder([FaceFolder(self._folder)], self._registry) as finder,
            progress.task(name, len(paths), "faces") as bar,
        ):
            for path in paths:
                bar.advance(1)
                face = finder.with_masks(read_record(path))
                if not wanted(face):
                    continue
                batch.append(replace(picture_view(path), face=face))
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch

    def save(self, faces: Sequence[tuple[View, Face]]) -> None:
        """Write the records of pictures anew, each complete or as it was.

        Masks that came from the alignments are not written into the pictures. New ones go into the
        alignments as well, where these are at hand: conversion reads them there.
        """
        self._save_in_alignments(faces)
        paths = []
        for view, face in faces:
            assert view.path is not None  # noqa: S101 - views of this class come from pictures
            record = read_record(view.path)
            masks = {
                kind: mask
                for kind, mask in face.masks.items()
                if kind in record.face.masks or view.face.masks.get(kind) is not mask
            }
            stale = {s for s in face.stale if not s.startswith("mask:") or s[5:] in masks}
            record = replace(record, face=replace(face, masks=masks, stale=frozenset(stale)))
            commit_bytes(view.path, with_record(view.path, record), durable=False)
            paths.append(view.path)
        sync_files(paths)

    def _save_in_alignments(self, faces: Sequence[tuple[View, Face]]) -> None:
        path = alignments_of_pictures(self._folder)
        if path is None:
            return
        with Alignments.open(path) as store:
            rows = []
            for view, face in faces:
                made = {k: m for k, m in face.masks.items() if view.face.masks.get(k) is not m}
                points = view.face.alignment.landmarks
                rows += [
                    _with_masks(row, face, made)
                    for row in store.faces(face.at.index)
                    if row.id == face.id and np.array_equal(row.alignment.landmarks, points)
                ]
            store.put_faces(rows)


def _with_masks(row: Face, face: Face, made: Mapping[str, Mask]) -> Face:
    """The alignments' face with masks that were made of its picture, and who made them."""
    makers = [m for m in row.made_by.get("mask", "").split() if m.partition("@")[0] not in made]
    makers += [m for m in face.made_by.get("mask", "").split() if m.partition("@")[0] in made]
    return replace(
        row,
        masks={**row.masks, **made},
        made_by={**row.made_by, "mask": " ".join(makers)},
        stale=row.stale - {f"mask:{kind}" for kind in made},
    )


def picture_view(path: Path) -> View:
    """A face picture as a frame of its own.

    Raises:
        StoreError: missing, damaged, or no face image of ours.
    """
    pixels, record = read_face_png(path)
    height, width = pixels.shape[:2]
    space = frame_space(width, height)
    view_from_frame = Warp(record.crop_from_frame.matrix, record.crop_from_frame.src, space)
    old = record.face.alignment
    unit = Warp(
        old.unit_from_frame.matrix @ np.linalg.inv(view_from_frame.matrix),
        space,
        old.unit_from_frame.dst,
    )
    alignment = Alignment(view_from_frame.points(old.landmarks), unit)
    return View(eight_bit(pixels), alignment, record.face, view_from_frame, path.name, path)


def is_faceset(folder: Path) -> bool:
    """Whether a folder holds face pictures, rather than being a film of images."""
    if not folder.is_dir():
        return False
    for path in list_faceset(folder)[:1]:
        with suppress(StoreError):
            read_record(path)
            return True
    return False
