"""Options of the landmark predictors, apart from them so that a list of flags stays cheap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.options import check, option

Normalisation = Literal["none", "hist", "clahe", "mean"]


@dataclass(frozen=True, slots=True)
class MediapipeOptions:
    """What MediaPipe's mesh does beyond the mesh."""

    iris: bool = option(
        True,
        "Look at each eye a second time, so that the lids close in a blink. Costs 2 ms a face.",
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class RefineOptions:
    """What is done around any landmark predictor to help it."""

    normalise: Literal["none", "hist", "clahe", "mean"] = option(
        "none",
        "Even out the light of what the landmark predictor sees: hist spreads all brightness over "
        "the whole range, clahe does so by neighbourhoods, mean brings each colour's mean to "
        "mid grey. For dark, flat or tinted pictures.",
    )
    refeed: int = option(
        0,
        "Look this many times more at each face, its box moved a little each time, and take the "
        "mean. Steadier, and slower by as much.",
        low=0,
        high=32,
    )
    realign: bool = option(
        False,
        "Look a second time, at the face turned upright and cut out by what was found first. For "
        "heads on their side and for boxes that fit badly.",
    )

    def __post_init__(self) -> None:
        check(self)
