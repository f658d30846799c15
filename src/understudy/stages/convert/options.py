"""What can be chosen for conversion. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from understudy.errors import ValueRefused
from understudy.options import Branch, Names, branch, check, option

COLOURS = Names("colour")
ENHANCERS = Names("enhance", none=True)


def _erode(which: str) -> Any:
    return option(
        0.0,
        f"How far the mask's {which} moves inwards besides, as a share of its side; below 0 "
        "outwards.",
        low=-0.3,
        high=0.3,
        group="Blending",
        result=True,
    )


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
    frames: str = option(
        "",
        "Convert only these frames, as in 100-200,350- or 120, counted from 0: for trials, patches "
        "and stills. A film of them has no sound; pictures keep their numbers.",
        group="Faces",
        result=True,
        scope="run",
    )
    mask: str = option(
        "extended",
        "Which mask bounds the new face; several with * between bound it together, as in "
        "mesh*occlusion. none is the whole square, learned the model's own.",
        group="Blending",
        result=True,
        common=True,
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
        "How far the mask's edge moves inwards, as a share of the mask's side; below 0 outwards.",
        low=-0.3,
        high=0.3,
        group="Blending",
        result=True,
    )
    erode_top: float = _erode("upper edge")
    erode_bottom: float = _erode("lower edge, at the chin,")
    erode_left: float = _erode("left edge, as it is seen,")
    erode_right: float = _erode("right edge, as it is seen,")
    blur: Literal["gaussian", "box"] = option(
        "gaussian",
        "How the mask's edge fades: like a bell, or evenly.",
        group="Blending",
        result=True,
    )
    blur_passes: int = option(
        1,
        "Blurs in turn, which together are as wide as --feather; more make a box rounder.",
        low=1,
        high=8,
        group="Blending",
        result=True,
    )
    mask_threshold: float = option(
        0.0,
        "What of a mask is less sure than this is out, what is surer than 1 less this is in; for "
        "soft masks of networks.",
        low=0.0,
        high=0.45,
        group="Blending",
        result=True,
    )
    border: float | None = option(
        None,
        "Width of the fade at the border of the model's square, as a share of it; none takes half "
        "of --feather.",
        low=0.0,
        high=0.3,
        group="Blending",
        result=True,
    )
    face_scale: float = option(
        1.0,
        "Size of the new face, 1 as the model made it.",
        low=0.7,
        high=1.4,
        group="Blending",
        result=True,
    )
    face_right: float = option(
        0.0,
        "How far the new face moves to its right as it is seen, as a share of its width.",
        low=-0.3,
        high=0.3,
        group="Blending",
        result=True,
    )
    face_down: float = option(
        0.0,
        "How far the new face moves towards its chin, as a share of its width.",
        low=-0.3,
        high=0.3,
        group="Blending",
        result=True,
    )
    match_colour: str = option(
        "skin",
        "Colour matching; several with commas between work one after the other, as in "
        "skin,local. See `understudy plugins`.",
        group="Blending",
        result=True,
        names=COLOURS,
        common=True,
    )
    enhancer: str = option(
        "none",
        "A network that makes the new face finer before it goes into the frame, for models smaller "
        "than the plate's face; several with commas between in turn. What it invents is nobody's. "
        "See `understudy plugins`.",
        group="Blending",
        result=True,
        names=ENHANCERS,
    )
    enhance_strength: float = option(
        1.0,
        "How much of what the enhancer makes is taken; the rest is the face as the model made it.",
        low=0.0,
        high=1.0,
        group="Blending",
        result=True,
    )
    sharpen: Literal["none", "box", "gaussian", "unsharp"] = option(
        "none",
        "How the new face is sharpened, for models softer than the plate; unsharp leaves grain "
        "alone.",
        group="Plate",
        result=True,
    )
    sharpen_amount: float = option(
        0.5, "How much the new face is sharpened.", low=0.0, high=3.0, group="Plate", result=True
    )
    sharpen_radius: float = option(
        1.5,
        "How broad the edges are that are sharpened.",
        low=0.5,
        high=20.0,
        unit="px",
        group="Plate",
        result=True,
    )
    softness: float = option(
        0.0,
        "How far the new face is softened where it is sharper than the plate's face, as under a "
        "soft lens or a strong codec; 1 is all the way.",
        low=0.0,
        high=1.0,
        group="Plate",
        result=True,
    )
    motion_blur: float = option(
        0.0,
        "Share of a frame's time that the shutter is open: the new face is smeared along its way; "
        "most cameras have 0.5.",
        low=0.0,
        high=1.0,
        group="Plate",
        result=True,
    )
    grain: float = option(
        0.0,
        "How much of the plate's grain that the new face lacks is given to it; 1 is all of it.",
        low=0.0,
        high=2.0,
        group="Plate",
        result=True,
    )
    smooth_colour: int = option(
        6,
        "Frames before and after, of the same track, whose colours and grain count with a frame's "
        "own, near ones most; 0 matches each frame by itself, which flickers.",
        low=0,
        high=48,
        unit="frames",
        group="Blending",
        result=True,
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
    keys: tuple[str, ...] = option(
        (),
        "Settings that change over time, as in '120: grain=1 knob.shape=0.5'; between two frames a "
        "value moves evenly. '100-200: grain=1' and 'shot 3: grain=1' hold it there alone. Once "
        "for each.",
        group="Blending",
        result=True,
    )
    layer: bool = option(
        False,
        "Write the new faces alone on a transparent ground, to be laid over the film elsewhere.",
        scope="run",
        group="Output",
        result=True,
    )
    matte: bool = option(
        False,
        "Write how far the new faces cover the film, white where they do, in place of the film.",
        scope="run",
        group="Output",
        result=True,
    )
    output_scale: float = option(
        1.0,
        "Size of the output, 1 as its source; faces are made and put in at the source's size, and "
        "finished frames are brought to it.",
        low=0.05,
        high=4.0,
        scope="run",
        group="Output",
        result=True,
    )
    writer: str = option(
        "auto",
        "What writes the output; auto goes by its ending: H.264 for .mp4, .mov and .mkv, AV1 for "
        ".webm, PNGs for a folder. See `understudy plugins`.",
        group="Output",
        names=Names(
            "write", auto=("h264", "png", "h265", "av1", "prores", "dnxhr", "ffv1", "tiff")
        ),
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
        "auto",
        "Where networks run; auto takes a GPU where there is one.",
        scope="machine",
        group="Speed",
    )

    enhance: Branch = branch("enhance", short=("restorer_path",))
    colour: Branch = branch("colour")
    write: Branch = branch("write", short=("crf", "preset"))

    def __post_init__(self) -> None:
        check(self)
        if self.layer and self.matte:
            raise ValueRefused(
                "--layer and --matte: an output is one of them; make two, each with its own -o"
            )

    @property
    def whole(self) -> bool:
        """Whether the output shows all of the film with its new faces, so that it can be scored."""
        return not (self.frames or self.layer or self.matte)
