"""Frames and faces as small JPEGs for a page."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.api.film import Film
from understudy.errors import FileAway, MediaError
from understudy.imaging.depth import eight_bit
from understudy.imaging.resample import resize
from understudy.store.alignments import Alignments
from understudy.store.faceset import face_file_name, read_face_png
from understudy.store.project import Project, Source
from understudy.types import Face

_QUALITY = 85
_FILMS = 4
_AROUND = 1.6
"""Of a face that has no picture: side of what is shown of the frame, over that of its box."""


class Pictures:
    """Reads pictures of films; keeps the last few films open, each used by one reader at a time."""

    def __init__(self) -> None:
        self._films: OrderedDict[tuple[Path, str], tuple[Film, threading.Lock]] = OrderedDict()
        self._turn = threading.Lock()

    def frame(self, project: Project, source: Source, index: int) -> NDArray[Any]:
        """One frame of a film, (h, w, 3) uint8 RGB, upright.

        Raises:
            FileAway: the film has no such frame, or is away.
            MediaError: it cannot be read, or changed since it was added.
        """
        film, lock = self._film(project, source)
        begin = None
        path = project.alignments(source.id)
        if path.exists():
            with Alignments.open(path, read_only=True) as store:
                begin = store.timestamp(index)
        with lock:
            for frame in film.frames(begin or index, index + 1):
                return eight_bit(frame.pixels)
        raise FileAway(f"{film.name}: there is no frame {index}")

    def of_file(self, path: Path, index: int) -> NDArray[Any]:
        """One frame of a film that belongs to no project, such as an output; as `frame`."""
        mark = path.stat()
        film, lock = self._open((path, f"{mark.st_size} {mark.st_mtime_ns}"), "")
        with lock:
            for frame in film.frames(index, index + 1):
                return eight_bit(frame.pixels)
        raise FileAway(f"{film.name}: there is no frame {index}")

    def face(self, project: Project, source: Source, id_: str) -> NDArray[Any]:
        """A face: its picture as training sees it, or a part of its frame where that was rejected.

        Args:
            project: open to read.
            source: of it.
            id_: of the face.

        Returns:
            (h, w, 3) uint8 RGB, square.

        Raises:
            FileAway: there is no such face.
            StoreError, MediaError: it cannot be read.
        """
        frame, number = _numbers_of(id_)
        with Alignments.open(project.alignments(source.id), read_only=True) as store:
            faces = store.faces(frame)
            name = store.source.name
        for face in faces:
            if face.id == id_:
                path = project.faces(source.id) / face_file_name(name, frame, number)
                if path.is_file():
                    return eight_bit(read_face_png(path)[0])
                return _around(self.frame(project, source, frame), face)
        raise FileAway(f"{source.id}: there is no face {id_}")

    def _film(self, project: Project, source: Source) -> tuple[Film, threading.Lock]:
        return self._open((project.place(source.id), source.fingerprint), source.fingerprint)

    def _open(self, key: tuple[Path, str], fingerprint: str) -> tuple[Film, threading.Lock]:
        with self._turn:
            if key not in self._films:
                film = Film(key[0])
                if fingerprint and film.info.fingerprint != fingerprint:
                    raise MediaError(f"{key[0]}: is not the film that was added, or it changed")
                self._films[key] = film, threading.Lock()
                while len(self._films) > _FILMS:
                    self._films.popitem(last=False)
            self._films.move_to_end(key)
            return self._films[key]


def jpeg(pixels: NDArray[Any], most_px: int) -> bytes:
    """A picture as JPEG whose longer side has at most so many pixels.

    Args:
        pixels: (h, w, 3) uint8 RGB.
        most_px: never enlarged to.
    """
    height, width = pixels.shape[:2]
    scale = most_px / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        pixels = resize(pixels, size)
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise MediaError(f"a picture of {width}x{height} pixels cannot be made a JPEG")
    return data.tobytes()


def _numbers_of(id_: str) -> tuple[int, int]:
    """The frame and the number in a face's id; what has none names no face."""
    parts = id_.split("_")
    if len(parts) != 2 or not all(p.isascii() and p.isdecimal() and len(p) < 12 for p in parts):
        raise FileAway(f"there is no face {id_!r:.40}")
    return int(parts[0]), int(parts[1])


def _around(pixels: NDArray[Any], face: Face) -> NDArray[Any]:
    left, top, right, bottom = (float(v) for v in face.box_xyxy)
    side = max(right - left, bottom - top, 1.0) * _AROUND
    x, y = (left + right - side) / 2, (top + bottom - side) / 2
    height, width = pixels.shape[:2]
    x0, y0 = max(0, round(x)), max(0, round(y))
    cut = pixels[y0 : min(height, round(y + side)), x0 : min(width, round(x + side))]
    return cut if cut.size else pixels
