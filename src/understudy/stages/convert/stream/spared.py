"""Faces that fail stay as they were filmed, and a night's work goes on.

One face of thousands may be one that arithmetic cannot do: a place without area, numbers of a
network that are none. What fails for all, such as a wrong setting, is an error as ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar

import cv2

from understudy.errors import UnderstudyError
from understudy.files import read_json
from understudy.flow import Progress
from understudy.stages.faces.source import frame_words
from understudy.store.atomic import commit_bytes
from understudy.types import Face
from understudy.words import counted

FAILURES = (ValueError, ArithmeticError, LookupError, cv2.error)
"""What a face can be to blame for; a disk, a device or memory are not."""
_AT_FIRST = 3
"""So many failures before anything worked are nobody's face, but a setting or a fault."""
_IN_A_ROW = 40
_TOLD = 5
_MAX_BYTES = 16 << 20
_Made = TypeVar("_Made")


class Spared:
    """Counts faces that failed; used by several threads.

    Args:
        progress: told of the first few.
        kept: where the count is kept with the segments, so that a run that goes on with them tells
            of their faces too; None keeps none.
    """

    def __init__(self, progress: Progress, kept: Path | None = None) -> None:
        self._progress, self._lock, self._kept = progress, Lock(), kept
        self._left, self._worked = _read(kept)
        self._written = len(self._left)
        self._in_a_row = 0
        self._error: Exception | None = None

    @property
    def count(self) -> int:
        """How many failed."""
        return len(self._left)

    def keep(self) -> None:
        """Write down what was counted, where something was."""
        with self._lock:
            plain = {"worked": self._worked, "left": sorted(self._left)}
            if self._kept is None or len(self._left) == self._written:
                return
            self._written = len(self._left)
            commit_bytes(self._kept, json.dumps(plain).encode())

    def worked(self, faces: int) -> None:
        """Note faces that were made."""
        with self._lock:
            self._worked += faces
            if faces:
                self._in_a_row = 0

    def failed(self, face: Face, error: Exception) -> None:
        """Note a face that failed.

        Raises:
            Exception: the failure, where nothing has worked yet, or nothing does any more.
        """
        with self._lock:
            self._left.add((face.at.index, face.id))
            self._error = self._error or error
            self._in_a_row += 1
            hopeless = self._worked == 0 and len(self._left) >= _AT_FIRST
            if hopeless or self._in_a_row >= _IN_A_ROW:
                raise error
            told = len(self._left) <= _TOLD
        if told:
            self._progress.warn(
                f"frame {face.at.index}: face {face.id} stays as it was filmed: {_words(error)}",
                code="face-left",
                frame=face.at.index,
                face=face.id,
            )

    def tried(self, face: Face, make: Callable[[], _Made]) -> _Made | None:
        """What is made of a face; None where that failed, which is noted."""
        try:
            return make()
        except FAILURES as error:
            self.failed(face, error)
            return None

    def settle(self) -> None:
        """Say at the end how many faces were left.

        Raises:
            Exception: the first failure, where no face worked.
        """
        if not self._left:
            return
        if not self._worked and self._error is not None:
            raise self._error
        frames = sorted({frame for frame, _ in self._left})
        self._progress.warn(
            f"{counted(self.count, 'face')} failed and stayed as filmed, in frames "
            f"{frame_words(frames)}; look at their landmarks with understudy alignments draw",
            code="faces-left",
            faces=self.count,
            frames=len(frames),
        )


def _read(kept: Path | None) -> tuple[set[tuple[int, str]], int]:
    """What an earlier run counted: faces that were left, and how many worked."""
    if kept is None:
        return set(), 0
    try:
        plain = read_json(kept, _MAX_BYTES)
        left = {(int(frame), str(face)) for frame, face in plain["left"]}
        return left, max(0, int(plain["worked"]))
    except (OSError, ValueError, KeyError, TypeError):
        return set(), 0


def _words(error: Exception) -> str:
    """What went wrong, on one line."""
    said = " ".join(str(error).split())
    return said if isinstance(error, UnderstudyError) else f"{type(error).__name__}: {said:.200}"
