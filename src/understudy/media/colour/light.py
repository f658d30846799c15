"""What the samples of a source mean as light, and which sources are refused for it.

Everything downstream (detectors, identity, colour matching, training) was made for Rec.709
pictures. PQ and HLG are brought there by `tonemap`; a camera's log curve is known to the camera's
maker only, and reading it as Rec.709 in silence would train grey, flat faces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from understudy.errors import MediaError
from understudy.media.colour.cube import Cube
from understudy.media.info import MediaInfo

Light = Literal["sdr", "pq", "hlg", "log", "unsaid"]
AssumeColour = Literal["tags", "rec709"] | Cube
"""Whether a source is read as its tags say, its samples are taken for Rec.709 as they are, or are
brought there by a look-up table."""

PRIMARIES_KNOWN = (1, 9, 12)
"""H.273 primaries that an HDR source may have: BT.709, BT.2020, P3-D65."""

_BT2020, _WIDE_BITS = 9, 10
# Where cameras name their curve: ARRI's and DJI's `...camera.ColorGammaSxS`, Apple's
# `com.apple.quicktime.camera.log`. Titles and comments are left out: "my vlog" is no curve.
_CURVE_KEY = re.compile(r"gamma|log|curve|transfer|colou?r", re.IGNORECASE)
_CURVE_NAME = re.compile(
    r"(?<![a-z])("
    r"apple[ -]?log|s-?log|[cdfilnvz]-log|gp-log|canon[ -]?log|log[ -]?c(?![a-z])|log3g10"
    r"|redlogfilm|bmdfilm|blackmagic (?:design )?film"
    r")[ -]?(?:\d|[ml](?![a-z]))?",
    re.IGNORECASE,
)
# Sony writes XML beside or inside the file: <Item name="CaptureGammaEquation" value="s-log3"/>.
_SONY_GAMMA = re.compile(rb'"CaptureGammaEquation"\s+value="([ -~]{1,40}?)"')


def light_of(info: MediaInfo) -> Light:
    """What one source's samples stand for.

    "pq" and "hlg" are H.273 transfer 16 and 18; "log" is transfer 9 or 10, or a curve that the
    camera names. "unsaid" is BT.2020 with 10 bits or more and no curve, which is how Apple Log and
    others look to a reader that knows only the standard's tags. All else is "sdr".
    """
    colour = info.colour
    if info.camera_curve or colour.transfer in (9, 10):
        return "log"
    if colour.transfer == 16:
        return "pq"
    if colour.transfer == 18:
        return "hlg"
    wide = colour.primaries == _BT2020 and info.bits >= _WIDE_BITS
    return "unsaid" if wide and colour.transfer is None else "sdr"


def is_hdr(info: MediaInfo, assume_colour: AssumeColour = "tags") -> bool:
    """Whether a source is PQ or HLG and is taken as such."""
    return assume_colour == "tags" and light_of(info) in ("pq", "hlg")


def curve_kept(info: MediaInfo, assume_colour: AssumeColour = "tags") -> str:
    """What an output keeps that eight bits are too few for: "HDR", "log", or "" for neither."""
    if isinstance(assume_colour, Cube):
        return "log"
    return "HDR" if is_hdr(info, assume_colour) else ""


def check_readable(info: MediaInfo, assume_colour: AssumeColour = "tags") -> None:
    """Refuse a source that cannot be brought to Rec.709.

    Raises:
        MediaError: log footage, BT.2020 without a curve, or HDR with primaries that are not known.
    """
    if assume_colour != "tags":
        return
    light, way_on = light_of(info), "or read its samples as they are with --assume-colour rec709"
    if light == "log":
        name = info.camera_curve or f"H.273 transfer {info.colour.transfer}"
        raise MediaError(
            f"{info.path}: is log footage ({name}), flat and grey until its curve is undone; give "
            f"the camera's LUT to Rec.709 with --plate-lut FILE.cube, {way_on}"
        )
    if light == "unsaid":
        raise MediaError(
            f"{info.path}: has {info.bits} bits and BT.2020 primaries but does not say its curve, "
            "as Apple Log and other log footage does; give the camera's LUT to Rec.709 with "
            f"--plate-lut FILE.cube, {way_on}"
        )
    if light != "sdr" and info.colour.primaries not in (None, *PRIMARIES_KNOWN):
        raise MediaError(
            f"{info.path}: is HDR with primaries that cannot be converted (H.273 code "
            f"{info.colour.primaries}); bring it to Rec.709 in a grading program first, {way_on}"
        )


def check_writable(info: MediaInfo, assume_colour: AssumeColour = "tags") -> None:
    """Refuse a source whose colour, or whose pictures of several sizes, no output of ours can hold.

    Raises:
        MediaError: images of several sizes, or whatever `check_readable` refuses.
    """
    if info.odd:
        raise MediaError(
            f"{info.path}: images of different sizes, which are read for training but are no "
            f"film to convert; {info.odd}; move one kind to another folder"
        )
    check_readable(info, assume_colour)


def curve_in_metadata(metadata: Iterable[tuple[str, str]]) -> str:
    """The log curve that a camera names in its key-value metadata, or ""."""
    for key, value in metadata:
        found = _CURVE_NAME.search(value) if _CURVE_KEY.search(key) else None
        if found:
            return found.group().strip(" -")
    return ""


def curve_in_xml(data: bytes) -> str:
    """The log curve in Sony's XML somewhere in these bytes, or ""."""
    found = _SONY_GAMMA.search(data)
    return curve_in_metadata([("gamma", found.group(1).decode("ascii"))]) if found else ""
