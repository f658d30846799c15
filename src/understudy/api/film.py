"""`Film`: a film or a folder of images as a sequence of exact frames."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, overload

from understudy.errors import ValueRefused
from understudy.media import AssumeColour, FilmReader, MediaInfo, ReadReport
from understudy.types import Timestamp
from understudy.words import counted

if TYPE_CHECKING:
    from understudy.media.stills import Depth
    from understudy.types import Frame


class Film:
    """A film, or a folder of images, as a sequence of frames. Opening one only looks at its head.

    Frames are counted as they are decoded, from 0, and carry their exact time; `film[i]` is bit by
    bit the frame that going through the film gives as the i-th. Times once seen are remembered, so
    that going back is a short way; the first look far ahead decodes what lies before.

    Args:
        path: a video file, a still image, or a folder of images, which is taken in natural order.
        depth: "8" gives uint8 pixels; "native" uint16 where the film has more than 8 bits.
        assume_colour: "tags" believes the file; "rec709" takes code values as they are stored.

    Raises:
        MediaError: missing, damaged, or its colour cannot be brought to Rec.709.

    Example:
        >>> film = Film("ann.mp4")
        >>> len(film), film.size, film.fps
        (16, (160, 120), Fraction(25, 1))
        >>> film[10].pixels.shape, film[10].at.seconds
        ((120, 160, 3), Fraction(2, 5))
        >>> [frame.at.index for frame in film.frames(start=12, every=2)]
        [12, 14]
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        depth: Depth = "8",
        assume_colour: AssumeColour = "tags",
    ) -> None:
        self._reader = FilmReader.open(Path(path), depth, assume_colour)
        self._times: list[Timestamp] = []
        self._length: int | None = None
        if self.info.kind == "images":
            self._times = list(self._reader.timestamps())
            self._length = len(self._times)

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._reader.path

    @property
    def name(self) -> str:
        """Name of its file or folder."""
        return self._reader.name

    @property
    def info(self) -> MediaInfo:
        """All that the file says of itself: codec, colour, sound, declared length."""
        return self._reader.info

    @property
    def reader(self) -> FilmReader:
        """What the stages read it with."""
        return self._reader

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its upright frames in pixels."""
        return self.info.width, self.info.height

    @property
    def fps(self) -> Fraction | None:
        """Frames a second as the container gives them, exactly; None where it does not say.

        A film of variable frame rate has none that holds: `Frame.at` has each frame's own time.
        """
        return self.info.average_rate

    def __len__(self) -> int:
        """How many frames it has: as counted once it was read to its end, before as it declares.

        Where it declares nothing it is decoded once to count.
        """
        if self._length is None and self.info.n_frames is None:
            self._length = sum(1 for _ in self._reader.timestamps())
        known = self._length if self._length is not None else self.info.n_frames
        return 0 if known is None else known

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    @overload
    def __getitem__(self, index: int) -> Frame: ...

    @overload
    def __getitem__(self, index: slice) -> Iterator[Frame]: ...

    def __getitem__(self, index: int | slice) -> Frame | Iterator[Frame]:
        """The frame of this number, or an iterator over a slice of them.

        Raises:
            IndexError: the film is shorter.
            ValueRefused: the slice goes backward.
        """
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step < 1:
                raise ValueRefused(f"Film: frames come forward only, got the step {step}")
            return self.frames(start, stop, step)
        number = operator.index(index)
        wanted = number + len(self) if number < 0 else number
        if wanted >= 0:
            for frame in self.frames(wanted, wanted + 1):
                return frame
        raise IndexError(f"{self.name}: there is no frame {index}; it has {len(self)}")

    def frames(
        self, start: int | Timestamp = 0, stop: int | None = None, every: int = 1
    ) -> Iterator[Frame]:
        """Frames one after the other; holds one at a time.

        Args:
            start: the first one, by its number or as another reading gave its time.
            stop: the one before which to stop; None goes to the end.
            every: from `start` on, each so many.

        Returns:
            Upright RGB frames, `pixels` (h, w, 3) uint8, or uint16 as `depth` has it.

        Raises:
            MediaError: nothing can be decoded, or the film has changed since it was opened.
            ValueRefused: `start` is negative, or `every` less than 1.
        """
        begin = start if isinstance(start, Timestamp) else None
        first = begin.index if begin is not None else operator.index(start)  # type: ignore[arg-type]
        if first < 0 or every < 1:
            raise ValueRefused(
                f"Film.frames: expected start >= 0 and every >= 1, got {start}, {every}"
            )
        return self._frames(begin or self._at_or_before(first), first, stop, every)

    def _at_or_before(self, index: int) -> Timestamp | None:
        """The time of a frame, or the last one known before it."""
        if not self._times or index == 0:
            return None
        return self._times[min(index, len(self._times) - 1)]

    def _frames(
        self, begin: Timestamp | None, first: int, stop: int | None, every: int
    ) -> Iterator[Frame]:
        if stop is not None and stop <= first:
            return
        report = ReadReport()
        for frame in self._reader.frames(begin, report):
            index = frame.at.index
            if index == len(self._times):
                self._times.append(frame.at)
            if index >= first and (index - first) % every == 0:
                yield frame
            if stop is not None and index + 1 >= stop:
                return
        self._length = report.decoded

    def __repr__(self) -> str:
        rate = f", {float(self.fps):g} fps" if self.fps else ""
        length = self._length if self._length is not None else self.info.n_frames
        frames = "" if length is None else f", {counted(length, 'frame')}"
        return f"Film({str(self.path)!r}, {self.size[0]}x{self.size[1]}{frames}{rate})"
