"""Boxes that somebody else found: another tool, or a person, wrote them into a JSON file.

Convention: boxes are x0, y0, x1, y1 in frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.detect.options import FileOptions
from understudy.errors import MediaError, ValueRefused
from understudy.files import read_json
from understudy.types import Faces

_MAX_BYTES = 256 << 20
_MAX_VALUES = 8_000_000  # half a million frames with two faces each


class FileDetector:
    """Hands out the boxes of a file; a `detect.LocatedDetector`, since it must know the frame.

    Raises:
        MediaError: the file cannot be read, or is not such a file.
    """

    def __init__(self, options: FileOptions | None = None) -> None:
        options = options or FileOptions()
        found = read_boxes(options.boxes_path) if options.boxes_path else None
        self._faces, self._min_confidence = found, options.min_confidence or 0.0

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """`detect_at` for frames that are the first of the film, in order."""
        return self.detect_at(frames, range(len(frames)))

    def detect_at(self, frames: Sequence[NDArray[Any]], indices: Sequence[int]) -> list[Faces]:
        """The boxes of these frames; see `detect.LocatedDetector.detect_at`.

        Raises:
            ValueRefused: no file was named.
        """
        if self._faces is None:
            raise ValueRefused("detector file: no file with boxes was named; try: --boxes-path")
        found = [self._faces.get(index, Faces.none()) for index in indices]
        return [faces[faces.scores >= self._min_confidence] for faces in found]


def read_boxes(path: str | Path) -> dict[int, Faces]:
    """The boxes of a JSON file by frame index, best score first.

    Two layouts are known: `{"0": [[x0, y0, x1, y1], [x0, y0, x1, y1, score]], ...}` with frames
    counted from 0; and Faceswap's import, `{"film_000001.png": [{"detected": [left, top, right,
    bottom]}, ...], ...}`, whose names end in a number counted from 1. There, faces with four
    corner points as `landmarks_2d` may come without `detected`.

    Raises:
        MediaError: the file cannot be read, or an entry is not a box; names the entry.
    """
    try:
        content = read_json(Path(path), _MAX_BYTES, _MAX_VALUES)
    except (OSError, ValueError) as error:
        raise MediaError(f"{path}: cannot be read as JSON with boxes: {error}") from error
    if not isinstance(content, dict):
        raise MediaError(f"{path}: expected an object of frames, got {type(content).__name__}")
    found: dict[int, Faces] = {}
    for name, entries in content.items():
        where = f"{path}: frame {name!r}"
        index = _index(name, where)
        if index in found:
            raise MediaError(f"{where} is there twice")
        found[index] = _faces(entries, where)
    return found


def _index(name: str, where: str) -> int:
    if name.isascii() and name.isdigit() and len(name) < 12:
        return int(name)
    numbered = re.fullmatch(r".*?([0-9]{1,11})(\.[A-Za-z0-9]+)?", name, re.ASCII | re.DOTALL)
    if numbered is None or int(numbered[1]) < 1:
        raise MediaError(f"{where}: expected a number from 0, or a name that ends in one from 1")
    return int(numbered[1]) - 1


def _faces(entries: Any, where: str) -> Faces:
    if not isinstance(entries, list):
        raise MediaError(f"{where}: expected a list of boxes, got {type(entries).__name__}")
    rows = [_row(entry, f"{where}, face {i}") for i, entry in enumerate(entries)]
    numbers = np.array(rows, np.float64).reshape(-1, 5)
    numbers = numbers[np.argsort(-numbers[:, 4], kind="stable")]
    return Faces(numbers[:, :4], numbers[:, 4])


def _row(entry: Any, where: str) -> list[float]:
    """x0, y0, x1, y1, score."""
    if isinstance(entry, Mapping):
        entry = entry["detected"] if "detected" in entry else _around(entry.get("landmarks_2d"))
    try:
        numbers = [float(v) for v in entry]
    except (TypeError, ValueError, OverflowError):
        numbers = []
    whole = len(numbers) in (4, 5) and bool(np.isfinite(numbers).all())
    if not whole or numbers[2] <= numbers[0] or numbers[3] <= numbers[1]:
        raise MediaError(f"{where}: expected [x0, y0, x1, y1] or with a score, got {entry!r:.80}")
    return numbers if len(numbers) == 5 else [*numbers, 1.0]


def _around(points: Any) -> Any:
    try:
        corners = np.array(points, np.float64).reshape(-1, 2)
    except (TypeError, ValueError):
        return points
    return [*corners.min(0, initial=np.inf), *corners.max(0, initial=-np.inf)]
