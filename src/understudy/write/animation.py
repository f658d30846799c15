"""Animated pictures: kept frame by frame without loss, and encoded when all of them are there.

What GIF and WebP make of a frame depends on the one before, and neither can be joined of parts; so
segments are PNGs, and an interrupted conversion gives the same animation.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.files import read_file
from understudy.imaging.png import encode_png
from understudy.media import MediaInfo
from understudy.media.joining.kinds import COARSE, rounded_by
from understudy.store.atomic import commit_path
from understudy.types import Frame
from understudy.write import MARK
from understudy.write.images import FolderWriter, complete, with_alpha

_MAX_PNG_BYTES = 1 << 30
_USUAL_RATE = 25


class Shown(NamedTuple):
    """A picture of an animation.

    Attributes:
        file: a PNG.
        start, end: when it appears and goes, in the animation's own units.
    """

    file: Path
    start: int
    end: int

    def rgba(self) -> NDArray[np.uint8]:
        """(h, w, 4) RGB and alpha, not multiplied.

        Raises:
            MediaError: the file is damaged.
        """
        import cv2

        data = np.frombuffer(read_file(self.file, _MAX_PNG_BYTES), np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if pixels is None:
            raise MediaError(f"{self.file}: cannot be read any more; convert again")
        turn = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGBA
        return np.asarray(cv2.cvtColor(pixels, turn), np.uint8)


class AnimationWriter(FolderWriter):
    """One file of pictures that are shown in turn; it begins with its first frame, at zero.

    Args:
        source: the animation has its size and times.
        ending: of the file, such as ".gif".
        most_px: of a side.

    Raises:
        MediaError: the source is larger.
    """

    keeps_alpha = False
    like_source = False

    def __init__(self, source: MediaInfo, ending: str, most_px: int) -> None:
        super().__init__(source, ".png", 8)
        self.suffix = ending
        self._unit = COARSE[ending.removeprefix(".")]
        if max(source.width, source.height) > most_px:
            raise MediaError(
                f"{source.path.name}: is {source.width}x{source.height} px, and {ending} holds at "
                f"most {most_px}; take another -o"
            )
        if source.audio or source.subtitles:
            self.not_kept += ("there are no sound and no subtitles in it",)
        if by_s := rounded_by(ending.removeprefix("."), source.time_base):
            self.not_kept += (f"times are rounded by up to {float(1000 * by_s):g} ms",)

    @abstractmethod
    def encode(self, shown: Sequence[Shown], part: Path) -> None:
        """Write the animation."""

    def files_of(self, frame: Frame) -> dict[str, bytes]:
        """The frame; its name says when it is shown."""
        name = f"{frame.at.index:08d}_{frame.at.pts}.png"
        return {name: encode_png(with_alpha(frame, self.bits), MARK)}

    def finish(self, work: Path, segments: int, target: Path) -> list[tuple[Path, Path]]:
        """Encode what was kept; see `write.Writer.finish`.

        Raises:
            MediaError: a segment is missing.
        """
        files = [f for folder in complete(work, segments) for f in sorted(folder.glob("*.png"))]
        with commit_path(target) as part:
            self.encode(list(self._shown(files)), part)
        return [(target, self._source.path)]

    def _shown(self, files: Sequence[Path]) -> Iterator[Shown]:
        """Each picture with its times; rounding never adds up."""
        pts = [int(file.stem.partition("_")[2]) for file in files]
        if len(pts) > 1:
            last = pts[-1] - pts[-2]
        else:
            rate = self._source.average_rate or _USUAL_RATE
            last = max(1, round(1 / (rate * self._source.time_base)))
        first = pts[0]
        starts = [self._rounded(p - first) for p in [*pts, pts[-1] + last]]
        for file, start, end in zip(files, starts, starts[1:], strict=False):
            yield Shown(file, start, end)

    def _rounded(self, pts: int) -> int:
        return round(Fraction(pts) * self._source.time_base / self._unit)


def opened(part: Path, muxer: str, options: dict[str, str]) -> Any:
    """A container to be written, whatever its name ends in."""
    import av

    return av.open(str(part), "w", format=muxer, options=options)
