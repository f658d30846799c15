"""AV1: small files for the web, free of licences."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from understudy.media import MediaInfo
from understudy.media.coding import Coding
from understudy.types import Frame
from understudy.write.film import FilmWriter
from understudy.write.options import Av1Options, depth_of
from understudy.write.scheduling import kept_scheduling

_PRESETS = {
    "ultrafast": 12,
    "veryfast": 10,
    "faster": 9,
    "fast": 8,
    "medium": 6,
    "slow": 4,
    "slower": 2,
}
"""SVT-AV1 counts its efforts downwards; the words are x264's."""


class Av1Writer(FilmWriter):
    """4:2:0 of 8 or 10 bits, by SVT-AV1, whose bytes depend neither on threads nor on vector units.

    Args:
        source: the output matches it; a source of more than 8 bits gives 10.
        options: quality, depth and container.

    Raises:
        MediaError: the container cannot hold the source's sound.
    """

    def __init__(self, source: MediaInfo, options: Av1Options | None = None) -> None:
        o = options or Av1Options()
        os.environ.setdefault("SVT_LOG", "1")  # it tells the console of its settings, past FFmpeg
        deep = "10le" if depth_of(o.bits, source.bits, most=10) > 8 else ""
        chosen = {"preset": str(_PRESETS[o.preset]), "crf": str(o.crf)}
        if source.mastering is not None and source.mastering.svt_av1:
            chosen["svtav1-params"] = source.mastering.svt_av1
        coding = Coding("libsvtav1", f"yuv420p{deep}", chosen)
        super().__init__(source, coding, o.container)

    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        """As every film's, at the priority that the process was given."""
        with kept_scheduling() as put_back:
            super().write_segment(work, number, _after_each(frames, put_back))


def _after_each(frames: Iterable[Frame], put_back: Callable[[], None]) -> Iterator[Frame]:
    """The frames; the encoder begins threads with the first ones, not when it is opened."""
    for frame in frames:
        yield frame
        put_back()
