"""Options of the landmark predictors, apart from them so that a list of flags stays cheap."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class MediapipeOptions:
    """What MediaPipe's mesh does beyond the mesh."""

    iris: bool = option(
        True,
        "Look at each eye a second time, so that the lids close in a blink. Costs 2 ms a face.",
    )

    def __post_init__(self) -> None:
        check(self)
