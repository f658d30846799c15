"""What can be chosen. Flags, config files and documentation are made of it; no edit elsewhere.

`result=True` marks what results depend on: it is saved with them, and going on with another value
is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class SkinOptions:
    """What counts as a face."""

    min_share: float = option(
        0.03,
        "Smallest patch that counts as a face, as a share of the frame's area.",
        low=0.001,
        high=1.0,
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class LinearOptions:
    """How large the model is."""

    code: int = option(
        32,
        "Numbers that say what a face does; more of them show more, and need more faces.",
        low=4,
        high=256,
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)
