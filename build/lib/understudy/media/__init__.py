"""Probe, read and write media, exactly in time and colour.

PyAV and OpenCV are imported when a function that needs them is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from understudy.media.colour.light import AssumeColour, check_readable, check_writable, light_of
from understudy.media.film import FilmReader
from understudy.media.health import Remark, colour_differences, remarks
from understudy.media.info import AudioInfo, ColourTags, MediaInfo, ReadReport

if TYPE_CHECKING:
    from understudy.media.encode import check_frame, encode_segment
    from understudy.media.joining import check_sound, join
    from understudy.media.probing import probe
    from understudy.media.read import frames
    from understudy.media.stills import natural_key, read_image

__all__ = [
    "AssumeColour",
    "AudioInfo",
    "ColourTags",
    "FilmReader",
    "MediaInfo",
    "ReadReport",
    "Remark",
    "check_frame",
    "check_readable",
    "check_sound",
    "check_writable",
    "colour_differences",
    "encode_segment",
    "frames",
    "join",
    "light_of",
    "natural_key",
    "probe",
    "read_image",
    "remarks",
]

_HOMES = {
    "check_frame": "encode",
    "check_sound": "joining",
    "encode_segment": "encode",
    "frames": "read",
    "join": "joining",
    "natural_key": "stills",
    "probe": "probing",
    "read_image": "stills",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
