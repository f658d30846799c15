"""Options of the maskers. Light to import: flags are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.errors import ValueRefused
from understudy.options import Names, check, option

REGIONS = {
    "skin": (1,),
    "brows": (2, 3),
    "eyes": (4, 5),
    "nose": (10,),
    "lips": (11, 12, 13),
    "ears": (7, 8),
    "glasses": (6,),
    "neck": (14,),
    "hair": (17,),
    "hat": (18,),
}
"""The classes of each region; 0 background, 9 ear-ring, 15 necklace and 16 cloth are in none."""


@dataclass(frozen=True, slots=True)
class MaskOptions:
    """Options of every masker."""

    mask_px: int = option(
        128,
        "Pixels a side of a mask. 128 px is one pixel and a half of a face 200 px wide; raise it "
        "for close shots, at four times the room for twice the side.",
        low=32,
        high=1024,
        unit="px",
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class ParsingOptions(MaskOptions):
    """Options of the parsing maskers."""

    regions: str = option(
        "skin,brows,eyes,nose,lips",
        "What belongs to the face, with commas between: skin, brows, eyes, nose, lips, ears, "
        "glasses, neck, hair, hat. Name glasses where the person wears some.",
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)
        classes_of(self.regions)


@dataclass(frozen=True, slots=True)
class OcclusionOptions(MaskOptions):
    """Options of the occlusion-aware masker."""

    outline: Literal["extended", "mesh"] = option(
        "extended",
        "The face's area before anything is taken out: landmarks with raised brows, or the mesh, "
        "which reaches to the hairline.",
        result=True,
    )
    parser: Literal["none", "bisenet-v2", "bisenet"] = option(
        "none",
        "Face parsing that takes out hair, hats, cloth and things before the face as well. Its "
        "weights are for non-commercial use only.",
        names=Names("mask", none=True),
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)


def classes_of(regions: str) -> frozenset[int]:
    """The classes of regions named with commas between.

    Raises:
        ValueRefused: a name is unknown, or there is none.
    """
    names = [name.strip() for name in regions.split(",") if name.strip()]
    unknown = [name for name in names if name not in REGIONS]
    if unknown or not names:
        raise ValueRefused(
            f"regions: expected some of {', '.join(REGIONS)}, got {', '.join(unknown) or 'none'}"
        )
    return frozenset(c for name in names for c in REGIONS[name])
