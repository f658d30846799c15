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
        summary="H.264, 8 bits: plays everywhere.",
        endings=(".mp4", ".mov", ".mkv"),
    ),
    Plugin(
        kind="write",
        name="h265",
        target="understudy.write.h265:H265Writer",
        options="understudy.write.options:H265Options",
        summary="H.265, 8 or 10 bits: half the size of H.264, and keeps 10-bit sources.",
        endings=(".mp4", ".mov", ".mkv"),
    ),
    Plugin(
        kind="write",
        name="av1",
        target="understudy.write.av1:Av1Writer",
        options="understudy.write.options:Av1Options",
        summary="AV1, 8 or 10 bits, by SVT-AV1: small files for the web.",
        endings=(".mp4", ".webm", ".mkv"),
    ),
    Plugin(
        kind="write",
        name="prores",
        target="understudy.write.prores:ProResWriter",
        options="understudy.write.options:ProResOptions",
        summary="ProRes, 10 bits, 4:2:2 or 4:4:4: for editing.",
        endings=(".mov",),
    ),
    Plugin(
        kind="write",
        name="dnxhr",
        target="understudy.write.dnxhr:DnxhrWriter",
        options="understudy.write.options:DnxhrOptions",
        summary="DNxHR, 8 or 10 bits, 4:2:2 or 4:4:4: for editing with Avid.",
        endings=(".mov",),
    ),
    Plugin(
        kind="write",
        name="ffv1",
        target="understudy.write.ffv1:Ffv1Writer",
        options="understudy.write.options:Ffv1Options",
        summary="FFV1 in RGB without loss, 8 to 16 bits: for archives.",
        endings=(".mkv",),
    ),
    Plugin(
        kind="write",
        name="png",
        target="understudy.write.png:PngWriter",
        options="understudy.write.options:PngOptions",
        version="2",
        summary="PNGs without loss, 8 or 16 bits: a folder, or one frame as out.png; no sound.",
        endings=("", ".png"),
    ),
    Plugin(
        kind="write",
        name="tiff",
        target="understudy.write.tiff:TiffWriter",
        options="understudy.write.options:TiffOptions",
        summary="TIFFs, 8, 16 or 32 bits: a folder, or one frame as out.tif; no sound.",
        endings=("", ".tif"),
    ),
    Plugin(
        kind="write",
        name="exr",
        target="understudy.write.exr:ExrWriter",
        options="understudy.write.options:ExrOptions",
        summary="A folder of OpenEXR in half or float, linear light; no sound.",
        endings=("",),
    ),
)
