"""Writers: where converted frames go."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from understudy.media import MediaInfo
    from understudy.types import Frame


STILLS = (".png", ".tif")
"""Endings of outputs that are one picture."""
MARK = (
    "Faces in this were replaced with other persons' by a trained model. Without Content "
    "Credentials it is an unsigned piece of work of Understudy, and no finished output."
)
"""What every file that a writer makes says of itself, since signing comes after."""


class Writer(Protocol):
    """Writes converted frames so that an interrupted job goes on where it stopped.

    Frames are written in segments to `work`; a segment with its final name is complete.
    What is made says `MARK` of itself where it can, and a segment's name says `unsigned`.
    `finish` joins all segments into `target`, a `.part` path that the caller signs and renames.
    """

    suffix: str
    """What a finished output is called: ".mp4", or "" for a folder."""

    bits: int
    """Of a sample, at most, of this source's pictures; frames of more are not worth reading."""

    not_kept: tuple[str, ...]
    """What the output will not have of its source, a phrase each, said before the work."""

    keeps_alpha: bool
    """Whether it stores `Frame.alpha`, how far a layer covers what lies below."""

    takes_cutouts: bool
    """Whether it stores `Frame.cutouts`, the new faces apart from a frame that is as it was."""

    like_source: bool
    """Whether an output can be read like its source, frame by frame, so that it can be scored."""

    bytes_a_frame: int
    """About how much room a frame takes; only said where a disk looks too small."""

    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        """Write one complete segment atomically; frames carry their exact timestamps."""

    def has_segment(self, work: Path, number: int) -> bool:
        """Whether that segment is complete."""

    def finish(self, work: Path, segments: int, target: Path) -> list[tuple[Path, Path]]:
        """Join the segments, with the source's sound where there is one, into `target`.

        Returns:
            What was made, each with the file of the source that it was made from, in the source's
            order: a film is one pair, a folder has one for each picture. Each gets credentials of
            its own; what lies in a folder besides is copied as it is.
        """


class WriterFactory(Protocol):
    """How stages construct a writer."""

    def __call__(self, source: MediaInfo) -> Writer:
        """A writer whose output matches this source's size, time base, colour and sound."""
