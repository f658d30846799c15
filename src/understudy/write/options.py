"""Options of the writers. Light to import: flags are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class H264Options:
    """How the video is encoded."""

    crf: int = option(
        16,
        "H.264 quality: lower is better and larger; 16 can hardly be told from the source.",
        low=0,
        high=40,
        result=True,
    )
    preset: Literal["ultrafast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = option(
        "fast", "H.264 effort: slower makes smaller files of the same quality.", result=True
    )
    container: Literal["mp4", "mov"] = option(
        "mp4",
        "The file's kind, as its name ends. MOV also holds uncompressed sound from cameras.",
        result=True,
        handed=True,
    )

    def __post_init__(self) -> None:
        check(self)
