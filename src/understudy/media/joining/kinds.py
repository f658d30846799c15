"""Containers of finished films and animations, and what they can say of time."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

Container = Literal["mp4", "mov", "mkv", "webm"]

COARSE: Mapping[str, Fraction] = {
    **{name: Fraction(1, 1000) for name in ("mkv", "webm", "webp")},
    "gif": Fraction(1, 100),
}
"""Seconds of a unit where times are rounded; the others keep any time base exactly."""


def muxer_of(container: Container) -> str:
    """FFmpeg's name for what writes it."""
    return "matroska" if container == "mkv" else container


def rounded_by(container: str, time_base: Fraction) -> Fraction:
    """By how many seconds at most a container moves times that are counted in this unit."""
    unit = COARSE.get(container)
    return Fraction(0) if unit is None or (time_base / unit).denominator == 1 else unit / 2
