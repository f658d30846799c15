"""What work tells whoever watches it, as data: programs go by the code, people read the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

Plain: TypeAlias = "bool | int | float | str | Sequence[Plain] | Mapping[str, Plain] | None"
"""What JSON can say."""

WarningCode = Literal[
    "colour-differs",
    "cpu-instead",
    "film-damaged",
    "hdr",
    "interlaced",
    "last-resort",
    "log",
    "low-bitrate",
    "no-commercial-use",
    "not-saved",
    "older-checkpoint",
    "older-pictures",
    "orphan-pictures",
    "pixel-aspect",
    "stale-masks",
    "stale-pictures",
]

WARNINGS: Mapping[WarningCode, str] = {
    "colour-differs": "The films of one job differ in primaries, transfer, matrix, range or depth.",
    "cpu-instead": "A GPU was chosen, but nets of one runtime can only run on the CPU.",
    "film-damaged": "Some frames of a film could not be read, or it ends before it should.",
    "hdr": "A film is HDR: its faces are brought to Rec.709, and it cannot be converted.",
    "interlaced": "A film is interlaced, so moving faces are combed.",
    "last-resort": "The preferred plug-in's weights cannot be had; another takes its place.",
    "log": "A film is log footage; the camera's LUT belongs on it first.",
    "low-bitrate": "A film has few bits a pixel, so skin may be smeared or blocky.",
    "no-commercial-use": "Weights in use may not be used commercially.",
    "not-saved": "A checkpoint could not be written for lack of room; training goes on.",
    "older-checkpoint": "The newest checkpoint is damaged; an older one is taken.",
    "older-pictures": "Face pictures carry older masks, identity or numbers than the alignments.",
    "orphan-pictures": "Face pictures show faces that are not in the alignments any more.",
    "pixel-aspect": "A film's pixels are not square, so faces in it are squeezed or stretched.",
    "stale-masks": "Masks are older than the landmarks that they were made from.",
    "stale-pictures": "Face pictures were cut before the landmarks changed.",
}
"""Every code of a warning, and what it means."""
