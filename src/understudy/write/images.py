"""Frames as pictures: a folder of them, one file a frame, or one picture alone."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError, ValueRefused
from understudy.files import read_file
from understudy.imaging.depth import from_unit, in_bits, to_unit
from understudy.media import MediaInfo, check_frame
from understudy.store.atomic import commit_dir, commit_path
from understudy.types import Frame

_MAX_TIMES_BYTES = 64 << 20
FLOAT = 32
TIMES = "times.csv"
"""Beside the pictures of a video: which frame is shown when, so that its timing can be restored."""


class FolderWriter(ABC):
    """Writes folders `seg_00000.unsigned` of pictures, each complete or absent.

    A video's frames are called by their index, `000123.png`, with `times.csv` beside them; images
    keep the name they came with. Sound is not written.

    Args:
        source: the frames' names follow it.
        ending: of the pictures, such as ".png".
        bits: of a sample.
        alone: whether the output is one picture, and no folder.
    """

    keeps_alpha = True
    takes_cutouts = False
    like_source = True

    def __init__(self, source: MediaInfo, ending: str, bits: int, *, alone: bool = False) -> None:
        self.suffix = ending if alone else ""
        self.bits = bits
        # of footage with some grain; flat pictures take less
        self.bytes_a_frame = round(0.6 * 3 * bits / 8 * source.width * source.height)
        self.not_kept: tuple[str, ...] = ()
        if source.bits > bits:
            self.not_kept = (f"{source.bits} bits a sample become {bits}",)
        self._source, self._ending, self._alone = source, ending, alone
        self._stems = _apart(source.files)

    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        """Write one segment's frames; the folder gets its name only when it is complete.

        Raises:
            ValueRefused: a frame of another size than the source's.
        """
        with commit_dir(segment_path(work, number)) as part:
            rows = []
            for frame in frames:
                check_frame(frame, self._source)
                files = self.files_of(frame)
                for name, data in files.items():
                    (part / name).write_bytes(data)
                name = next(iter(files))
                at = frame.at
                rows.append(f"{name},{at.index},{at.pts},{at.time_base},{float(at.seconds):.6f}\n")
            if self._source.kind == "video":
                (part / TIMES).write_text("".join(rows), "utf-8")

    @abstractmethod
    def files_of(self, frame: Frame) -> dict[str, bytes]:
        """What is kept of one frame, by names; `times.csv` has the first one."""

    def has_segment(self, work: Path, number: int) -> bool:
        """Whether that segment is complete."""
        return segment_path(work, number).is_dir()

    def finish(self, work: Path, segments: int, target: Path) -> list[tuple[Path, Path]]:
        """Gather the pictures of all segments in the folder `target`, replacing what is there.

        Returns:
            Each picture with the file it was made from; see `write.Writer.finish`.

        Raises:
            MediaError: a segment is missing.
            ValueRefused: one picture was asked for, and there are several.
        """
        folders = complete(work, segments)
        if self._alone:
            return [(target, self._only(folders, target))]
        rows = ["name,index,pts,time_base,seconds\n"]
        made: set[str] = set()
        with commit_dir(target) as part:
            for folder in folders:
                for entry in sorted(folder.iterdir()):
                    if entry.name == TIMES:
                        rows.append(read_file(entry, _MAX_TIMES_BYTES).decode())
                    else:
                        _link(entry, part / entry.name)
                        made.add(entry.name)
            if self._source.kind == "video":
                (part / TIMES).write_text("".join(rows), "utf-8")
        return [(target / name, source) for name, source in self.paired(made)]

    def paired(self, made: Collection[str]) -> Iterable[tuple[str, Path]]:
        """Pictures of those that were made, each with what it was made from, in their order."""
        if not self._stems:
            return [(name, self._source.path) for name in sorted(made)]
        # By name and not by number: a picture that could not be read has none here.
        pairs = zip(self._stems, self._source.files, strict=True)
        return [(stem + self._ending, file) for stem, file in pairs if stem + self._ending in made]

    def _only(self, folders: Sequence[Path], target: Path) -> Path:
        """Give the only picture its place; the file that it was made from."""
        found = [e for folder in folders for e in folder.iterdir() if e.name != TIMES]
        if len(found) != 1:
            raise ValueRefused(f"one picture shows one frame; there are {len(found)}")
        with commit_path(target) as part:
            _link(found[0], part)
        ((_, source),) = self.paired({found[0].name})
        return source

    def stem(self, index: int) -> str:
        """What a frame's files are called, without their endings."""
        return self._stems[index] if self._stems else f"{index:06d}"


class ImagesWriter(FolderWriter):
    """Each frame is one picture."""

    def files_of(self, frame: Frame) -> dict[str, bytes]:
        """The frame's picture."""
        return {self.stem(frame.at.index) + self._ending: self.encoded(frame)}

    @abstractmethod
    def encoded(self, frame: Frame) -> bytes:
        """One picture as a file."""


def with_alpha(frame: Frame, bits: int) -> NDArray[Any]:
    """A frame's samples, with those of its alpha behind them where it is a layer.

    Args:
        frame: of any depth.
        bits: 8 gives uint8, 16 uint16, 32 float32.

    Returns:
        (h, w, 3) or (h, w, 4).
    """
    pixels = to_unit(frame.pixels) if bits == FLOAT else in_bits(frame.pixels, bits)
    if frame.alpha is None:
        return pixels
    alpha = frame.alpha if bits == FLOAT else from_unit(frame.alpha, pixels.dtype)
    return np.dstack([pixels, alpha])


def complete(work: Path, segments: int) -> list[Path]:
    """The folders of all segments.

    Raises:
        MediaError: one is missing.
    """
    folders = [segment_path(work, number) for number in range(segments)]
    missing = [folder.name for folder in folders if not folder.is_dir()]
    if missing:
        raise MediaError(f"{work}: {', '.join(missing)} missing; convert again")
    return folders


def segment_path(work: Path, number: int) -> Path:
    """Where a segment's pictures lie."""
    return work / f"seg_{number:05d}.unsigned"


def _apart(files: Sequence[Path]) -> list[str]:
    """Names without endings, but whole where those would be one, as of a.jpg beside a.png.

    File systems that do not tell A from a must keep them apart as well.
    """
    names = [file.stem for file in files]
    while True:
        count = Counter(name.casefold() for name in names)
        apart = [
            file.name if count[name.casefold()] > 1 else name
            for name, file in zip(names, files, strict=True)
        ]
        if apart == names:
            return names
        names = apart


def _link(source: Path, target: Path) -> None:
    # A second name costs no room and no time; file systems without them get a copy.
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
