"""What all writers of films share: segments, joined at the end with the source's sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from understudy.errors import MediaError
from understudy.media import MediaInfo, check_sound, encode_segment, join
from understudy.media.coding import Coding, subsampling
from understudy.media.joining.extras import lost_extras
from understudy.media.joining.kinds import Container, rounded_by
from understudy.store.atomic import commit_path
from understudy.types import Frame
from understudy.write import MARK

_BYTES_A_PX = {"ffv1": 1.7, "prores_ks": 0.45, "dnxhd": 0.45}
"""About what a pixel takes; of the others as much as two percent, in usual quality."""
_COLOURS = ("4:1:1", "4:2:0", "4:2:2", "4:4:4")
"""How often colour is stored, the seldomest first."""


class FilmWriter:
    """Writes `seg_00000.unsigned.mp4` and so on, each complete or absent.

    Args:
        source: the output matches its size, times, colour and sound.
        coding: of the pictures.
        container: what the output becomes.

    Raises:
        MediaError: the container cannot hold the source's sound.
    """

    takes_cutouts = False
    like_source = True

    def __init__(self, source: MediaInfo, coding: Coding, container: Container) -> None:
        self._source, self._coding, self._container = source, coding, container
        self.suffix = f".{container}"
        self.bits = coding.bits
        self.bytes_a_frame = round(
            _BYTES_A_PX.get(coding.encoder, 0.02) * source.width * source.height
        )
        self.keeps_alpha = coding.has_alpha
        self.not_kept = tuple(_not_kept(source, coding, container))
        check_sound(source, container)

    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        """Encode one segment; it gets its name only when it is complete and on the disk."""
        with commit_path(self.segment_path(work, number)) as part:
            encode_segment(part, frames, self._source, self._coding, MARK)

    def has_segment(self, work: Path, number: int) -> bool:
        """Whether that segment is complete."""
        return self.segment_path(work, number).is_file()

    def finish(self, work: Path, segments: int, target: Path) -> list[tuple[Path, Path]]:
        """Join all segments and the source's sound into `target`, replacing what is there.

        Returns:
            The film with its source; see `write.Writer.finish`.

        Raises:
            MediaError: a segment is missing.
        """
        paths = [self.segment_path(work, n) for n in range(segments)]
        missing = [p.name for p in paths if not p.is_file()]
        if missing:
            raise MediaError(f"{work}: {', '.join(missing)} missing; convert again")
        with commit_path(target) as part:
            join(paths, part, self._source, self._container, MARK)
        return [(target, self._source.path)]

    def segment_path(self, work: Path, number: int) -> Path:
        """Where a segment of the video lies."""
        return work / f"seg_{number:05d}.unsigned.{self._coding.segment}"


def _not_kept(source: MediaInfo, coding: Coding, container: Container) -> Iterator[str]:
    """What the output will not have of its source, a phrase each."""
    if source.bits > coding.bits:
        yield f"{source.bits} bits a sample become {coding.bits}"
    if source.kind == "video":
        had, has = subsampling(source.pixel_format), subsampling(coding.pixel_format)
        if _COLOURS.index(had) > _COLOURS.index(has):
            yield f"colour is stored {has} instead of {had}"
        if source.mastering is not None and coding.segment == "nut":
            yield "the screen that it was graded on is not said"
        if by_s := rounded_by(container, source.time_base):
            yield f"times are rounded by up to {float(1000 * by_s):g} ms"
    yield from lost_extras(source, container)
    for stream in source.left_out:
        yield f"its stream of {stream} is left out"
