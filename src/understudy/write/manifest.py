"""The writers that come with Understudy."""

from __future__ import annotations

from understudy.plugin import Plugin

PLUGINS = (
    Plugin(
        kind="write",
        name="h264",
        target="understudy.write.h264:H264Writer",
        options="understudy.write.options:H264Options",
        version="2",
        summary="H.264 in MP4 or MOV: the source's times, size, colour and sound.",
    ),
    Plugin(
        kind="write",
        name="png",
        target="understudy.write.png:PngWriter",
        summary="A folder of PNGs without loss; no sound.",
    ),
)
