"""Options of the writers. Light to import: flags are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.errors import ValueRefused
from understudy.options import check, option


def depth_of(said: str, source_bits: int, most: int) -> int:
    """Bits of a sample that an output gets.

    Args:
        said: "auto", or a number in words.
        source_bits: what its source has.
        most: what the format has.
    """
    return min(source_bits, most) if said == "auto" else int(said)


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
    container: Literal["mp4", "mov", "mkv", "webm"] = option(
        "mp4",
        "The file's kind, as its name ends. MOV also holds uncompressed sound from cameras.",
        result=True,
        handed=True,
    )

    def __post_init__(self) -> None:
        check(self)
        _check_container(self.container, ("mp4", "mov", "mkv"))


@dataclass(frozen=True, slots=True)
class H265Options:
    """How H.265 is encoded."""

    crf: int = option(
        18,
        "H.265 quality: lower is better and larger; 18 can hardly be told from the source.",
        low=0,
        high=51,
        result=True,
    )
    preset: Literal["ultrafast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = option(
        "fast", "H.265 effort: slower makes smaller files of the same quality.", result=True
    )
    bits: Literal["auto", "8", "10"] = option(
        "auto", "Bits a sample; auto takes 10 where the source has more than 8.", result=True
    )
    chroma: Literal["420", "422", "444"] = option(
        "420",
        "How often colour is stored; few players and no television sets show more than 4:2:0.",
        result=True,
    )
    container: Literal["mp4", "mov", "mkv", "webm"] = option(
        "mp4", "The file's kind, as its name ends.", result=True, handed=True
    )

    def __post_init__(self) -> None:
        check(self)
        _check_container(self.container, ("mp4", "mov", "mkv"))


@dataclass(frozen=True, slots=True)
class Av1Options:
    """How AV1 is encoded."""

    crf: int = option(
        20,
        "AV1 quality, 1 to 63: lower is better and larger.",
        low=1,
        high=63,
        result=True,
    )
    preset: Literal["ultrafast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = option(
        "fast", "AV1 effort: slower makes smaller files of the same quality.", result=True
    )
    bits: Literal["auto", "8", "10"] = option(
        "auto", "Bits a sample; auto takes 10 where the source has more than 8.", result=True
    )
    container: Literal["mp4", "mov", "mkv", "webm"] = option(
        "mp4", "The file's kind, as its name ends.", result=True, handed=True
    )

    def __post_init__(self) -> None:
        check(self)
        _check_container(self.container, ("mp4", "webm", "mkv"))


@dataclass(frozen=True, slots=True)
class ProResOptions:
    """Which ProRes."""

    profile: Literal["proxy", "lt", "standard", "hq", "4444", "4444xq"] = option(
        "hq",
        "Profile: hq is 4:2:2, 4444 stores colour for every pixel, and alpha with --layer.",
        result=True,
    )
    layer: bool = option(False, "Whether frames have alpha.", result=True, handed=True)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class DnxhrOptions:
    """Which DNxHR."""

    grade: Literal["auto", "lb", "sq", "hq", "hqx", "444"] = option(
        "auto",
        "Profile: lb, sq and hq have 8 bits, hqx and 444 10; auto takes hq or hqx, as the source.",
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class Ffv1Options:
    """How deep FFV1 stores."""

    rgb_bits: Literal["auto", "8", "16"] = option(
        "auto", "Bits a sample; auto takes 16 where the source has more than 8.", result=True
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class PngOptions:
    """How deep PNGs are."""

    picture_bits: Literal["auto", "8", "16"] = option(
        "auto", "Bits a sample; auto takes 16 where the source has more than 8.", result=True
    )
    alone: bool = option(False, "Whether the output is one picture.", result=True, handed=True)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class TiffOptions:
    """How deep TIFFs are."""

    sample: Literal["auto", "8", "16", "float"] = option(
        "auto",
        "What a sample is: 8 or 16 bits, or a number of 32 bits where 1 is white; auto takes 16 "
        "where the source has more than 8.",
        result=True,
    )
    alone: bool = option(False, "Whether the output is one picture.", result=True, handed=True)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class ExrOptions:
    """What OpenEXR stores."""

    number: Literal["half", "float"] = option("half", "Numbers of 16 or of 32 bits.", result=True)
    curve: Literal["linear", "encoded"] = option(
        "linear",
        "Linear light, as compositing programs take OpenEXR for, or the film's own code values.",
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class PatchOptions:
    """How faces are stored apart from their frames."""

    patch_bits: Literal["8", "16"] = option("16", "Bits a sample of face and matte.", result=True)
    square: int = option(
        0,
        "Side of an upright square around the head on which each face is stored, steady for "
        "painting; 0 leaves faces on the frame's own pixels, which loses nothing.",
        low=0,
        high=4096,
        unit="px",
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class GifOptions:
    """How GIFs are made."""

    dither: Literal["none", "ordered", "diffused"] = option(
        "diffused",
        "How colours that the palette lacks are mixed: not, in a pattern that stays where it is, "
        "or by spreading the error, which is finest and moves.",
        result=True,
    )
    plays: int = option(
        0, "How often it is played; 0 is without end.", low=0, high=65535, result=True
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class WebpOptions:
    """How animated WebP is made."""

    quality: int = option(
        85, "WebP quality: higher is better and larger.", low=0, high=100, result=True
    )
    lossless: bool = option(
        False, "Whether every pixel is as it was composited; larger.", result=True
    )
    plays: int = option(
        0, "How often it is played; 0 is without end.", low=0, high=65535, result=True
    )

    def __post_init__(self) -> None:
        check(self)


def _check_container(container: str, holding: tuple[str, ...]) -> None:
    """Refuse a kind of file that does not hold this coding.

    Raises:
        ValueRefused: says which do.
    """
    if container not in holding:
        raise ValueRefused(f"container: expected one of {', '.join(holding)}, got {container!r}")
