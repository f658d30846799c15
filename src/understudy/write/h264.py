"""H.264, which plays everywhere."""

from __future__ import annotations

from understudy.media import MediaInfo
from understudy.media.coding import h264
from understudy.write.film import FilmWriter
from understudy.write.options import H264Options


class H264Writer(FilmWriter):
    """8 bits, 4:2:0; odd sizes in 4:4:4.

    Args:
        source: the output matches it.
        options: quality and container.

    Raises:
        MediaError: the container cannot hold the source's sound.
    """

    def __init__(self, source: MediaInfo, options: H264Options | None = None) -> None:
        o = options or H264Options()
        super().__init__(source, h264(source, o.crf, o.preset), o.container)
