"""`FilmReader`: one film, and the way in which it is read.

What is made of a film fits together only if everybody reads it alike: a face found in pixels taken
for Rec.709 is not cut again from pixels that went through a tone curve. So depth and assumed colour
are chosen once and travel with the film, instead of being given anew at each reading.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.media.colour.light import AssumeColour, check_readable
from understudy.media.info import MediaInfo, ReadReport

if TYPE_CHECKING:
    from understudy.media.stills import Depth
    from understudy.types import Frame, Timestamp


@dataclass(frozen=True, slots=True)
class FilmReader:
    """Reads a film, or a folder of images, again and again in the same way.

    Attributes:
        info: from `probe`; `squared` where frames are read in square pixels.
        depth: "8" gives uint8, "native" uint16 where the source has more than 8 bits.
        assume_colour: "rec709" gives code values as stored, also of HDR and log footage.
    """

    info: MediaInfo
    depth: Depth = "8"
    assume_colour: AssumeColour = "tags"

    @classmethod
    def open(
        cls, path: str | Path, depth: Depth = "8", assume_colour: AssumeColour = "tags"
    ) -> FilmReader:
        """Probe a film to be read in square pixels; refuse now what reading would refuse later.

        Raises:
            MediaError: missing, damaged, or its colour cannot be brought to Rec.709.
        """
        from understudy.media.probing import probe

        info = probe(path)
        check_readable(info, assume_colour)
        return cls(info.squared(), depth, assume_colour)

    @property
    def path(self) -> Path:
        """Where the film lies."""
        return self.info.path

    @property
    def name(self) -> str:
        """What people call it: the name of its file or folder."""
        return self.info.path.name

    def at_depth(self, depth: Depth) -> FilmReader:
        """The same film in the same colour, in another depth."""
        return replace(self, depth=depth)

    def frames(
        self,
        start: Timestamp | None = None,
        report: ReadReport | None = None,
        every: int = 1,
        only: Container[int] | None = None,
    ) -> Iterator[Frame]:
        """Upright RGB frames, from the first one or from `start` on; see `media.read.frames`.

        Args:
            start: first frame wanted, as an earlier reading gave it.
            report: filled while reading; damaged pieces are counted there and skipped.
            every: give only frames whose index is a multiple of this.
            only: give only frames of these indices.

        Raises:
            MediaError: nothing can be decoded, or the film has changed since `start` was found.
        """
        from understudy.media.read import frames

        return frames(self.info, start, every, report, self.depth, self.assume_colour, only)

    def timestamps(self, report: ReadReport | None = None) -> Iterator[Timestamp]:
        """The times of `frames`, without converting a picture; a video is still decoded."""
        from understudy.media.read import timestamps

        return timestamps(self.info, report)
