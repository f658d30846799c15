"""GIF: 256 colours a frame, hundredths of a second; shown everywhere, and large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from understudy.media import MediaInfo
from understudy.write import MARK
from understudy.write.animation import AnimationWriter, Shown, opened
from understudy.write.options import GifOptions

_SIDE_PX = 65535
_SOONEST = 2
"""Hundredths of a second: what is shown shorter, players show for a tenth."""
_DITHER = {"none": "none", "ordered": "bayer", "diffused": "sierra2_4a"}
_BLOCK = 255


class GifWriter(AnimationWriter):
    """Each frame has a palette of its own.

    Args:
        source: see `AnimationWriter`.
        options: how shades are mixed, and how often it plays.
    """

    def __init__(self, source: MediaInfo, options: GifOptions | None = None) -> None:
        super().__init__(source, ".gif", _SIDE_PX)
        self._options = options or GifOptions()
        self.not_kept += ("each frame has 256 colours",)
        rate = source.average_rate
        if source.kind == "video" and rate is not None and rate > 1 / (_SOONEST * self._unit):
            self.not_kept += (
                f"frames that come sooner than {float(_SOONEST * self._unit):g} s after another "
                "are left out",
            )

    def encode(self, shown: Sequence[Shown], part: Path) -> None:
        """Choose each frame's colours, and write them."""
        import av

        kept = list(_apart(shown))
        last = max(_SOONEST, shown[-1].end - kept[-1].start)
        options = {"loop": str(_repeats(self._options.plays)), "final_delay": str(last)}
        with opened(part, "gif", options) as file:
            stream: Any = file.add_stream("gif", rate=round(1 / self._unit))
            stream.width, stream.height = self._source.width, self._source.height
            stream.pix_fmt, stream.codec_context.time_base = "pal8", self._unit
            stream.codec_context.thread_count = 1
            graph = self._graph()
            for one in kept:
                rgb = np.ascontiguousarray(one.rgba()[..., :3])
                picture = av.VideoFrame.from_ndarray(rgb, "rgb24")
                picture.pts, picture.time_base = one.start, self._unit
                graph.push(picture)
                for made in _pulled(graph):
                    file.mux(stream.encode(made))
            graph.push(None)
            for made in _pulled(graph):
                file.mux(stream.encode(made))
            file.mux(stream.encode(None))
        _say(part, MARK)

    def _graph(self) -> Any:
        """Frames in, the same in 256 colours out."""
        import av.filter

        graph: Any = av.filter.Graph()
        graph.threads = 1
        width, height = self._source.width, self._source.height
        source = graph.add_buffer(
            width=width, height=height, format="rgb24", time_base=Fraction(self._unit)
        )
        split = graph.add("split")
        # as GIF has it, a colour that is not shown would be one of the 256
        palette = graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
        used = graph.add("paletteuse", f"new=1:dither={_DITHER[self._options.dither]}")
        sink = graph.add("buffersink")
        source.link_to(split)
        split.link_to(palette, 0, 0)
        split.link_to(used, 1, 0)
        palette.link_to(used, 0, 1)
        used.link_to(sink)
        graph.configure()
        return graph


def _apart(shown: Sequence[Shown]) -> Iterator[Shown]:
    """Those that are shown long enough; the one before stays for those that are not."""
    due = shown[0]
    for one in shown[1:]:
        if one.start - due.start >= _SOONEST:
            yield due
            due = one
    yield due


def _repeats(plays: int) -> int:
    """Of how often it plays, what FFmpeg calls loops: 0 is without end, -1 no repeat."""
    return {0: 0, 1: -1}.get(plays, plays - 1)


def _pulled(graph: Any) -> Iterator[Any]:
    import av.error

    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _say(path: Path, text: str) -> None:
    """Add a comment extension, GIF89a section 24, before the file's last byte."""
    data = text.encode("ascii")
    blocks = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
    with path.open("r+b") as file:
        file.seek(-1, 2)
        trailer = file.read(1)
        file.seek(-1, 2)
        file.write(b"\x21\xfe" + b"".join(bytes([len(b)]) + b for b in blocks) + b"\0" + trailer)
