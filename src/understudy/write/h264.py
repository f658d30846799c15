"""H.264 video in segments, joined at the end with the source's sound."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from understudy.errors import MediaError
from understudy.media import MediaInfo, check_sound, encode_segment, join
from understudy.store.atomic import commit_path
from understudy.types import Frame
from understudy.write import MARK
from understudy.write.options import H264Options


class H264Writer:
    """Writes `seg_00000.unsigned.mp4` and so on, each complete or absent.

    Args:
        source: the output matches its size, times, colour and sound.
        options: quality and container.

    Raises:
        MediaError: the container cannot hold the source's sound.
    """

    def __init__(self, source: MediaInfo, options: H264Options | None = None) -> None:
        self._source = source
        self._options = options or H264Options()
        self.suffix = f".{self._options.container}"
        check_sound(source, self._options.container)

    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        """Encode one segment; it gets its name only when it is complete and on the disk."""
        with commit_path(segment_path(work, number)) as part:
            encode_segment(
                part,
                frames,
                self._source,
                crf=self._options.crf,
                preset=self._options.preset,
                comment=MARK,
            )

    def has_segment(self, work: Path, number: int) -> bool:
        """Whether that segment is complete."""
        return segment_path(work, number).is_file()

    def finish(self, work: Path, segments: int, target: Path) -> list[tuple[Path, Path]]:
        """Join all segments and the source's sound into `target`, replacing what is there.

        Returns:
            The film with its source; see `write.Writer.finish`.

        Raises:
            MediaError: a segment is missing.
        """
        paths = [segment_path(work, n) for n in range(segments)]
        missing = [p.name for p in paths if not p.is_file()]
        if missing:
            raise MediaError(f"{work}: {', '.join(missing)} missing; convert again")
        with commit_path(target) as part:
            join(paths, part, self._source, self._options.container, MARK)
        return [(target, self._source.path)]


def segment_path(work: Path, number: int) -> Path:
    """Where a segment of the video lies."""
    return work / f"seg_{number:05d}.unsigned.mp4"
