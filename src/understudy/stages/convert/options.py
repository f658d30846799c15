"""What can be chosen for conversion. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.options import Branch, Names, branch, check, option


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """Options of the conversion stage."""

    faces: Literal["faceset", "all", "largest"] = option(
        "faceset",
        "Which faces are replaced: those whose picture is still in the faces folder (delete a "
        "picture and its face is left alone), all, or in each shot the person who is largest in "
        "it; of those that the casting gives to somebody.",
        group="Faces",
        result=True,
        common=True,
    )
    mask: str = option(
        "extended", "Which mask bounds the new face.", group="Blending", result=True, common=True
    )
    bounds: Literal["auto", "mask", "surface", "both"] = option(
        "auto",
        "What bounds the new face. Models that draw a surface know where it ends: auto takes that "
        "for them and the mask for others, both what lies inside both; so --mask occlusion "
        "--bounds both keeps hands before the face.",
        group="Blending",
        result=True,
    )
    feather: float = option(
        0.06,
        "Width of the mask's soft edge as a share of its side; it lies inside the mask.",
        low=0.0,
        high=0.3,
        group="Blending",
        result=True,
    )
    erode: float = option(
        0.0,
        "How far the mask's edge moves inwards, as a share of the mask's side.",
        low=0.0,
        high=0.3,
        group="Blending",
        result=True,
    )
    match_colour: str = option(
        "reinhard",
        "Colour matching; see `understudy plugins`.",
        group="Blending",
        result=True,
        names=Names("colour"),
        common=True,
    )
    checkpoint: Literal["last", "best"] = option(
        "last",
        "Which state of the model: as it was trained last, or the one with the best score on faces "
        "that training did not see.",
        group="Model",
        common=True,
    )
    knob: tuple[str, ...] = option(
        (),
        "What the model lets one choose anew for every conversion, as NAME=VALUE, such as "
        'shape=0.8; once for each, or with commas between; "" for none. `understudy models '
        "PROJECT` shows which there are.",
        group="Model",
        result=True,
        common=True,
    )
    writer: str = option(
        "auto",
        "What writes the output; auto goes by its ending: H.264 for .mp4, .mov and .mkv, AV1 for "
        ".webm, PNGs for a folder. See `understudy plugins`.",
        group="Output",
        names=Names("write", auto=("h264", "png", "h265", "av1", "prores", "dnxhr", "ffv1")),
        common=True,
    )
    overwrite: bool = option(
        False,
        "Replace an output that is there already.",
        scope="run",
        group="Output",
        common=True,
    )
    score: bool = option(
        True,
        "Look at the result and score it, with contact sheet and curves; off leaves that to "
        "`understudy score`.",
        scope="run",
        group="Output",
    )
    faces_at_once: int = option(
        16, "Faces a model pass.", low=1, high=512, scope="machine", group="Speed"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto", "Where the model runs.", scope="machine", group="Speed"
    )

    colour: Branch = branch("colour")
    write: Branch = branch("write", short=("crf", "preset"))

    def __post_init__(self) -> None:
        check(self)
