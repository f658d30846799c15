"""Options of the colour matchers. Light to import: flags are made of them."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """How much of the plate's light is taken, and how broad it is."""

    light: float = option(
        0.8,
        "Share of the plate's broad light and shade that the new face gets.",
        low=0.0,
        high=1.0,
        result=True,
    )
    tint: float = option(
        0.5,
        "Share of the plate's broad differences in colour, such as red cheeks.",
        low=0.0,
        high=1.0,
        result=True,
    )
    reach: float = option(
        0.15,
        "How broad light is, as a share of the face's width; narrower takes features of the plate "
        "along.",
        low=0.05,
        high=0.5,
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class ManualOptions:
    """A balance set by hand, the same for every frame."""

    exposure: float = option(
        0.0,
        "Stops that the face is lightened by, in linear light.",
        low=-3.0,
        high=3.0,
        result=True,
    )
    temperature: float = option(
        0.0,
        "Warmer (above 0) or cooler: blue against yellow, in units of LAB's b.",
        low=-40.0,
        high=40.0,
        result=True,
    )
    magenta: float = option(
        0.0,
        "More magenta (above 0) or more green, in units of LAB's a.",
        low=-40.0,
        high=40.0,
        result=True,
    )
    saturation: float = option(
        1.0, "Factor of colourfulness; 0 is grey.", low=0.0, high=2.0, result=True
    )
    contrast: float = option(
        1.0, "Factor of lightness around middle grey.", low=0.5, high=2.0, result=True
    )

    def __post_init__(self) -> None:
        check(self)
