"""A folder of PNGs: without loss, one file a frame, for compositing programs."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from understudy.errors import MediaError
from understudy.files import read_file
from understudy.imaging.png import encode_png
from understudy.media import MediaInfo, check_frame
from understudy.store.atomic import commit_dir
from understudy.types import Frame
from understudy.write import MARK

_MAX_TIMES_BYTES = 64 << 20
TIMES = "times.csv"
"""Beside the PNGs of a video: which frame is shown when, so that its timing can be restored."""


class PngWriter:
    """Writes folders `seg_00000.unsigned` of PNGs, each complete or absent.

    A video's frames are called by their index, `000123.png`, with `times.csv` beside them; images
    keep the name they came with. Sound is not written.

    Args:
        source: the frames' names follow it.
    """

    suffix = ""
    bits = 8

    def __init__(self, source: MediaInfo) -> None:
        self.not_kept = ()
        self._source = source
        self._names = [f"{name}.png" for name in _apart(source.files)]

    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        """Write one segment's frames; the folder gets its name only when it is complete.

        Raises:
            ValueRefused: a frame of another size than the source's.
        """
        with commit_dir(segment_path(work, number)) as part:
            rows = []
            for frame in frames:
                check_frame(frame, self._source)
                name = self._name(frame.at.index)
                (part / name).write_bytes(encode_png(frame.pixels, MARK))
                at = frame.at
                rows.append(f"{name},{at.index},{at.pts},{at.time_base},{float(at.seconds):.6f}\n")
            if self._source.kind == "video":
                (part / TIMES).write_text("".join(rows), "utf-8")

    def has_segment(self, work: Path, number: int) -> bool:
        """Whether that segment is complete."""
        return segment_path(work, number).is_dir()

    def finish(self, work: Path, segments: int, target: Path) -> list[tuple[Path, Path]]:
        """Gather the PNGs of all segments in the folder `target`, replacing what is there.

        Returns:
            Each picture with the file it was made from; see `write.Writer.finish`.

        Raises:
            MediaError: a segment is missing.
        """
        folders = [segment_path(work, n) for n in range(segments)]
        missing = [p.name for p in folders if not p.is_dir()]
        if missing:
            raise MediaError(f"{work}: {', '.join(missing)} missing; convert again")
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
        if not self._names:
            return [(target / name, self._source.path) for name in sorted(made)]
        # By name and not by number: a picture that could not be read has none here.
        pairs = zip(self._names, self._source.files, strict=True)
        return [(target / name, file) for name, file in pairs if name in made]

    def _name(self, index: int) -> str:
        return self._names[index] if self._names else f"{index:06d}.png"


def segment_path(work: Path, number: int) -> Path:
    """Where a segment's PNGs lie."""
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
